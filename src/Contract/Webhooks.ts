/** The webhooks of a service and their deliveries, as the service answers them. */
import * as Schema from "effect/Schema"
import { cursorProblem, pageLimit, refuse } from "./Query.js"
import { RunId } from "./RunRecord.js"

/**
 * The state of a delivery. `pending`: it waits for the end of its run, or for its next attempt; `delivered`: the receiver
 * answered with 2xx; `failed`: its attempts are used up, or the receiver refused all further ones.
 *
 * @category schemas
 * @since 0.2.0
 */
export const DeliveryState = Schema.Literal("pending", "delivered", "failed")

export type DeliveryState = typeof DeliveryState.Type

/**
 * The delivery of the end of one run to one webhook.
 *
 * @category schemas
 * @since 0.2.0
 */
export const WebhookDelivery = Schema.Struct({
  /** The `webhook-id` of every attempt. */
  id: Schema.String,
  runId: Schema.String,
  /** The name of the webhook; `caller` for a URL that the caller of the run gave. */
  webhook: Schema.String,
  state: DeliveryState,
  attempts: Schema.Int,
  /** The time of the next attempt. */
  nextAt: Schema.optional(Schema.DateTimeUtc),
  /** The status of the last answer. */
  status: Schema.optional(Schema.Int),
  /** The failure of the last attempt. */
  reason: Schema.optional(Schema.String),
  /** The time of the last attempt. */
  attemptedAt: Schema.optional(Schema.DateTimeUtc)
})

export type WebhookDelivery = typeof WebhookDelivery.Type

/**
 * The answer of `GET /webhooks`: the webhooks of the service, and deliveries, newest first.
 *
 * @category schemas
 * @since 0.2.0
 */
export const WebhookPage = Schema.Struct({
  webhooks: Schema.Array(Schema.Struct({ name: Schema.String, url: Schema.String, on: Schema.Array(Schema.String) })),
  deliveries: Schema.Array(WebhookDelivery),
  nextCursor: Schema.optional(Schema.String)
})

export type WebhookPage = typeof WebhookPage.Type

/**
 * The query of `GET /webhooks`.
 *
 * @category schemas
 * @since 0.2.0
 */
export const WebhooksQuery = Schema.Struct({
  state: Schema.optional(DeliveryState.annotations(refuse("must be one of pending, delivered, failed"))),
  /** Only the deliveries of this run. */
  run: Schema.optional(RunId.annotations(refuse("must be the id of a run"))),
  limit: pageLimit(20, 100),
  /** The id of a delivery. */
  cursor: Schema.optional(
    Schema.String.pipe(Schema.pattern(/^msg_[0-9a-f-]{36}_[a-z0-9-]{1,40}$/)).annotations(refuse(cursorProblem))
  )
})
