/** The outcome of a run: its record and its answer, from the exit of its fiber. */
import * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Envelope from "../../Contract/Envelope.js"
import { InternalError, RunInterrupted, RunTimedOut } from "../../Contract/Errors.js"
import type { EncodedJson } from "../../Internal/EncodedJson.js"
import type * as Pipeline from "../../Pipeline.js"
import type { Ids } from "../../Store/Ids.js"
import * as SchemaCodec from "../HotPath/SchemaCodec.js"
import * as SyncOrFiber from "../HotPath/SyncOrFiber.js"
import type { ActiveRun, Ending } from "./ActiveRun.js"
import * as Response from "./Response.js"
import * as RunFailures from "./RunFailures.js"
import type { Interruption } from "./RunFiber.js"

/** A run whose fiber has ended. */
export interface Ended {
  readonly run: ActiveRun
  readonly exit: Exit.Exit<unknown, unknown>
  /** The time from its acceptance to the end of its program. */
  readonly elapsedMillis: number
  readonly interruption: Interruption | undefined
  readonly parametersUsed: EncodedJson | undefined
}

export interface Outcome {
  readonly ending: Ending
  readonly answer: Response.Response
}

/** The deployment and snapshot of a service. */
export type Identity = Omit<Envelope.Identity, "pipelineName">

/** Makes the judge of a pipeline's runs. */
export const judge = (
  pipeline: Pipeline.Any,
  identity: Identity,
  ids: Context.Tag.Service<Ids>
): ((ended: Ended) => Effect.Effect<Outcome>) => {
  const encodeOutputs = SchemaCodec.jsonEncoder(pipeline.output)
  const succeeded = successes(pipeline, identity)
  const encodeFailure = RunFailures.encoder(pipeline)
  return (ended) =>
    Exit.match(ended.exit, {
      onSuccess: (value) =>
        judgeOutputs(encodeOutputs(value), {
          onFit: (outputs) => succeeded(ended, outputs),
          onMisfit: (reason) => broken(ids, ended.run, `The outputs do not fit the pipeline's schema: ${reason}`)
        }),
      onFailure: (cause) => {
        const failure = Option.getOrUndefined(Cause.failureOption(Cause.map(cause, (error) => ({ error }))))
        if (failure !== undefined) {
          return Effect.matchEffect(encodeFailure(failure.error), {
            onSuccess: (typed) => Effect.succeed(failed(ended.run, typed)),
            onFailure: (reason) =>
              broken(ids, ended.run, `A failure cannot be answered, because ${reason}:\n${RunFailures.render(cause)}`)
          })
        }
        return ended.interruption !== undefined && Cause.isInterrupted(cause)
          ? Effect.succeed(interrupted(ended.run, ended.interruption))
          : broken(ids, ended.run, RunFailures.render(cause))
      }
    })
}

/** The answer to an unexpected error: an opaque id, under which the details are logged. */
export const internalError = (
  ids: Context.Tag.Service<Ids>,
  details: string,
  runId?: string
): Effect.Effect<InternalError> =>
  Effect.flatMap(ids.next, (id) =>
    Effect.logError(details).pipe(
      Effect.annotateLogs({ errorId: id, ...(runId === undefined ? {} : { runId }) }),
      Effect.as(
        new InternalError({
          message: "Something went wrong inside the service; its log has the details under this id.",
          id,
          ...(runId === undefined ? {} : { runId })
        })
      )
    )
  )

// internal

const judgeOutputs = (
  encoded: Effect.Effect<EncodedJson | undefined, string>,
  on: {
    readonly onFit: (outputs: EncodedJson | undefined) => Outcome
    readonly onMisfit: (reason: string) => Effect.Effect<Outcome>
  }
): Effect.Effect<Outcome> =>
  SyncOrFiber.isEither(encoded) && Either.isRight(encoded)
    ? Exit.succeed(on.onFit(encoded.right))
    : Effect.matchEffect(encoded, {
        onSuccess: (outputs) => Effect.succeed(on.onFit(outputs)),
        onFailure: on.onMisfit
      })

const successes = (
  pipeline: Pipeline.Any,
  identity: Identity
): ((ended: Ended, outputs: EncodedJson | undefined) => Outcome) => {
  const write = Envelope.successWriter({ ...identity, pipelineName: pipeline.name })
  return (
    { elapsedMillis: executionTimeMillis, parametersUsed, run: { id: runId, index: runIndex, name: runName } },
    outputs
  ) => ({
    ending: { status: "succeeded", outputs },
    answer: Response.ofJson(200, write({ runId, runIndex, runName, parametersUsed, outputs, executionTimeMillis }))
  })
}

const failed = (run: ActiveRun, typed: RunFailures.TypedFailure): Outcome => {
  const body: Envelope.PipelineFailure<unknown> = { ...typed.body, runId: run.id }
  return {
    ending: { status: "failed", error: typed.body },
    answer: Response.ofJson(typed.status, JSON.stringify(body))
  }
}

/** The outcome of a run that ended with an unexpected error. */
export const broken = (ids: Context.Tag.Service<Ids>, run: ActiveRun, details: string): Effect.Effect<Outcome> =>
  Effect.map(internalError(ids, details, run.id), (error) => ({
    ending: { status: "failed", error: Response.encodeError(error) },
    answer: Response.ofError(error)
  }))

const interrupted = (run: ActiveRun, { cause, timeoutMillis }: Interruption): Outcome => {
  const error = interruptionError(run, cause, timeoutMillis)
  return {
    ending: { status: "interrupted", cause, error: Response.encodeError(error) },
    answer: Response.ofError(error)
  }
}

const interruptionError = (
  run: ActiveRun,
  cause: Interruption["cause"],
  timeoutMillis = 0
): RunTimedOut | RunInterrupted => {
  switch (cause) {
    case "timeout":
      return new RunTimedOut({
        message: `The run did not finish within ${timeoutMillis} ms and was interrupted.`,
        runId: run.id,
        timeoutMillis
      })
    case "shutdown":
      return new RunInterrupted({
        message: "The service stopped before the run could finish.",
        runId: run.id,
        reason: "shutdown"
      })
    default:
      return new RunInterrupted({ message: "The run was interrupted.", runId: run.id, reason: "cancelled" })
  }
}
