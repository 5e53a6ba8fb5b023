/** The behaviour of Effect on which this library relies, and which a version of it has broken. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Scope } from "effect"

describe("the version of Effect", () => {
  // Effect 3.22.3 and 3.22.4 forget the interrupt: a wait for the end of the fiber then never ends.
  it.effect("keeps an interrupt that comes while a scope is closed", () =>
    Effect.gen(function* () {
      const closing = yield* Deferred.make<void>()
      const close = yield* Deferred.make<void>()
      const slow = Effect.addFinalizer(() =>
        Effect.zipRight(Deferred.succeed(closing, undefined), Deferred.await(close))
      )
      const fiber = yield* Effect.fork(
        Effect.gen(function* () {
          const scope = yield* Scope.make()
          yield* Scope.extend(slow, scope)
          yield* Scope.extend(
            Effect.addFinalizer(() => Effect.void),
            scope
          )
          yield* Effect.uninterruptible(Scope.close(scope, Exit.void))
          return "was not interrupted"
        })
      )
      yield* Deferred.await(closing)
      yield* Fiber.interruptFork(fiber)
      yield* Effect.yieldNow()
      yield* Deferred.succeed(close, undefined)
      assert.isTrue(Exit.isInterrupted(yield* Fiber.await(fiber)))
    })
  )
})
