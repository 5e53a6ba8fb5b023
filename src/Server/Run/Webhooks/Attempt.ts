/** One attempt of a delivery: its body, its headers, and the result that its answer means. */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { WebhookSecretInvalid } from "../../../Contract/Errors/Webhooks.js"
import type { Manifest } from "../../../Contract/Manifest.js"
import * as Webhook from "../../../Contract/Webhook.js"
import type * as Settings from "../../../Settings/Webhooks.js"
import type { Run } from "../../../Store/RunStore.js"
import type { DeliveryClaim, DeliveryResult } from "../../../Store/WebhookStore.js"
import { type Answer, Sender } from "./Sender.js"

/** The receiver of a delivery. */
export interface Receiver {
  readonly url: string
  readonly on: ReadonlyArray<Settings.RunEnd>
  readonly include: "summary" | "outputs"
  readonly secrets: ReadonlyArray<Redacted.Redacted>
}

/** Sends the end of a run to a receiver. */
export const make = (
  options: Pick<Settings.Webhooks, "maxAttempts" | "maxBytes" | "timeoutMillis">,
  deployment: Manifest["deployment"],
  claim: DeliveryClaim,
  run: Run,
  receiver: Receiver
): Effect.Effect<DeliveryResult, WebhookSecretInvalid, Sender> =>
  Effect.gen(function* () {
    const { send } = yield* Sender
    const body = bodyOf(run, deployment, receiver, options.maxBytes)
    const timestamp = Math.floor((yield* Clock.currentTimeMillis) / 1_000)
    const { secrets, url } = receiver
    const signature = yield* Webhook.sign({ id: claim.id, timestamp, body, secrets })
    const headers = {
      "content-type": "application/json",
      "user-agent": "effect-deployers",
      "webhook-id": claim.id,
      "webhook-timestamp": String(timestamp),
      "webhook-signature": signature
    }
    return yield* Effect.matchEffect(
      Effect.timeoutFail(send({ url, headers, body }), {
        duration: options.timeoutMillis,
        onTimeout: () => ({ reason: `no answer within ${options.timeoutMillis} ms` })
      }),
      {
        onFailure: ({ reason }) => again(options, claim, { reason }),
        onSuccess: (answer) => resultOf(options, claim, answer)
      }
    )
  })

// internal

const encodeEvent = Schema.encodeSync(Schema.parseJson(Webhook.Event))

const bodyOf = (
  { error, outputs, parameters: _, response: __, steps: ___, ...summary }: Run,
  { id, name }: Manifest["deployment"],
  { include }: Receiver,
  maxBytes: number
): string => {
  const data = {
    ...(outputs === undefined ? {} : { outputs }),
    ...(error === undefined ? {} : { error })
  }
  const event = (fields: Partial<Webhook.Event["data"]["run"]>, omitted?: Webhook.Event["data"]["omitted"]) =>
    encodeEvent({
      type: `run.${endOf(summary.status)}`,
      timestamp: summary.finishedAt ?? summary.startedAt,
      data: { deployment: { id, name }, run: { ...summary, ...fields }, ...(omitted === undefined ? {} : { omitted }) }
    })
  if (include === "summary") return event({})
  const whole = event(data)
  if (Buffer.byteLength(whole) <= maxBytes) return whole
  return event({}, outputs === undefined ? ["error"] : ["outputs"])
}

/** A run of a delivery has ended. */
const endOf = (status: Run["status"]): Settings.RunEnd =>
  status === "succeeded" || status === "failed" ? status : "interrupted"

type Limits = Pick<Settings.Webhooks, "maxAttempts">

const resultOf = (options: Limits, claim: DeliveryClaim, answer: Answer): Effect.Effect<DeliveryResult> => {
  const { status } = answer
  if (status >= 200 && status < 300) return Effect.succeed({ _tag: "delivered", status })
  const reason =
    status >= 300 && status < 400
      ? `the receiver answered ${status}: redirects are not followed`
      : `the receiver answered ${status}`
  // 410 asks for no further deliveries (Standard Webhooks).
  return status === 410
    ? Effect.succeed({ _tag: "failed", status, reason })
    : again(options, claim, { ...answer, reason })
}

const again = (
  { maxAttempts }: Limits,
  { attempt }: DeliveryClaim,
  { reason, retryAfter, status }: Partial<Answer> & { readonly reason: string }
): Effect.Effect<DeliveryResult> =>
  attempt >= maxAttempts
    ? Effect.succeed({ _tag: "failed", status, reason })
    : Effect.map(Effect.all([Clock.currentTimeMillis, Random.nextRange(0.8, 1.2)]), ([now, jitter]) => {
        const backoff = Math.min(firstMillis * factor ** (attempt - 1), longestMillis) * jitter
        const asked = Math.min(retryAfterMillis(retryAfter, now), longestAskedMillis)
        return { _tag: "again", status, reason, dueAt: now + Math.max(backoff, asked) }
      })

/** 5 s, 15 s, 45 s, 2 min, 7 min, 20 min, 1 h, 3 h, and 8 h from then on. */
const firstMillis = 5_000
const factor = 3
const longestMillis = 8 * 3_600_000
const longestAskedMillis = 24 * 3_600_000

/** `Retry-After` is a number of seconds or a date; any other text is none. */
const retryAfterMillis = (text: string | undefined, now: number): number => {
  if (text === undefined) return 0
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1_000
  return Option.match(DateTime.make(text), { onNone: () => 0, onSome: (at) => DateTime.toEpochMillis(at) - now })
}
