/** Runs effects without a fiber when their result is already there. On the path of every request a fiber costs more than the test. */
import type * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Runtime from "effect/Runtime"

/**
 * Passes the exit of an effect to a callback: at once for an `Exit` or an `Either`, else when the effect's fiber ends. An
 * exception while the effect is made is a defect.
 */
export type SyncOrFiber = <A, E>(make: () => Effect.Effect<A, E>, then: (exit: Exit.Exit<A, E>) => void) => void

/** Makes a {@link SyncOrFiber} whose fibers run with the given runtime. */
export const make = (runtime: Runtime.Runtime<never>): SyncOrFiber => {
  const runFork = Runtime.runFork(runtime)
  return (make, then) => {
    const effect = attempt(make)
    if (isExit(effect)) then(effect)
    else if (isEither(effect)) then(ofEither(effect))
    else runFork(effect).addObserver(then)
  }
}

/** Recognises an `Either` by its tag, as `ParseResult` does. A look at its type id takes longer. */
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
