import { assert, describe, it } from "@effect/vitest"
import { Clock, Deferred, Effect, Fiber, Option, TestClock } from "effect"
import { invoke, newest, request, served } from "../Harness.js"
import { makeLatch, waiting } from "../Pipelines.js"

/** A clock whose wall-clock time can be changed, as by NTP; its monotonic time continues. */
const makeJumpingClock = (): Clock.Clock & { readonly jump: (millis: number) => void } => {
  const clock = Clock.make()
  let offset = 0
  const unsafeCurrentTimeMillis = () => clock.unsafeCurrentTimeMillis() + offset
  return {
    [Clock.ClockTypeId]: Clock.ClockTypeId,
    unsafeCurrentTimeMillis,
    unsafeCurrentTimeNanos: () => clock.unsafeCurrentTimeNanos(),
    currentTimeMillis: Effect.sync(unsafeCurrentTimeMillis),
    currentTimeNanos: clock.currentTimeNanos,
    sleep: (duration) => clock.sleep(duration),
    jump: (millis) => {
      offset += millis
    }
  }
}

describe("a run", () => {
  it.effect.each([
    { whose: "its own", extra: { timeoutMillis: 5_000 }, timeoutMillis: 5_000 },
    { whose: "the deployment's", extra: {}, timeoutMillis: 60_000 }
  ])("F24: is interrupted at $whose deadline and answers 504", ({ extra, timeoutMillis }) =>
    Effect.flatMap(makeLatch, (latch) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.fork(invoke({}, extra))
        yield* Deferred.await(latch.started)
        yield* TestClock.adjust(timeoutMillis - 1)
        assert.isTrue(Option.isNone(yield* Fiber.poll(fiber)))
        yield* TestClock.adjust(1)
        const { json, status } = yield* fiber
        assert.strictEqual(status, 504)
        const run = yield* newest
        assert.deepStrictEqual<unknown>(json, {
          _tag: "RunTimedOut",
          message: `The run did not finish within ${timeoutMillis} ms and was interrupted.`,
          runId: run.id,
          timeoutMillis
        })
        assert.deepStrictEqual(
          [run.status, run.cause, run.executionTimeMillis],
          ["interrupted", "timeout", timeoutMillis]
        )
      }).pipe(Effect.provide(served(waiting(latch), { serving: { requestTimeoutMillis: 60_000 } })))
    )
  )

  it.effect("F24: that waits for its place does so no longer than its deadline, and never starts", () =>
    Effect.flatMap(makeLatch, (latch) =>
      Effect.gen(function* () {
        const first = yield* Effect.fork(invoke({}))
        yield* Deferred.await(latch.started)
        const second = yield* Effect.fork(invoke({}, { timeoutMillis: 5_000 }))
        yield* Effect.repeat(request("/metrics"), { until: ({ text }) => text.includes("deployers_runs_queued 1") })
        yield* TestClock.adjust(4_999)
        assert.isTrue(Option.isNone(yield* Fiber.poll(second)))
        yield* TestClock.adjust(1)
        assert.strictEqual((yield* second).status, 504)
        const { cause, executionTimeMillis, status, steps } = yield* newest
        assert.deepStrictEqual([status, cause, executionTimeMillis, steps], ["interrupted", "timeout", 5_000, []])
        const { text } = yield* request("/metrics")
        assert.include(text, "deployers_runs_queued 0")
        yield* Deferred.succeed(latch.release, undefined)
        assert.strictEqual((yield* first).status, 200)
      }).pipe(Effect.provide(served(waiting(latch), { serving: { maxConcurrency: 1, maxQueue: 1 } })))
    )
  )

  it.live("F33: with a deadline that no timer can hold is not interrupted at once", () =>
    Effect.flatMap(makeLatch, (latch) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.fork(invoke({}, { timeoutMillis: 2 ** 40 }))
        yield* Deferred.await(latch.started)
        // A timer that had overflowed would fire within a millisecond.
        yield* Effect.replicateEffect(request("/health"), 20)
        assert.isTrue(Option.isNone(yield* Fiber.poll(fiber)))
        yield* Deferred.succeed(latch.release, undefined)
        assert.strictEqual((yield* fiber).status, 200)
      }).pipe(Effect.provide(served(waiting(latch))))
    )
  )

  it.live.each([3_600_000, -3_600_000])("F32: neither ends nor lasts longer when the time jumps by %d ms", (jump) => {
    const clock = makeJumpingClock()
    return Effect.flatMap(makeLatch, (latch) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.fork(invoke({}, { timeoutMillis: 1_800_000 }))
        yield* Deferred.await(latch.started)
        clock.jump(jump)
        yield* Effect.replicateEffect(request("/health"), 20)
        assert.isTrue(Option.isNone(yield* Fiber.poll(fiber)))
        yield* Deferred.succeed(latch.release, undefined)
        assert.strictEqual((yield* fiber).status, 200)
        const { executionTimeMillis = -1, finishedAt, startedAt, steps = [] } = yield* newest
        for (const millis of [executionTimeMillis, ...steps.map((step) => step.executionTimeMillis ?? -1)]) {
          assert.isTrue(millis >= 0 && millis < 1_800_000, String(millis))
        }
        assert.isAtLeast(Date.parse(String(finishedAt)), Date.parse(String(startedAt)))
      }).pipe(Effect.provide(served(waiting(latch))))
    ).pipe(Effect.withClock(clock))
  })
})
