/** Callers that go on asking while something else happens, and what became of their requests. */
import { Cause, Clock, Effect, Exit, Fiber, Ref } from "effect"

export interface Tally {
  readonly requests: number
  readonly failed: number
  /** The first failures, for messages. */
  readonly failures: ReadonlyArray<string>
  readonly slowestMillis: number
}

const none: Tally = { requests: 0, failed: 0, failures: [], slowestMillis: 0 }

const counted = (tally: Tally, exit: Exit.Exit<unknown, unknown>, millis: number): Tally => ({
  requests: tally.requests + 1,
  failed: tally.failed + (Exit.isSuccess(exit) ? 0 : 1),
  failures:
    Exit.isSuccess(exit) || tally.failures.length >= 5 ? tally.failures : [...tally.failures, Cause.pretty(exit.cause)],
  slowestMillis: Math.max(tally.slowestMillis, millis)
})

/**
 * Runs an effect under load and waits for the requests under way. Each of the callers asks, rests, and asks again; `ask`
 * is given the number of the request. Makes at most `most` requests.
 */
export const underLoad = <A, E, R, B, E2, R2>(
  options: {
    readonly callers: number
    readonly restMillis: number
    readonly most?: number
    readonly ask: (number: number) => Effect.Effect<B, E2, R2>
  },
  use: (tally: Effect.Effect<Tally>) => Effect.Effect<A, E, R>
) =>
  Effect.gen(function* () {
    const tally = yield* Ref.make(none)
    const next = yield* Ref.make(0)
    const stopped = yield* Ref.make(false)
    const request = Effect.gen(function* () {
      const number = yield* Ref.getAndUpdate(next, (n) => n + 1)
      if (number >= (options.most ?? 100_000)) return yield* Effect.never
      const begin = yield* Clock.currentTimeMillis
      const exit = yield* Effect.exit(options.ask(number))
      const millis = (yield* Clock.currentTimeMillis) - begin
      yield* Ref.update(tally, (now) => counted(now, exit, millis))
      yield* Effect.sleep(options.restMillis)
    })
    const caller = Effect.repeat(request, { until: () => Ref.get(stopped) })
    const callers = yield* Effect.fork(
      Effect.all(
        Array.from({ length: options.callers }, () => caller),
        { concurrency: "unbounded" }
      )
    )
    const result = yield* Effect.onError(use(Ref.get(tally)), () => Fiber.interrupt(callers))
    yield* Ref.set(stopped, true)
    yield* Fiber.join(callers)
    return [result, yield* Ref.get(tally)] as const
  })
