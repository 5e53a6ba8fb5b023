/**
 * Deliveries of webhooks for receivers: the event, its signature, and the check of both. The scheme is that of Standard
 * Webhooks, so its libraries check deliveries, too.
 *
 * @example
 * ```ts
 * import { HttpServerRequest, HttpServerResponse } from "@effect/platform"
 * import { Effect, type Redacted } from "effect"
 * import { Webhook } from "effect-deployers"
 *
 * export const receive = (secret: Redacted.Redacted) =>
 *   Effect.gen(function* () {
 *     const request = yield* HttpServerRequest.HttpServerRequest
 *     const body = yield* request.text
 *     const { event, id } = yield* Webhook.verify({ headers: request.headers, body, secrets: [secret] })
 *     yield* Effect.log(`${id}: ${event.type} ${event.data.run.name}`)
 *     return HttpServerResponse.empty()
 *   }).pipe(Effect.catchTag("WebhookInvalid", ({ message }) => HttpServerResponse.text(message, { status: 400 })))
 * ```
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { WebhookInvalid, WebhookSecretInvalid } from "./Errors/Webhooks.js"
import { RunSummary } from "./RunRecord.js"

/**
 * The body of a delivery.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Event = Schema.Struct({
  type: Schema.Literal("run.succeeded", "run.failed", "run.interrupted"),
  /** The end of the run. */
  timestamp: Schema.DateTimeUtc,
  data: Schema.Struct({
    deployment: Schema.Struct({ id: Schema.String, name: Schema.String }),
    run: Schema.Struct({
      ...RunSummary.fields,
      outputs: Schema.optional(Schema.Unknown),
      error: Schema.optional(Schema.Unknown)
    }),
    /** Fields of the run that were too large for a delivery; the record of the run has them. */
    omitted: Schema.optional(Schema.Array(Schema.Literal("outputs", "error")))
  })
})

export type Event = typeof Event.Type

/**
 * Checks a delivery, and decodes its event. A delivery may come more than once: its id is the same each time.
 *
 * @category combinators
 * @since 0.2.0
 */
export const verify = (options: {
  readonly headers: { readonly [name: string]: string | ReadonlyArray<string> | undefined }
  /** The body, byte for byte. */
  readonly body: string
  /** One of the secrets has to fit. */
  readonly secrets: readonly [Redacted.Redacted, ...ReadonlyArray<Redacted.Redacted>]
  /** The greatest distance of the time of the attempt from now; default five minutes. */
  readonly toleranceMillis?: number | undefined
}): Effect.Effect<{ readonly id: string; readonly event: Event }, WebhookInvalid | WebhookSecretInvalid> =>
  Effect.gen(function* () {
    const id = yield* header(options.headers, "webhook-id")
    const timestamp = yield* header(options.headers, "webhook-timestamp")
    const given = yield* header(options.headers, "webhook-signature")
    const seconds = /^\d{1,12}$/.test(timestamp) ? Number(timestamp) : Number.NaN
    const distance = Math.abs((yield* Clock.currentTimeMillis) - seconds * 1_000)
    if (!(distance <= (options.toleranceMillis ?? 300_000))) {
      return yield* invalid("time", "The header webhook-timestamp is too far from now; check both clocks.")
    }
    const signatures = given.split(" ").flatMap((one) => (one.startsWith("v1,") ? [one.slice(3)] : []))
    const content = contentOf(id, timestamp, options.body)
    const keys = yield* Effect.forEach(options.secrets, (secret) => keyOf(secret))
    const fits = yield* Effect.exists(keys, (key) => Effect.exists(signatures, (one) => isSignature(key, one, content)))
    if (!fits) return yield* invalid("signature", "The signature of the delivery fits none of the secrets.")
    const event = yield* Effect.mapError(decodeEvent(options.body), () =>
      invalid("body", "The body of the delivery is not an event.")
    )
    return { id, event }
  })

/**
 * The header `webhook-signature` of a delivery: one signature for each secret.
 *
 * @category combinators
 * @since 0.2.0
 */
export const sign = (options: {
  readonly id: string
  /** Seconds since the epoch. */
  readonly timestamp: number
  readonly body: string
  readonly secrets: ReadonlyArray<Redacted.Redacted>
}): Effect.Effect<string, WebhookSecretInvalid> =>
  Effect.map(
    Effect.forEach(options.secrets, (secret) =>
      Effect.flatMap(keyOf(secret), (key) =>
        Effect.promise(() =>
          crypto.subtle.sign("HMAC", key, contentOf(options.id, String(options.timestamp), options.body))
        )
      )
    ),
    (signatures) => signatures.map((one) => `v1,${Encoding.encodeBase64(new Uint8Array(one))}`).join(" ")
  )

/**
 * Succeeds if the value can sign deliveries.
 *
 * @category combinators
 * @since 0.2.0
 */
export const checkSecret = (secret: Redacted.Redacted, name?: string): Effect.Effect<void, WebhookSecretInvalid> =>
  Effect.asVoid(keyOf(secret, name))

// internal

type Key = Awaited<ReturnType<typeof crypto.subtle.importKey>>

const decodeEvent = Schema.decodeUnknown(Schema.parseJson(Event))

const invalid = (reason: WebhookInvalid["reason"], message: string) => new WebhookInvalid({ reason, message })

const header = (headers: Parameters<typeof verify>[0]["headers"], name: string) => {
  const value = headers[name]
  return typeof value === "string" && value !== ""
    ? Effect.succeed(value)
    : Effect.fail(invalid("header", `The request has no header ${name}; it is not a delivery.`))
}

const contentOf = (id: string, timestamp: string, body: string) =>
  new TextEncoder().encode(`${id}.${timestamp}.${body}`)

const keyOf = (secret: Redacted.Redacted, name?: string): Effect.Effect<Key, WebhookSecretInvalid> => {
  const text = Redacted.value(secret).trim()
  const bytes = text.startsWith("whsec_") ? Encoding.decodeBase64(text.slice(6)) : undefined
  if (bytes === undefined || Either.isLeft(bytes) || bytes.right.length < 24 || bytes.right.length > 64) {
    return Effect.fail(new WebhookSecretInvalid({ secret: name }))
  }
  const { right } = bytes
  return Effect.promise(() =>
    crypto.subtle.importKey("raw", new Uint8Array(right), { name: "HMAC", hash: "SHA-256" }, false, ["sign", "verify"])
  )
}

/** The platform compares in constant time. */
const isSignature = (key: Key, signature: string, content: Uint8Array<ArrayBuffer>) => {
  const bytes = Encoding.decodeBase64(signature)
  return Either.isLeft(bytes)
    ? Effect.succeed(false)
    : Effect.promise(() => crypto.subtle.verify("HMAC", key, new Uint8Array(bytes.right), content))
}
