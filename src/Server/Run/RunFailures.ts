/** Failures of runs and steps as data: the typed error, the status of its answer, and the parts that callers may see. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as Envelope from "../../Contract/Envelope.js"
import type { StepRun } from "../../Contract/RunRecord.js"
import { memoize } from "../../Internal/Memoize.js"
import type * as Pipeline from "../../Pipeline.js"
import type { StepCall } from "../../Run.js"
import { StepTimedOut } from "../../Step.js"

/** A typed failure of a pipeline, ready to be answered and recorded. */
export interface TypedFailure {
  readonly status: number
  readonly body: Omit<Envelope.PipelineFailure<unknown>, "runId">
}

/**
 * Makes the encoder of a pipeline's typed failures. It fails with a reason for a value that is not declared or has no JSON
 * form, which is a defect of the pipeline.
 */
export const encoder = (pipeline: Pipeline.Any): ((error: unknown) => Effect.Effect<TypedFailure, string>) => {
  const known = memoize(() =>
    Envelope.failureMembers(pipeline).map(({ schema, status }) => ({
      status,
      is: Schema.is(schema),
      encode: ParseResult.encodeUnknown(schema)
    }))
  )
  return (error) =>
    Effect.suspend(() => {
      const member = known().find(({ is }) => is(error))
      if (member === undefined) return Effect.fail("it is none of the errors the pipeline declares")
      return Effect.map(encodeJson(member.encode(error)), (encoded) => ({
        status: member.status,
        body: { ...describe(error), error: encoded }
      }))
    })
}

/** The record of a step call that did not succeed. */
export const ofStep = (
  call: StepCall,
  cause: Cause.Cause<unknown>
): Effect.Effect<{ readonly status: StepRun["status"]; readonly error?: unknown }> => {
  const failure = Option.getOrUndefined(Cause.failureOption(Cause.map(cause, (error) => ({ error }))))
  if (failure === undefined) {
    return Effect.succeed(
      Cause.isInterruptedOnly(cause) ? { status: "interrupted" } : { status: "failed", error: defect }
    )
  }
  const schema = failure.error instanceof StepTimedOut ? StepTimedOut : call.error
  const encoded = schema === undefined ? Effect.fail("") : encodeJson(ParseResult.encodeUnknown(schema)(failure.error))
  return Effect.map(
    Effect.orElseSucceed(encoded, () => describe(failure.error)),
    (error) => ({ status: "failed", error })
  )
}

/** Checks that an encoded value is JSON: a value that is encoded as `unknown` may be a function or a cycle. */
export const encodeJson = (encoded: Effect.Effect<unknown, ParseResult.ParseIssue>): Effect.Effect<unknown, string> =>
  Effect.flatMap(Effect.mapError(encoded, ParseResult.TreeFormatter.formatIssueSync), (value) =>
    isJson(value) ? Effect.succeed(value) : Effect.fail("it has no JSON form")
  )

/** True for a value that can be written as JSON. */
export const isJson = (value: unknown): boolean => {
  if (typeof value === "function" || typeof value === "symbol") return false
  try {
    JSON.stringify(value)
    return true
  } catch {
    return false
  }
}

/** The text of a cause for the log. It never throws. */
export const render = (cause: Cause.Cause<unknown>): string => {
  try {
    return Cause.pretty(cause, { renderErrorCause: true })
  } catch {
    return "The thrown value cannot be shown."
  }
}

/** The text of a defect for the log. */
export const renderDefect = (defect: unknown): string => render(Cause.die(defect))

/** Recorded for a step that failed with a bug. */
export const defect = { _tag: "InternalError", message: "The step failed unexpectedly; see the log of the run." }

/** Recorded for a step whose output does not fit its schema. */
export const notEncodable = { _tag: "InternalError", message: "The output of the step does not fit its schema." }

/** The record of an error in a run that records no data. */
export const tagOnly = (error: unknown): { readonly _tag: string } => ({ _tag: tagOf(error) ?? "PipelineFailed" })

/** An error without a schema as data. */
export const describe = (error: unknown): { readonly _tag: string; readonly message: string } => {
  const _tag = tagOf(error) ?? "PipelineFailed"
  const given = Predicate.hasProperty(error, "message") ? error.message : error
  const message = typeof given === "string" && given !== "" ? given : `The pipeline failed with ${_tag}.`
  return { _tag, message }
}

// internal

const tagOf = (value: unknown): string | undefined =>
  Predicate.hasProperty(value, "_tag") && typeof value._tag === "string" ? value._tag : undefined
