/** The recorded outcome of a step as an effect, and the form in which an outcome is recorded. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import type * as Schema from "effect/Schema"
import type { StepCall } from "../../../Run.js"
import { StepTimedOut } from "../../../Step.js"
import type { JournalEntry, JournalResult, StepRun } from "../../../Store/RunStore.js"

/** The form in which the exit of a step is recorded; none for an interruption, after which the step executes again. */
export const resultOf = (call: StepCall, exit: Exit.Exit<unknown, unknown>): JournalResult | undefined => {
  if (exit._tag === "Success") return "value"
  const failure = Option.getOrUndefined(Cause.failureOption(Cause.map(exit.cause, (error) => ({ error }))))
  if (failure === undefined) return Cause.isInterruptedOnly(exit.cause) ? undefined : "defect"
  if (failure.error instanceof StepTimedOut) return "timeout"
  return call.error === undefined ? "plain" : "failure"
}

/**
 * Ends as the recorded call did. A failure without a Schema comes back as its tag and message, and a value that does not fit
 * its Schema is `misfit`.
 */
export const replay = (
  { result }: Pick<JournalEntry, "result">,
  { error, outputs }: Pick<StepRun, "outputs" | "error">,
  call: Pick<StepCall, "output" | "error">,
  misfit: Effect.Effect<never>
): Effect.Effect<unknown, unknown> => {
  switch (result) {
    case "value":
      return decoded(call.output, outputs, misfit)
    case "failure":
      return Effect.flatMap(decoded(call.error ?? call.output, error, Effect.succeed(error)), Effect.fail)
    case "timeout":
      return Effect.flatMap(decoded(StepTimedOut, error, Effect.succeed(error)), Effect.fail)
    case "plain":
      return Effect.fail(error)
    default:
      return Effect.die(error)
  }
}

/** A recorded value by its Schema. */
export const decoded = <A, I, B>(
  schema: Schema.Schema<A, I>,
  value: unknown,
  misfit: Effect.Effect<B>
): Effect.Effect<A | B> =>
  Effect.matchEffect(ParseResult.decodeUnknown(schema)(value), {
    onSuccess: Effect.succeed,
    onFailure: () => misfit
  })
