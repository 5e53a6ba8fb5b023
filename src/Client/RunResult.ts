/**
 * How a run that is on record has ended, as its caller would have heard it.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { type DeploymentHttpError, InternalError, RunInterrupted, RunTimedOut } from "../Contract/Errors.js"
import type { Run } from "../Contract/RunRecord.js"
import { DeploymentRunFailed } from "../Errors/Runs.js"
import type { Endpoint } from "./Endpoints.js"
import { errorOf } from "./Http.js"
import { Failure } from "./Wire.js"

/**
 * A run that ended, from its record or its last event.
 *
 * @category models
 * @since 0.1.0
 */
export type Ended = Pick<Run, "status" | "cause" | "outputs" | "error" | "executionTimeMillis"> & {
  readonly runId: string
}

/**
 * How runs end besides with outputs and the pipeline's own failures.
 *
 * @category errors
 * @since 0.1.0
 */
export type EndingError = RunTimedOut | RunInterrupted | InternalError | DeploymentHttpError

/**
 * @category models
 * @since 0.1.0
 */
export type Ending =
  | { readonly _tag: "Outputs"; readonly outputs: unknown }
  | { readonly _tag: "Failure"; readonly failure: typeof Failure.Type }
  | { readonly _tag: "Error"; readonly error: EndingError }

/**
 * How a run has ended. One that was recorded without its data says what little there is.
 *
 * @category decoding
 * @since 0.1.0
 */
export const endingOf = (endpoint: Pick<Endpoint, "name" | "url">, ended: Ended): Ending => {
  const { error, outputs, runId, status } = ended
  if (status === "succeeded") return { _tag: "Outputs", outputs }
  if (status === "interrupted") return { _tag: "Error", error: interruption(endpoint, ended) }
  if (status !== "failed") return { _tag: "Error", error: errorOf(endpoint, `its run ${runId} has not ended yet`) }
  const internal = decodeInternal(error)
  if (Option.isSome(internal)) return { _tag: "Error", error: internal.value }
  return { _tag: "Failure", failure: Option.getOrElse(decodeFailure(error), () => withoutData(error)) }
}

/**
 * The outputs of a run, or why there are none, for who does not know the pipeline's types.
 *
 * @category decoding
 * @since 0.1.0
 */
export const outputsOf = (
  endpoint: Pick<Endpoint, "name" | "url">,
  ended: Ended
): Effect.Effect<unknown, DeploymentRunFailed | EndingError> => {
  const ending = endingOf(endpoint, ended)
  switch (ending._tag) {
    case "Outputs":
      return Effect.succeed(ending.outputs)
    case "Error":
      return Effect.fail(ending.error)
    case "Failure":
      return Effect.fail(
        new DeploymentRunFailed({
          deployment: endpoint.name,
          reason: ending.failure.message,
          error: ending.failure.error,
          runId: ended.runId
        })
      )
  }
}

/**
 * Whether a run that ended may have been recorded without its data (`skipArtifacts`): what it came to is not on record.
 *
 * @category predicates
 * @since 0.1.0
 */
export const hasNoData = ({ error, outputs }: Pick<Run, "outputs" | "error">): boolean =>
  outputs === undefined && !Predicate.hasProperty(error, "message")

// internal

const decodeFailure = Schema.decodeUnknownOption(Failure)
const decodeInternal = Schema.decodeUnknownOption(InternalError)
const decodeInterruption = Schema.decodeUnknownOption(Schema.Union(RunTimedOut, RunInterrupted))

const withoutData = (error: unknown): typeof Failure.Type => {
  const _tag = Predicate.hasProperty(error, "_tag") && typeof error._tag === "string" ? error._tag : "PipelineFailed"
  return { _tag, message: `${_tag}; the run was recorded without its data.`, error }
}

const interruption = (
  endpoint: Pick<Endpoint, "name" | "url">,
  { cause, error, executionTimeMillis, runId }: Ended
): EndingError =>
  Option.getOrElse(decodeInterruption(error), () => {
    switch (cause) {
      case "timeout":
        return new RunTimedOut({
          message: "The run hit its deadline and was interrupted.",
          runId,
          timeoutMillis: executionTimeMillis ?? 0
        })
      case "cancelled":
      case "disconnected":
        return new RunInterrupted({ message: "The run was interrupted.", runId, reason: "cancelled" })
      case "shutdown":
        return new RunInterrupted({
          message: "The service stopped before the run could finish.",
          runId,
          reason: "shutdown"
        })
      default:
        return errorOf(endpoint, `the process that had the run ${runId} died, so nobody knows how far it came`)
    }
  })
