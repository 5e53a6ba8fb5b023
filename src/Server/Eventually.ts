/**
 * Effects whose result is often there already, for the path of every request: asking is then cheaper than a fiber.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Runtime from "effect/Runtime"

/**
 * Hands an effect's exit to a callback: at once if it is one or an `Either`, else when the fiber that runs it has ended.
 * Making the effect may throw, which is a defect.
 *
 * @category models
 * @since 0.1.0
 */
export type Eventually = <A, E>(make: () => Effect.Effect<A, E>, then: (exit: Exit.Exit<A, E>) => void) => void

/**
 * Runs what is not there yet with a runtime.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (runtime: Runtime.Runtime<never>): Eventually => {
  const runFork = Runtime.runFork(runtime)
  return (make, then) => {
    const effect = attempt(make)
    if (isEither(effect)) return then(ofEither(effect))
    if (isExit(effect)) return then(effect)
    runFork(effect).addObserver(then)
  }
}

/**
 * Whether an effect is an `Either`.
 *
 * @category guards
 * @since 0.1.0
 */
export const isEither = <A, E>(effect: Effect.Effect<A, E>): effect is Either.Either<A, E> => Either.isEither(effect)

// internal

const attempt = <A, E>(make: () => Effect.Effect<A, E>): Effect.Effect<A, E> => {
  try {
    return make()
  } catch (defect) {
    return Exit.die(defect)
  }
}

const isExit = <A, E>(effect: Effect.Effect<A, E>): effect is Exit.Exit<A, E> => Exit.isExit(effect)

const ofEither = <A, E>(either: Either.Either<A, E>): Exit.Exit<A, E> =>
  Either.isRight(either) ? Exit.succeed(either.right) : Exit.fail(either.left)
