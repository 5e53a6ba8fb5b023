/** Runs operations of controllers that may fail, hang or die, and says how they ended. */
import * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type * as Faults from "../../Testing/Faults.js"
import type { Ledger } from "./Ledger.js"

/**
 * The end of an operation. `crashed`: its process ended. `interrupted`: it took too long, and the user pressed Ctrl-C.
 *
 * @category models
 * @since 0.1.0
 */
export type Outcome<A = unknown> =
  | { readonly _tag: "succeeded"; readonly value: A }
  | { readonly _tag: "failed"; readonly error: string }
  | { readonly _tag: "interrupted" }
  | { readonly _tag: "crashed" }

/**
 * The environment of an operation.
 *
 * @category models
 * @since 0.1.0
 */
export interface Runner {
  readonly faults: Faults.Injector
  readonly process: string
}

const patience: Duration.DurationInput = "20 minutes"

/**
 * Runs an operation. One that does not end is interrupted after 20 minutes; if that does not end it, its process is
 * killed.
 *
 * @category running
 * @since 0.1.0
 */
export const run = <A, E extends { readonly _tag: string }>(
  ledger: Ledger,
  { faults, process }: Runner,
  what: string,
  operation: Effect.Effect<A, E>
): Effect.Effect<Outcome<A>> =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkDaemon(operation)
    const ended = yield* within(fiber, faults)
    if (ended === "crashed") return { _tag: "crashed" }
    if (ended !== "late") return told(ledger, what, ended, false)
    ledger.note("interrupted")
    yield* Effect.forkDaemon(Fiber.interrupt(fiber))
    const stopped = yield* within(fiber, faults)
    if (stopped === "late") {
      ledger.note("killed")
      yield* faults.crash
    } else if (stopped !== "crashed") {
      return told(ledger, what, stopped, true)
    }
    ledger.note(`${process} had to be killed`)
    return { _tag: "crashed" }
  })

// internal

const within = <A, E>(fiber: Fiber.RuntimeFiber<A, E>, faults: Faults.Injector) =>
  Effect.raceFirst(
    Fiber.await(fiber),
    Effect.raceFirst(Effect.as(faults.died, "crashed" as const), Effect.as(Effect.sleep(patience), "late" as const))
  )

const told = <A, E extends { readonly _tag: string }>(
  ledger: Ledger,
  what: string,
  exit: Exit.Exit<A, E>,
  wasInterrupted: boolean
): Outcome<A> => {
  if (Exit.isSuccess(exit)) {
    ledger.note(`${what} succeeded`)
    return { _tag: "succeeded", value: exit.value }
  }
  const defects = Array.from(Cause.defects(exit.cause))
  if (defects.length > 0) ledger.break("I14", `${what} died: ${String(defects[0])}`)
  const failure = Cause.failureOption(exit.cause)
  if (Option.isSome(failure)) {
    ledger.note(`error ${failure.value._tag}`)
    return { _tag: "failed", error: failure.value._tag }
  }
  if (!wasInterrupted && defects.length === 0) ledger.break("L5", `${what} interrupted itself`)
  return { _tag: "interrupted" }
}
