/**
 * Starts a run for each message of the triggers of a pipeline. The id of a message is the idempotency key of its run, so a
 * message that is delivered again has one run, in any process.
 */
import { createHash } from "node:crypto"
import * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Predicate from "effect/Predicate"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Message, Trigger } from "../../Pipeline/Triggers.js"
import { type Serving, workersOf } from "../../Settings/Serving.js"
import type { Ids } from "../../Store/Ids.js"
import * as Idempotency from "./Idempotency.js"
import { Invocation, Lifecycle } from "./Invocation.js"
import * as InvokeRequest from "./InvokeRequest.js"
import type { RunQueries } from "./Records/RunQueries.js"
import * as Response from "./Response.js"
import { TriggerPauses } from "./Triggers/TriggerPauses.js"

type Requirements = Ids | Invocation | Lifecycle | RunQueries | TriggerPauses

/**
 * Consumes the messages of triggers until the service drains. The scope waits for the messages in progress.
 *
 * @param state the warm state of the pipeline
 */
export const keepConsuming = (
  triggers: ReadonlyArray<Trigger>,
  serving: Serving,
  state: Context.Context<never>
): Effect.Effect<void, never, Requirements | Scope.Scope> =>
  Effect.gen(function* () {
    const closed = yield* Deferred.make<void>()
    yield* Effect.forEach(
      triggers,
      (trigger) =>
        Effect.acquireRelease(
          Effect.forkDaemon(Effect.interruptible(consume(trigger, serving, state, Deferred.await(closed)))),
          (fiber) =>
            // A finalizer is uninterruptible, so its limit needs a fiber of its own.
            Effect.flatMap(Effect.forkDaemon(Effect.interruptible(ended(fiber))), Fiber.join)
        ),
      { discard: true }
    )
    yield* Effect.addFinalizer(() => Deferred.succeed(closed, undefined))
  })

// internal

/** The time that the messages in progress have after the last run, for what their queue has to learn. */
const ended = (fiber: Fiber.RuntimeFiber<void>) =>
  Effect.zipRight(Effect.timeoutOption(Fiber.await(fiber), "5 seconds"), Fiber.interrupt(fiber))

const consume = (
  trigger: Trigger,
  serving: Serving,
  state: Context.Context<never>,
  closed: Effect.Effect<void>
): Effect.Effect<void, never, Requirements> =>
  Effect.gen(function* () {
    const { isLeaving } = yield* Lifecycle
    const { isPaused } = yield* TriggerPauses
    const becomes = (is: () => boolean) =>
      Effect.repeat(Effect.sync(is), { until: (is) => is, schedule: Schedule.spaced("100 millis") })
    const leaving = Effect.raceFirst(becomes(isLeaving), closed)
    let hasPaused = false
    const paused = Effect.map(
      becomes(() => isPaused(trigger.name)),
      () => {
        hasPaused = true
      }
    )
    const stopping = Effect.raceFirst(leaving, paused)
    // Sound because the warm state has what the trigger requires.
    const own = Stream.provideContext(trigger.messages as Stream.Stream<Message<unknown>, unknown>, state)
    const handle = (message: Message<unknown>) => settle(trigger, serving, state, message, stopping)
    const pulling = own.pipe(
      Stream.tapErrorCause((cause) =>
        Effect.logWarning(`The messages of the trigger "${trigger.name}" could not be read: ${Cause.pretty(cause)}`)
      ),
      Stream.retry(Schedule.union(Schedule.exponential("1 second"), Schedule.spaced("30 seconds"))),
      Stream.interruptWhen(stopping),
      Stream.mapEffect(handle, { concurrency: Math.ceil(trigger.concurrency / workersOf(serving)), unordered: true }),
      Stream.runDrain
    )
    const resumed = becomes(() => isLeaving() || !isPaused(trigger.name))
    const once = Effect.suspend(() => {
      hasPaused = false
      return Effect.zipRight(Effect.raceFirst(resumed, closed), pulling)
    })
    yield* Effect.repeat(once, { while: () => hasPaused && !isLeaving() }).pipe(
      Effect.catchAllCause((cause) =>
        Effect.logError(`The trigger "${trigger.name}" has ended: ${Cause.pretty(cause)}`)
      )
    )
  })

/** The decision about a message. */
type Decision = "ack" | "nack" | { readonly dead: string }

const settle = (
  trigger: Trigger,
  serving: Serving,
  state: Context.Context<never>,
  message: Message<unknown>,
  stopping: Effect.Effect<unknown>
): Effect.Effect<void, never, Requirements> =>
  Effect.gen(function* () {
    const decision = yield* decide(trigger, serving, message, stopping)
    if (decision === "nack") return yield* message.nack
    if (decision !== "ack") yield* Effect.provide(bury(trigger, message, decision.dead), state)
    yield* message.ack
  }).pipe(
    Effect.catchAllCause((cause) =>
      Effect.logError(`A message of the trigger "${trigger.name}" stays in its queue: ${Cause.pretty(cause)}`)
    )
  )

const bury = ({ deadLetter, name }: Trigger, message: Message<unknown>, reason: string): Effect.Effect<void> =>
  deadLetter === undefined
    ? Effect.logError(`The message ${JSON.stringify(message.id)} of the trigger "${name}" has no run: ${reason}`)
    : (deadLetter(message, reason) as Effect.Effect<void>)

/** Tries until the message has its run. Each attempt has a key of its own, so a later delivery goes on where this one was. */
const decide = (
  trigger: Trigger,
  serving: Serving,
  message: Message<unknown>,
  stopping: Effect.Effect<unknown>,
  attempt = 1
): Effect.Effect<Decision, never, Requirements> =>
  Effect.gen(function* () {
    const { isLeaving } = yield* Lifecycle
    const { isPaused } = yield* TriggerPauses
    const result = yield* tried(trigger, serving, message, attempt)
    if (result._tag === "Taken") return "ack"
    if (result._tag === "Invalid") return { dead: result.reason }
    if (result._tag === "Failed" && attempt >= trigger.maxAttempts) return { dead: result.reason }
    const pause = result._tag === "Refused" ? "1 second" : `${Math.min(2 ** (attempt - 1), 60)} seconds`
    yield* Effect.raceFirst(Effect.sleep(pause as "1 second"), stopping)
    if (isLeaving() || isPaused(trigger.name)) return "nack"
    return yield* decide(trigger, serving, message, stopping, result._tag === "Refused" ? attempt : attempt + 1)
  })

/** The result of one attempt. `Refused`: the service has no room for it now. */
type Result = { readonly _tag: "Taken" | "Refused" } | { readonly _tag: "Invalid" | "Failed"; readonly reason: string }

const tried = (
  { ackOn, name }: Trigger,
  serving: Serving,
  { id, input }: Message<unknown>,
  attempt: number
): Effect.Effect<Result, never, Requirements> =>
  Effect.gen(function* () {
    const text = JSON.stringify({ parameters: input, runName: `${name} ${id}`.slice(0, 200) })
    const body = { value: JSON.parse(text) as unknown, text, isPlain: !text.includes("\\") }
    if (serving.recording === "none") {
      const { invoke } = yield* Invocation
      return resultOf(yield* invoke(body, InvokeRequest.optionsOf("wait", {})))
    }
    const key = keyOf(name, id, attempt)
    const view = ackOn === "accepted" ? "async" : "wait"
    return yield* Effect.match(Idempotency.invoke({ body, key, view, serving }), {
      onFailure: (error) => resultOf(Response.ofError(error)),
      onSuccess: (outcome): Result => (outcome._tag === "Answer" ? resultOf(outcome.answer) : { _tag: "Taken" })
    })
  })

/** The key of a run: visible ASCII, and not longer than a key may be. */
const keyOf = (name: string, id: string, attempt: number): string => {
  const digest = createHash("sha256").update(id).digest("base64url")
  return `trigger:${name}:${digest}${attempt === 1 ? "" : `:${attempt}`}`
}

/** An answer with the id of a run is that of a run that failed; any other one is that of a request. */
const resultOf = ({ body, status }: Response.Response): Result => {
  if (status >= 200 && status < 300) return { _tag: "Taken" }
  const reason = `${status} ${body}`
  const parsed = Either.getOrUndefined(Either.try(() => JSON.parse(body) as unknown))
  if (Predicate.hasProperty(parsed, "runId") || status === 500 || status === 504) return { _tag: "Failed", reason }
  return status === 429 || status === 503 ? { _tag: "Refused" } : { _tag: "Invalid", reason }
}
