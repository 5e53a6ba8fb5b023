/** The errors of webhooks: of a request about a delivery, and of a receiver. */
import * as Schema from "effect/Schema"
import { status, TypeId } from "../../Errors/Kind.js"

/**
 * There is no such delivery.
 *
 * @category errors
 * @since 0.2.0
 */
export class WebhookDeliveryNotFound extends Schema.TaggedError<WebhookDeliveryNotFound>()(
  "WebhookDeliveryNotFound",
  { message: Schema.String, delivery: Schema.String },
  status(404, "There is no such delivery.")
) {
  readonly [TypeId]: TypeId = TypeId
}

/**
 * A request is not a delivery of a service that has the secret: a header is missing, the signature is another one, the time
 * is too far away, or the body is not an event. Answer it with 400.
 *
 * @category errors
 * @since 0.2.0
 */
export class WebhookInvalid extends Schema.TaggedError<WebhookInvalid>()(
  "WebhookInvalid",
  { message: Schema.String, reason: Schema.Literal("header", "time", "signature", "body") },
  status(400, "The request is not a delivery of a service that has the secret.")
) {
  readonly [TypeId]: TypeId = TypeId
}

/**
 * The value of a secret cannot sign deliveries.
 *
 * @category errors
 * @since 0.2.0
 */
export class WebhookSecretInvalid extends Schema.TaggedError<WebhookSecretInvalid>()("WebhookSecretInvalid", {
  /** The name of the secret, if it has one. */
  secret: Schema.optional(Schema.String)
}) {
  readonly [TypeId]: TypeId = TypeId

  override get message(): string {
    const subject = this.secret === undefined ? "A secret of webhooks" : `The secret "${this.secret}" of webhooks`
    return `${subject} is not "whsec_" and 24 to 64 bytes as base64; \`echo whsec_$(openssl rand -base64 32)\` makes one.`
  }
}
