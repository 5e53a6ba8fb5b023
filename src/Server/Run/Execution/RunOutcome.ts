/** The outcome of a run: its record and its answer, from the exit of its fiber. */
import * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type { ArtifactRef } from "../../../Contract/Artifacts.js"
import * as Envelope from "../../../Contract/Envelope.js"
import {
  InternalError,
  type RunDiverged,
  RunInterrupted,
  type RunLimitExceeded,
  type RunNotRecovered,
  RunTimedOut
} from "../../../Contract/Errors.js"
import type { EncodedJson } from "../../../Internal/EncodedJson.js"
import type * as Pipeline from "../../../Pipeline.js"
import type { Ids } from "../../../Store/Ids.js"
import * as JsonSize from "../../HotPath/JsonSize.js"
import { TooLarge } from "../../HotPath/JsonSize.js"
import * as SchemaCodec from "../../HotPath/SchemaCodec.js"
import * as SyncOrFiber from "../../HotPath/SyncOrFiber.js"
import * as BinaryOutput from "../Artifacts/BinaryOutput.js"
import * as RunLimits from "../Limits/RunLimits.js"
import * as Response from "../Response.js"
import type { ActiveRun, Ending } from "./ActiveRun.js"
import * as RunFailures from "./RunFailures.js"
import type { Interruption } from "./RunFiber.js"

/** A run whose fiber has ended. */
export interface Ended {
  readonly run: ActiveRun
  /** The name of the pipeline that ran: in a group that of its member. */
  readonly subject: string
  readonly exit: Exit.Exit<unknown, unknown>
  /** The time from its acceptance to the end of its program. */
  readonly elapsedMillis: number
  readonly interruption: Interruption | undefined
  readonly parametersUsed: EncodedJson | undefined
}

export interface Outcome {
  readonly ending: Ending
  readonly answer: Response.Response
  /** The content of outputs that are bytes. */
  readonly artifact?: ArtifactRef | undefined
}

/** The deployment and snapshot of a service. */
export type Identity = Omit<Envelope.Identity, "pipelineName">

/** The context of every judgement of a service. */
export interface Judging {
  readonly identity: Identity
  readonly ids: Context.Tag.Service<Ids>
  readonly limits: RunLimits.Limits
}

/** Makes the judge of a pipeline's runs. */
export const judge = (pipeline: Pipeline.Any, judging: Judging): ((ended: Ended) => Effect.Effect<Outcome>) => {
  const { identity, ids, limits } = judging
  const encodeOutputs = SchemaCodec.jsonEncoder(pipeline.output)
  const succeeded = successes(identity)
  const failed = failures(pipeline, judging)
  return (ended) =>
    Exit.match(ended.exit, {
      onSuccess: (value) => {
        if (value instanceof BinaryOutput.BinaryOutput)
          return Effect.succeed(succeededWith(succeeded, identity, ended, value))
        // The caller has the elements, and the record has them as events.
        if (ended.run.takesElements) return Effect.succeed(succeeded(ended, undefined))
        return judgeOutputs(encodeOutputs(value, limits.maxOutputBytes), {
          onFit: (outputs) => succeeded(ended, outputs),
          onMisfit: (misfit) =>
            misfit instanceof TooLarge
              ? Effect.succeed(tooLarge(judging, ended.run, misfit, "maxOutputBytes"))
              : broken(ids, ended.run, `The outputs do not fit the pipeline's schema: ${misfit}`)
        })
      },
      onFailure: (cause) => {
        const failure = Option.getOrUndefined(Cause.failureOption(Cause.map(cause, (error) => ({ error }))))
        if (failure !== undefined) return failed(ended.run, failure.error, cause)
        if (ended.interruption !== undefined && Cause.isInterrupted(cause)) {
          return Effect.succeed(interrupted(ended.run, ended.interruption))
        }
        const excess = RunLimits.ofCause(cause, ended.run.id)
        return excess === undefined
          ? broken(ids, ended.run, RunFailures.render(cause))
          : Effect.succeed(failedWith(excess))
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
  encoded: Effect.Effect<EncodedJson | undefined, SchemaCodec.Misfit>,
  on: {
    readonly onFit: (outputs: EncodedJson | undefined) => Outcome
    readonly onMisfit: (misfit: SchemaCodec.Misfit) => Effect.Effect<Outcome>
  }
): Effect.Effect<Outcome> =>
  SyncOrFiber.isEither(encoded) && Either.isRight(encoded)
    ? Exit.succeed(on.onFit(encoded.right))
    : Effect.matchEffect(encoded, {
        onSuccess: (outputs) => Effect.succeed(on.onFit(outputs)),
        onFailure: on.onMisfit
      })

type Successes = (ended: Ended, outputs: EncodedJson | undefined) => Outcome

const successes = (identity: Identity): Successes => {
  const writers = new Map<string, ReturnType<typeof Envelope.successWriter>>()
  const writerOf = (pipelineName: string) => {
    const known = writers.get(pipelineName)
    if (known !== undefined) return known
    const writer = Envelope.successWriter({ ...identity, pipelineName })
    writers.set(pipelineName, writer)
    return writer
  }
  return (
    {
      elapsedMillis: executionTimeMillis,
      parametersUsed,
      run: { id: runId, index: runIndex, name: runName, response = unset },
      subject
    },
    outputs
  ) => {
    const body = writerOf(subject)({ runId, runIndex, runName, parametersUsed, outputs, executionTimeMillis })
    return {
      ending: { status: "succeeded", outputs },
      answer: Response.ofJson(response.status, body, response.headers)
    }
  }
}

/** The outcome of a run whose outputs are bytes: the reference in its record and in JSON, and the bytes for its caller. */
const succeededWith = (
  succeeded: Successes,
  identity: Identity,
  ended: Ended,
  output: BinaryOutput.BinaryOutput
): Outcome => {
  const { answer, ending } = succeeded(ended, output.outputs)
  const { elapsedMillis: executionTimeMillis, run, subject: pipelineName } = ended
  const { id: runId, index: runIndex, name: runName } = run
  const metadata = { ...identity, pipelineName, runId, runIndex, runName, executionTimeMillis }
  const content = BinaryOutput.contentOf(output.reference, output.source, metadata)
  return { ending, answer: { ...answer, content }, artifact: output.artifact }
}

/** The response of a run whose pipeline sets nothing. */
const unset: { readonly status: number; readonly headers?: Readonly<Record<string, string>> } = { status: 200 }

const failures = (
  pipeline: Pipeline.Any,
  judging: Judging
): ((run: ActiveRun, error: unknown, cause: Cause.Cause<unknown>) => Effect.Effect<Outcome>) => {
  const { ids, limits } = judging
  const encode = RunFailures.encoder(pipeline)
  return (run, error, cause) =>
    Effect.matchEffect(encode(error, limits.maxErrorBytes), {
      onSuccess: (typed) => Effect.succeed(failed(judging, run, typed)),
      onFailure: (misfit) =>
        misfit instanceof TooLarge
          ? Effect.succeed(tooLarge(judging, run, misfit, "maxErrorBytes", RunFailures.tagOnly(error)._tag))
          : broken(ids, run, `A failure cannot be answered, because ${misfit}:\n${RunFailures.render(cause)}`)
    })
}

const failed = (judging: Judging, run: ActiveRun, typed: RunFailures.TypedFailure): Outcome => {
  const body: Envelope.PipelineFailure<unknown> = { ...typed.body, runId: run.id }
  const text = JSON.stringify(body)
  const bytes = JsonSize.bytesOf(text, judging.limits.maxErrorBytes)
  return bytes > judging.limits.maxErrorBytes
    ? tooLarge(judging, run, new TooLarge(bytes), "maxErrorBytes", body._tag)
    : { ending: { status: "failed", error: typed.body }, answer: Response.ofJson(typed.status, text) }
}

const tooLarge = (
  { limits }: Judging,
  run: ActiveRun,
  { bytes }: TooLarge,
  limit: RunLimits.Limit,
  of?: string
): Outcome => failedWith(RunLimits.exceeded(limits, { runId: run.id, limit, of, actual: bytes }))

/** The outcome of a run that failed with an error of the runtime, which its caller and its record have. */
export const failedWith = (error: InternalError | RunLimitExceeded | RunDiverged | RunNotRecovered): Outcome => ({
  ending: { status: "failed", error: Response.encodeError(error) },
  answer: Response.ofError(error)
})

/** The outcome of a run that ended with an unexpected error. */
export const broken = (ids: Context.Tag.Service<Ids>, run: ActiveRun, details: string): Effect.Effect<Outcome> =>
  Effect.map(internalError(ids, details, run.id), failedWith)

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
