/** The artifacts of runs, for readers: the outputs of their steps, in the records and in the store of artifacts. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Artifact, ArtifactList } from "../../../Contract/Artifacts.js"
import * as Envelope from "../../../Contract/Envelope.js"
import { ArtifactNotFound, type RunNotFound, type ServiceUnavailable } from "../../../Contract/Errors.js"
import type { ArtifactStoreError } from "../../../Errors/Artifacts.js"
import { textOf } from "../../../Internal/EncodedJson.js"
import type * as Output from "../../../Output.js"
import type * as Pipeline from "../../../Pipeline.js"
import type { StepRun } from "../../../Store/RunStore.js"
import { RunQueries } from "../Records/RunQueries.js"
import * as RunRecorder from "../Records/RunRecorder.js"
import type * as Response from "../Response.js"
import { digestOf } from "./ArtifactKeeper.js"
import { ArtifactSource } from "./ArtifactSource.js"
import * as BinaryOutput from "./BinaryOutput.js"
import type * as ByteSource from "./ByteSource.js"
import * as StoredContent from "./StoredContent.js"

/** An artifact and its content. */
export interface Content {
  readonly artifact: Artifact
  readonly bytes: Uint8Array
}

/** The outputs of a run that are bytes, and their content. */
export interface OutputContent {
  readonly reference: Output.Reference
  readonly source: ByteSource.ByteSource
}

export class RunArtifacts extends Context.Tag("effect-deployers/Server/RunArtifacts")<
  RunArtifacts,
  {
    /** The artifacts of a run in the order in which its steps started. */
    readonly list: (runId: string) => Effect.Effect<ArtifactList, RunNotFound | ServiceUnavailable>
    /** The output of one call of a step. */
    readonly read: (
      runId: string,
      step: string
    ) => Effect.Effect<Content, RunNotFound | ArtifactNotFound | ServiceUnavailable>
    /** The outputs of a run that are bytes. */
    readonly output: (
      runId: string
    ) => Effect.Effect<OutputContent, RunNotFound | ArtifactNotFound | ServiceUnavailable>
  }
>() {}

export const layer: Layer.Layer<RunArtifacts, never, RunQueries | ArtifactSource> = Layer.effect(
  RunArtifacts,
  Effect.gen(function* () {
    const { find } = yield* RunQueries
    const source = yield* ArtifactSource
    const sourceOf = reader(source)
    const contentOf = (runId: string, artifact: Artifact, text: string | undefined) =>
      text === undefined
        ? Effect.flatMap(
            wholeOf(source, artifact.digest),
            Option.match({ onNone: () => Effect.fail(gone(runId, artifact.step)), onSome: Effect.succeed })
          )
        : Effect.succeed(Buffer.from(text))
    return {
      list: (runId) =>
        Effect.map(find(runId, { values: "encoded" }), ({ steps = [] }) => ({
          runId,
          artifacts: steps.flatMap((step) => Option.toArray(Option.map(artifactOf(step), ({ artifact }) => artifact)))
        })),
      read: (runId, step) =>
        Effect.gen(function* () {
          const { steps = [] } = yield* find(runId, { values: "encoded" })
          const found = Option.fromNullable(steps.find(({ name }) => name === step)).pipe(Option.flatMap(artifactOf))
          if (Option.isNone(found)) return yield* missing(runId, step)
          const { artifact, text } = found.value
          return { artifact, bytes: yield* contentOf(runId, artifact, text) }
        }),
      output: (runId) =>
        Effect.gen(function* () {
          const { outputs } = yield* find(runId)
          const reference = BinaryOutput.referenceOf(outputs)
          if (reference === undefined) return yield* noBytes(runId)
          const found = yield* sourceOf(reference)
          return Option.isSome(found) ? { reference, source: found.value } : yield* goneOutput(runId)
        })
    }
  })
)

/**
 * Makes the function that gives the stored answer of a run its bytes again. An answer whose bytes are gone stays the JSON that
 * it is.
 */
export const replayed = (
  pipeline: Pick<Pipeline.Any, "output" | "app">
): Effect.Effect<
  (outcome: {
    readonly answer: Response.Response
    readonly replayOf?: string | undefined
  }) => Effect.Effect<Response.Response, ServiceUnavailable>,
  never,
  ArtifactSource
> =>
  Effect.gen(function* () {
    if (!BinaryOutput.isIn(pipeline)) return ({ answer }) => Effect.succeed(answer)
    const sourceOf = reader(yield* ArtifactSource)
    return ({ answer, replayOf }) => {
      const success = replayOf === undefined ? Option.none() : decodeSuccess(answer.body)
      if (Option.isNone(success)) return Effect.succeed(answer)
      const { executionTimeMillis, metadata, outputs } = success.value
      const reference = BinaryOutput.referenceOf(outputs)
      if (reference === undefined) return Effect.succeed(answer)
      const { parametersUsed: _, ...identity } = metadata
      return Effect.map(
        sourceOf(reference),
        Option.match({
          onNone: () => answer,
          onSome: (source) => ({
            ...answer,
            content: BinaryOutput.contentOf(reference, source, { ...identity, executionTimeMillis })
          })
        })
      )
    }
  })

// internal

const decodeSuccess = Schema.decodeUnknownOption(Schema.parseJson(Envelope.invokeSuccess(Schema.Unknown)))

/** Finds contents by their descriptions. */
const reader =
  ({ store }: ArtifactSource["Type"]) =>
  (content: StoredContent.Described): Effect.Effect<Option.Option<ByteSource.ByteSource>, ServiceUnavailable> =>
    Effect.catchAll(
      Effect.flatMap(store, (known) => StoredContent.find(known, content)),
      unreadable
    )

const wholeOf = ({ store }: ArtifactSource["Type"], digest: string) =>
  Effect.catchAll(
    Effect.flatMap(store, ({ get }) => get(digest)),
    unreadable
  )

const unreadable = (error: ArtifactStoreError) =>
  Effect.zipRight(Effect.logError("An artifact could not be read.", error), RunRecorder.unavailable)

const noBytes = (runId: string) =>
  new ArtifactNotFound({
    message: `Run ${runId} has no outputs that are bytes on record; its outputs as JSON are in the record of the run.`,
    runId,
    step: BinaryOutput.artifactName
  })

const goneOutput = (runId: string) =>
  new ArtifactNotFound({
    message: `The output of run ${runId} is not in the store of artifacts any more.`,
    runId,
    step: BinaryOutput.artifactName
  })

const contentType = "application/json"

/** A step without an output, or in progress, has no artifact. An output of the record has its text. */
const artifactOf = (
  step: StepRun
): Option.Option<{ readonly artifact: Artifact; readonly text: string | undefined }> => {
  const { artifact, cachedFrom, finishedAt, inputDigest, name, outputs, startedAt, status } = step
  if (status !== "succeeded") return Option.none()
  const lineage = {
    ...(inputDigest === undefined ? {} : { inputDigest }),
    ...(cachedFrom === undefined ? {} : { cachedFrom })
  }
  const made = { step: name, contentType, createdAt: finishedAt ?? startedAt, ...lineage }
  if (artifact !== undefined) {
    return Option.some({ artifact: { ...made, ...artifact, place: "store" }, text: undefined })
  }
  const text = textOf(outputs)
  if (text === undefined) return Option.none()
  const ref = { digest: digestOf(text), bytes: Buffer.byteLength(text) }
  return Option.some({ artifact: { ...made, ...ref, place: "record" }, text })
}

const missing = (runId: string, step: string) =>
  new ArtifactNotFound({ message: `Run ${runId} has no output of a step of that name.`, runId, step })

const gone = (runId: string, step: string) =>
  new ArtifactNotFound({
    message: `The output of that step of run ${runId} is not in the store of artifacts any more.`,
    runId,
    step
  })
