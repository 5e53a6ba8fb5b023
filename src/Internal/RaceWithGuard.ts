/** A race that waits for its loser. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"

/**
 * Runs an effect as long as a guard goes on. When the guard ends first, the effect is interrupted and the result is the
 * guard's.
 *
 * **Details**
 *
 * Unlike `Effect.raceFirst`, an interruption from outside returns only after the effect has ended too: what it uses stays
 * open until it has taken back what it did.
 */
export const raceWithGuard = <A, E, R, A2, E2, R2>(
  effect: Effect.Effect<A, E, R>,
  guard: Effect.Effect<A2, E2, R2>
): Effect.Effect<A | A2, E | E2, R | R2> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function* () {
      const worker = yield* Effect.fork(restore(effect))
      const ended = yield* Deferred.make<A2, E2>()
      const watcher = yield* Effect.interruptible(guard).pipe(
        Effect.onExit((exit) => (Exit.isInterrupted(exit) ? Effect.void : Deferred.done(ended, exit))),
        Effect.ensuring(Fiber.interrupt(worker)),
        Effect.interruptible,
        Effect.fork
      )
      const exit = yield* Effect.onInterrupt(restore(Fiber.await(worker)), () => Fiber.interrupt(worker))
      yield* Fiber.interruptFork(watcher)
      return yield* Exit.isFailure(exit) && (yield* Deferred.isDone(ended)) ? Deferred.await(ended) : exit
    })
  )
