/** Failures of runs and steps as data: the typed error, the status of its answer, and the parts that callers may see. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as Envelope from "../../../Contract/Envelope.js"
import type { StepRun } from "../../../Contract/RunRecord.js"
import type { EncodedJson } from "../../../Internal/EncodedJson.js"
import { memoize } from "../../../Internal/Memoize.js"
import * as StrictJson from "../../../Internal/StrictJson.js"
import type * as Pipeline from "../../../Pipeline.js"
import type { StepCall } from "../../../Run.js"
import { StepTimedOut } from "../../../Step.js"
import * as JsonSize from "../../HotPath/JsonSize.js"
import type { Misfit } from "../../HotPath/SchemaCodec.js"

/** A typed failure of a pipeline, ready to be answered and recorded. */
export interface TypedFailure {
  readonly status: number
  readonly body: Omit<Envelope.PipelineFailure<unknown>, "runId">
}

/**
 * Makes the encoder of a pipeline's typed failures. It fails with a reason for a value that is not declared or has no JSON
 * form, which is a defect of the pipeline, and for one that is far larger than `maxBytes`.
 */
export const encoder = (
  pipeline: Pipeline.Any
): ((error: unknown, maxBytes?: number) => Effect.Effect<TypedFailure, Misfit>) => {
  const known = memoize(() =>
    Envelope.failureMembers(pipeline).map(({ schema, status }) => ({
      status,
      is: Schema.is(schema),
      encode: ParseResult.encodeUnknown(schema)
    }))
  )
  return (error, maxBytes = Number.POSITIVE_INFINITY) =>
    Effect.suspend(() => {
      const member = known().find(({ is }) => is(error))
      if (member === undefined) return Effect.fail("it is none of the errors the pipeline declares")
      return Effect.map(encodeJson(member.encode(error), maxBytes), (encoded) => ({
        status: member.status,
        body: { ...describe(error), error: encoded }
      }))
    })
}

/** The end of a step call that did not succeed. An interruption has no error. */
export interface StepFailure {
  readonly status: StepRun["status"]
  /** The error as JSON, or its size, if that is more than permitted. */
  readonly error?: EncodedJson | JsonSize.TooLarge | undefined
  readonly tag: string
}

/** The record of a step call that did not succeed, with an error of at most `maxBytes`. */
export const ofStep = (call: StepCall, cause: Cause.Cause<unknown>, maxBytes: number): Effect.Effect<StepFailure> => {
  const failure = Option.getOrUndefined(Cause.failureOption(Cause.map(cause, (error) => ({ error }))))
  if (failure === undefined) {
    return Effect.succeed(Cause.isInterruptedOnly(cause) ? interruption : failed(defect, maxBytes))
  }
  const { error } = failure
  const schema = error instanceof StepTimedOut ? StepTimedOut : call.error
  const encoded =
    schema === undefined ? Effect.fail("") : encodeJson(ParseResult.encodeUnknown(schema)(error), maxBytes)
  return Effect.match(encoded, {
    onSuccess: (value) => failed(value, maxBytes),
    onFailure: (misfit) =>
      typeof misfit === "string"
        ? failed(describe(error), maxBytes)
        : { status: "failed", error: misfit, tag: tagOr(error) }
  })
}

/** The reason of a misfit as a clause. */
export const reasonOf = (misfit: Misfit): string =>
  typeof misfit === "string" ? misfit : `it takes ${misfit.bytes} bytes as JSON`

/**
 * Checks that JSON carries an encoded value: a value that is encoded as `unknown` may be a function or a cycle. It fails for
 * a value that is far larger than `maxBytes`, too.
 */
export const encodeJson = (
  encoded: Effect.Effect<unknown, ParseResult.ParseIssue>,
  maxBytes = Number.POSITIVE_INFINITY
): Effect.Effect<unknown, Misfit> =>
  Effect.flatMap(Effect.mapError(encoded, ParseResult.TreeFormatter.formatIssueSync), (value) => {
    const problem = jsonProblem(value, maxBytes)
    return problem === undefined ? Effect.succeed(value) : Effect.fail(problem)
  })

/** The part of a value that JSON cannot carry, with its path; or its size, if that is far more than `maxBytes`. */
export const jsonProblem = (value: unknown, maxBytes: number): Misfit | undefined => {
  try {
    const size = JsonSize.atLeast(value, maxBytes)
    if (size > maxBytes) return new JsonSize.TooLarge(size)
    const problem = StrictJson.problemOf(value)
    return problem === undefined ? undefined : StrictJson.format(problem)
  } catch {
    return "it has no JSON form"
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
export const tagOnly = (error: unknown): { readonly _tag: string } => ({ _tag: tagOr(error) })

/** An error without a schema as data. */
export const describe = (error: unknown): { readonly _tag: string; readonly message: string } => {
  const _tag = tagOr(error)
  const given = Predicate.hasProperty(error, "message") ? error.message : error
  const message = typeof given === "string" && given !== "" ? given : `The pipeline failed with ${_tag}.`
  return { _tag, message: StrictJson.toWellFormed(message) }
}

// internal

const interruption: StepFailure = { status: "interrupted", tag: "" }

const failed = (error: unknown, maxBytes: number): StepFailure => ({
  status: "failed",
  error: JsonSize.encodeWithin(error, maxBytes),
  tag: tagOr(error)
})

const tagOr = (value: unknown): string => tagOf(value) ?? Envelope.untagged

const tagOf = (value: unknown): string | undefined =>
  Predicate.hasProperty(value, "_tag") && typeof value._tag === "string" ? value._tag : undefined
