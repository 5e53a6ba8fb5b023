/** A race that waits for its loser. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"

/**
 * Runs an effect while a guard runs. When the guard ends first, the effect is interrupted and the result is the
 * guard's.
 *
 * **Details**
 *
 * Unlike `Effect.raceFirst`, an interruption from outside returns only after the effect has ended too: its resources stay
 * open until it has undone its changes. In an uninterruptible region an interruption from outside does not reach the effect;
 * the guard does.
 */
export const raceWithGuard = <A, E, R, A2, E2, R2>(
  effect: Effect.Effect<A, E, R>,
  guard: Effect.Effect<A2, E2, R2>
): Effect.Effect<A | A2, E | E2, R | R2> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function* () {
      // Daemons, because a fiber passes interruptions on to its children even while it is uninterruptible itself.
      const worker = yield* Effect.forkDaemon(Effect.interruptible(effect))
      const ended = yield* Deferred.make<A2, E2>()
      const watcher = yield* guard.pipe(
        Effect.onExit((exit) => (Exit.isInterrupted(exit) ? Effect.void : Deferred.done(ended, exit))),
        Effect.ensuring(Fiber.interrupt(worker)),
        Effect.interruptible,
        Effect.forkDaemon
      )
      const exit = yield* restore(Fiber.await(worker)).pipe(
        Effect.onInterrupt(() => Fiber.interrupt(worker)),
        Effect.ensuring(Fiber.interruptFork(watcher))
      )
      return yield* Exit.isFailure(exit) && (yield* Deferred.isDone(ended)) ? Deferred.await(ended) : exit
    })
  )
