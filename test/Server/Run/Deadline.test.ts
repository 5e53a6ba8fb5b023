import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Option, TestClock } from "effect"
import { invoke, newest, request, served } from "../Harness.js"
import { makeLatch, waiting } from "../Pipelines.js"

describe("a run", () => {
  it.effect.each([
    { whose: "its own", extra: { timeoutMillis: 5_000 }, timeoutMillis: 5_000 },
    { whose: "the deployment's", extra: {}, timeoutMillis: 60_000 }
  ])("is interrupted at $whose deadline and answers 504", ({ extra, timeoutMillis }) =>
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

  it.effect("that waits for its place does so no longer than its deadline, and never starts", () =>
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
})
