import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Ref, TestClock } from "effect"
import { raceWithGuard } from "../../src/Internal/RaceWithGuard.js"

describe("guarded", () => {
  it.effect("gives the effect's result and ends the guard", () =>
    Effect.gen(function* () {
      const ended = yield* Deferred.make<void>()
      const guard = Effect.onInterrupt(Effect.never, () => Deferred.succeed(ended, undefined))
      assert.strictEqual(yield* raceWithGuard(Effect.as(Effect.yieldNow(), 1), guard), 1)
      yield* Deferred.await(ended)
    })
  )

  it.effect("interrupts the effect when the guard fails, and fails with it", () =>
    Effect.gen(function* () {
      const takenBack = yield* Ref.make(false)
      const effect = Effect.onInterrupt(Effect.never, () => Ref.set(takenBack, true))
      const fiber = yield* Effect.fork(raceWithGuard(effect, Effect.delay(Effect.fail("lost" as const), "1 second")))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* Fiber.await(fiber), Exit.fail("lost"))
      assert.isTrue(yield* Ref.get(takenBack))
    })
  )

  it.effect("waits, after an interruption from outside, until the effect has undone its changes", () =>
    Effect.gen(function* () {
      const log = yield* Ref.make<ReadonlyArray<string>>([])
      const say = (text: string) => Ref.update(log, (lines) => [...lines, text])
      const effect = Effect.onInterrupt(Effect.never, () => Effect.delay(say("undone"), "5 seconds"))
      const fiber = yield* Effect.fork(Effect.ensuring(raceWithGuard(effect, Effect.never), say("closed")))
      yield* Effect.yieldNow()
      const interrupting = yield* Effect.fork(Fiber.interrupt(fiber))
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.join(interrupting)
      assert.deepStrictEqual(yield* Ref.get(log), ["undone", "closed"])
    })
  )

  it.effect("works in an uninterruptible region", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.fork(Effect.uninterruptible(raceWithGuard(Effect.succeed(1), Effect.never)))
      assert.strictEqual(yield* Fiber.join(fiber), 1)
    })
  )
})
