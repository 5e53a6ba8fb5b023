/** The result of a recorded run, as its caller would have received it. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import {
  type DeploymentHttpError,
  InternalError,
  RunDiverged,
  RunInterrupted,
  RunLimitExceeded,
  RunNotRecovered,
  RunTimedOut
} from "../Contract/Errors.js"
import type { Run } from "../Contract/RunRecord.js"
import { DeploymentRunFailed } from "../Errors/Runs.js"
import type { Endpoint } from "./Endpoints.js"
import { errorOf } from "./Http.js"
import { Failure } from "./Wire.js"

/**
 * A run that ended, from its record or from its last event.
 *
 * @category models
 * @since 0.1.0
 */
export type Ended = Pick<Run, "status" | "cause" | "outputs" | "error" | "executionTimeMillis"> & {
  readonly runId: string
}

/**
 * The ends of a run besides outputs and typed failures of the pipeline.
 *
 * @category errors
 * @since 0.1.0
 */
export type EndingError =
  | RunTimedOut
  | RunInterrupted
  | RunLimitExceeded
  | RunDiverged
  | RunNotRecovered
  | InternalError
  | DeploymentHttpError

/** The end of a run. */
export type Ending =
  | { readonly _tag: "Outputs"; readonly outputs: unknown }
  | { readonly _tag: "Failure"; readonly failure: typeof Failure.Type }
  | { readonly _tag: "Error"; readonly error: EndingError }

/** The end of a run. The record of a run without data contains its status and the tag of its failure only. */
export const endingOf = (endpoint: Pick<Endpoint, "name" | "url">, ended: Ended): Ending => {
  const { error, outputs, runId, status } = ended
  if (status === "succeeded") return { _tag: "Outputs", outputs }
  if (status === "interrupted") return { _tag: "Error", error: interruption(endpoint, ended) }
  if (status !== "failed")
    return { _tag: "Error", error: errorOf(endpoint, `its run ${runId} has not ended yet; wait for it with awaitRun`) }
  const known = decodeKnown(error)
  if (Option.isSome(known)) return { _tag: "Error", error: known.value }
  return { _tag: "Failure", failure: Option.getOrElse(decodeFailure(error), () => withoutData(error)) }
}

/**
 * The outputs of a run or its failure, for callers without the pipeline's types.
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

/** True if a run that ended may be recorded without its data (`skipArtifacts`). */
export const hasNoData = ({ error, outputs }: Pick<Run, "outputs" | "error">): boolean =>
  outputs === undefined && !Predicate.hasProperty(error, "message")

// internal

const decodeFailure = Schema.decodeUnknownOption(Failure)
const decodeKnown = Schema.decodeUnknownOption(
  Schema.Union(InternalError, RunLimitExceeded, RunDiverged, RunNotRecovered)
)
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
        return errorOf(
          endpoint,
          `the process of run ${runId} died, so its result is not known; check its effects before you invoke again`
        )
    }
  })
