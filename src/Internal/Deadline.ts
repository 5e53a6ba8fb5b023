/**
 * Deadlines that hold in uninterruptible regions too. `Effect.timeoutFail` ends when the effect has been interrupted, and
 * nothing interrupts an effect in such a region, for example in the acquisition of a resource.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"

/**
 * Runs an effect in a fiber of its own where a deadline can interrupt it. An interruption from outside reaches the effect
 * only if it was interruptible before, and returns after the effect has ended.
 */
const interruptibleInside = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.uninterruptibleMask((restore) =>
    // A daemon, because a fiber passes interruptions on to its children even while it is uninterruptible itself.
    Effect.flatMap(Effect.forkDaemon(Effect.interruptible(effect)), (worker) =>
      Effect.onInterrupt(restore(Fiber.join(worker)), () => Fiber.interrupt(worker))
    )
  )

/** Runs an effect that contains deadlines so that they can end it, also in an uninterruptible region. */
export const keepDeadlines = <A, E, R>(bounded: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.checkInterruptible((isInterruptible) => (isInterruptible ? bounded : interruptibleInside(bounded)))

/** `Effect.timeoutFail` that keeps its deadline in an uninterruptible region too. */
export const timeoutFail =
  <E2>(options: { readonly duration: Duration.DurationInput; readonly onTimeout: () => E2 }) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | E2, R> =>
    keepDeadlines(Effect.timeoutFail(effect, options))

/** `Effect.timeoutTo` another value that keeps its deadline in an uninterruptible region too. */
export const timeoutTo =
  <B>(options: { readonly duration: Duration.DurationInput; readonly onTimeout: () => B }) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A | B, E, R> =>
    keepDeadlines(Effect.timeoutTo(effect, { ...options, onSuccess: (value: A): A | B => value }))
