/**
 * The deliveries of the webhooks of a service. A delivery is written in the transaction that writes its run, and each process
 * of the service sends what it claims, so neither a kill nor a redeploy loses one. A service without webhooks has none of it.
 */
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import type * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import type { WebhookSecretInvalid } from "../../../Contract/Errors.js"
import type { Manifest } from "../../../Contract/Manifest.js"
import * as RunEvent from "../../../Contract/RunEvent.js"
import * as Webhook from "../../../Contract/Webhook.js"
import type { StoreError } from "../../../Errors/Stores.js"
import type * as Settings from "../../../Settings/Webhooks.js"
import type { RunStore, RunWrite } from "../../../Store/RunStore.js"
import type { DeliveryClaim, DeliveryResult } from "../../../Store/WebhookStore.js"
import * as Attempt from "./Attempt.js"
import * as Sender from "./Sender.js"

type Store = RunStore["Type"]

/** The webhooks of a service. */
export class Outbox extends Context.Tag("effect-deployers/Server/Outbox")<
  Outbox,
  {
    /** Reads the secrets, and returns the effect that sends deliveries while the scope lives. */
    readonly open: Effect.Effect<
      Effect.Effect<void, never, Scope.Scope>,
      ConfigError.ConfigError | WebhookSecretInvalid
    >
  }
>() {}

/** An outbox, and the run store that writes a delivery beside each run. */
export interface Made {
  readonly outbox: Context.Tag.Service<Outbox>
  readonly store: Store
}

/** Makes the outbox of a service over its run store. */
export const make = ({ deployment, serving }: Manifest, store: Store): Effect.Effect<Made> => {
  const { recording, webhooks } = serving
  const isOff = webhooks === undefined || (Object.keys(webhooks.to).length === 0 && webhooks.callers === undefined)
  if (isOff) return Effect.succeed({ store, outbox: { open: Effect.succeed(Effect.void) } })
  if (recording === "none") return Effect.succeed({ store, outbox: { open: Effect.as(unrecorded, Effect.void) } })
  return Effect.map(Queue.sliding<void>(1), (woken) => ({
    store: recordingDeliveries(store, Object.keys(webhooks.to), Queue.offer(woken, undefined)),
    outbox: {
      open: Effect.gen(function* () {
        const receiverOf = yield* receivers(webhooks)
        const sender = yield* Sender.Sender
        const attempt = (claim: DeliveryClaim) =>
          Effect.provideService(settle(webhooks, deployment, store, receiverOf, claim), Sender.Sender, sender)
        return keepSending(webhooks, store, woken, attempt)
      }).pipe(Effect.provide(Layer.mergeAll(Sender.layer(webhooks))))
    }
  }))
}

// internal

const unrecorded = Effect.logWarning(
  'The service has webhooks and records no runs, so nothing is delivered; set "recording" to "durable" or "relaxed".'
)

/** A run that is written has its deliveries written in the same transaction. */
const recordingDeliveries = (store: Store, names: ReadonlyArray<string>, wake: Effect.Effect<unknown>): Store => ({
  ...store,
  commit: (batch) => {
    const deliveries = batch.flatMap((write): ReadonlyArray<RunWrite> => {
      if (write._tag !== "Run") return []
      return names.map((webhook) => ({ _tag: "Delivery", runId: write.run.id, webhook }))
    })
    const committed = store.commit([...batch, ...deliveries])
    return batch.some((write) => write._tag === "Run" && !RunEvent.isGoing(write.run.status))
      ? Effect.zipLeft(committed, wake)
      : committed
  }
})

type ReceiverOf = (claim: DeliveryClaim) => Attempt.Receiver | undefined

/** Reads the secrets of all webhooks, so that a service without them does not start. */
const receivers = ({ callers, to }: Settings.Webhooks) =>
  Effect.gen(function* () {
    const withSecrets = <A extends { readonly secrets: ReadonlyArray<string> }>(webhook: A) =>
      Effect.map(Effect.forEach(webhook.secrets, secretOf), (secrets) => ({ ...webhook, secrets }))
    const named = new Map(
      yield* Effect.forEach(Object.entries(to), ([name, webhook]) =>
        Effect.map(withSecrets(webhook), (receiver) => [name, receiver] as const)
      )
    )
    const ofCallers = callers === undefined ? undefined : yield* withSecrets(callers)
    return ({ url, webhook }: DeliveryClaim): Attempt.Receiver | undefined =>
      url === undefined ? named.get(webhook) : ofCallers === undefined ? undefined : { ...ofCallers, url }
  })

const secretOf = (name: string): Effect.Effect<Redacted.Redacted, ConfigError.ConfigError | WebhookSecretInvalid> =>
  Effect.tap(Config.redacted(name), (secret) => Webhook.checkSecret(secret, name))

/** Attempts of one process at the same time. */
const most = 16

/** Attempts of one target: a receiver that does not answer leaves room for the others. */
const mostOfTarget = 4

/** Another process may have claimed a delivery and died, and a retry may be due. */
const lookEvery = "1 second"

const keepSending = (
  { timeoutMillis }: Settings.Webhooks,
  { webhooks }: Store,
  woken: Queue.Queue<void>,
  attempt: (claim: DeliveryClaim) => Effect.Effect<void>
): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function* () {
    const sending = yield* FiberSet.make()
    const held = new Set<DeliveryClaim>()
    const send = (claim: DeliveryClaim) =>
      Effect.suspend(() => {
        held.add(claim)
        const release = Effect.zipRight(
          Effect.sync(() => held.delete(claim)),
          Queue.offer(woken, undefined)
        )
        return FiberSet.run(sending, Effect.ensuring(attempt(claim), release))
      })
    const claim = Effect.suspend(() =>
      held.size >= most
        ? Effect.succeed([])
        : webhooks.claim({
            limit: most - held.size,
            perTarget: mostOfTarget,
            held: Array.from(held),
            leaseMillis: timeoutMillis + slackMillis
          })
    )
    const pass = Effect.flatMap(claim, (claims) =>
      Effect.as(Effect.forEach(claims, send, { discard: true }), claims.length)
    )
    const look = Effect.catchAll(pass, (error: StoreError) =>
      Effect.as(Effect.logWarning(`The deliveries of webhooks could not be read: ${error.message}`), 0)
    )
    const wait = Effect.raceFirst(Effect.sleep(lookEvery), Queue.take(woken))
    const next = Effect.flatMap(look, (claimed) => (claimed === 0 ? wait : Effect.yieldNow()))
    yield* Effect.forkScoped(Effect.repeat(next, Schedule.forever))
  })

/** A claim outlives its attempt, so that no other process sends at the same time. */
const slackMillis = 5_000

/** Makes one attempt and records its result. A result that cannot be recorded lets the claim run out. */
const settle = (
  options: Settings.Webhooks,
  deployment: Manifest["deployment"],
  store: Store,
  receiverOf: ReceiverOf,
  claim: DeliveryClaim
): Effect.Effect<void, never, Sender.Sender> =>
  Effect.gen(function* () {
    const result = yield* resultOf(options, deployment, store, receiverOf(claim), claim)
    if (result._tag === "failed") {
      yield* Effect.logWarning(
        `The end of run ${claim.runId} could not be delivered to the webhook "${claim.webhook}": ${result.reason}`
      )
    }
    yield* store.webhooks.settle(claim, result)
  }).pipe(
    Effect.catchAll((error) =>
      Effect.logWarning(`The delivery ${claim.id} of a webhook is tried again later: ${error.message}`)
    )
  )

const resultOf = (
  options: Settings.Webhooks,
  deployment: Manifest["deployment"],
  store: Store,
  receiver: Attempt.Receiver | undefined,
  claim: DeliveryClaim
): Effect.Effect<DeliveryResult, StoreError | WebhookSecretInvalid, Sender.Sender> =>
  Effect.gen(function* () {
    if (receiver === undefined) {
      return { _tag: "failed", reason: `the service has no webhook "${claim.webhook}" any more` }
    }
    const run = Option.getOrUndefined(yield* store.find(claim.runId))
    if (run === undefined || RunEvent.isGoing(run.status)) return { _tag: "unwanted" }
    const isWanted = receiver.on.some((end) => end === run.status)
    return isWanted ? yield* Attempt.make(options, deployment, claim, run, receiver) : { _tag: "unwanted" }
  })
