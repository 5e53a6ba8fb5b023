/** Effects whose result is often there already, for the path of every request: asking is then cheaper than a fiber. */
import type * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Runtime from "effect/Runtime"

/**
 * Hands an effect's exit to a callback: at once if it is one or an `Either`, else when the fiber that runs it has ended.
 * Making the effect may throw, which is a defect.
 */
export type SyncOrFiber = <A, E>(make: () => Effect.Effect<A, E>, then: (exit: Exit.Exit<A, E>) => void) => void

/** Runs what is not there yet with a runtime. */
export const make = (runtime: Runtime.Runtime<never>): SyncOrFiber => {
  const runFork = Runtime.runFork(runtime)
  return (make, then) => {
    const effect = attempt(make)
    if (isExit(effect)) then(effect)
    else if (isEither(effect)) then(ofEither(effect))
    else runFork(effect).addObserver(then)
  }
}

/**
 * Whether an effect is an `Either`. Its tag tells, as it does for `ParseResult`: looking for its type id takes longer.
 */
export const isEither = <A, E>(effect: Effect.Effect<A, E>): effect is Either.Either<A, E> => {
  const tag = tagOf(effect)
  return tag === "Right" || tag === "Left"
}

// internal

const tagOf = (effect: object): unknown => ("_tag" in effect ? effect._tag : undefined)

const attempt = <A, E>(make: () => Effect.Effect<A, E>): Effect.Effect<A, E> => {
  try {
    return make()
  } catch (defect) {
    return Exit.die(defect)
  }
}

const isExit = <A, E>(effect: Effect.Effect<A, E>): effect is Exit.Exit<A, E> => {
  const tag = tagOf(effect)
  return tag === "Success" || tag === "Failure"
}

const ofEither = <A, E>(either: Either.Either<A, E>): Exit.Exit<A, E> =>
  Either.isRight(either) ? Exit.succeed(either.right) : Exit.fail(either.left)
