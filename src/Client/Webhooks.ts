/** The webhooks of a deployment and their deliveries. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { WebhookDeliveryNotFound } from "../Contract/Errors.js"
import * as Routes from "../Contract/Routes.js"
import { type DeliveryState, WebhookDelivery, WebhookPage } from "../Contract/Webhooks.js"
import type { Ref } from "./Endpoints.js"
import { decoded, get } from "./Queries.js"
import { call, type FindError, type Requirements } from "./Retry.js"
import type { QueryError } from "./Wire.js"

/**
 * The webhooks of a deployment, and deliveries, newest first. `limit` is at most 100.
 *
 * @category webhooks
 * @since 0.2.0
 */
export const webhooks = <const R extends Ref>(
  ref: R,
  options: {
    readonly state?: DeliveryState | undefined
    readonly runId?: string | undefined
    readonly limit?: number | undefined
    readonly cursor?: string | undefined
  } = {}
): Effect.Effect<WebhookPage, QueryError | FindError<R>, Requirements<R>> =>
  Effect.flatMap(
    get(ref, ({ serving }) => Routes.paths(serving).webhooks, {
      state: options.state,
      run: options.runId,
      limit: options.limit === undefined ? undefined : String(options.limit),
      cursor: options.cursor
    }),
    (called) => decoded(called, decodePage)
  )

/**
 * Sends a delivery again, with all its attempts. Needs a key with the scope `admin`.
 *
 * @category webhooks
 * @since 0.2.0
 */
export const retryWebhook = <const R extends Ref>(
  ref: R,
  id: string
): Effect.Effect<WebhookDelivery, WebhookDeliveryNotFound | QueryError | FindError<R>, Requirements<R>> =>
  Effect.flatMap(
    call(ref, ({ serving }) =>
      Effect.succeed({
        method: "POST",
        path: Routes.webhookPath(serving, id),
        isRepeatable: true,
        timeout: "30 seconds"
      })
    ),
    (called) =>
      Option.match(decodeMissing(called.answer.json), {
        onNone: () => decoded(called, decodeDelivery),
        onSome: (error): Effect.Effect<WebhookDelivery, WebhookDeliveryNotFound | QueryError> => Effect.fail(error)
      })
  )

// internal

const decodePage = Schema.decodeUnknownOption(WebhookPage)
const decodeDelivery = Schema.decodeUnknownOption(WebhookDelivery)
const decodeMissing = Schema.decodeUnknownOption(WebhookDeliveryNotFound)
