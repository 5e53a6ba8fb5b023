/** The artifacts of runs, for readers: the outputs of their steps, in the records and in the store of artifacts. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type { Artifact, ArtifactList } from "../../Contract/Artifacts.js"
import { ArtifactNotFound, type RunNotFound, type ServiceUnavailable } from "../../Contract/Errors.js"
import type { StepRun } from "../../Store/RunStore.js"
import { digestOf } from "./ArtifactKeeper.js"
import { ArtifactSource } from "./ArtifactSource.js"
import { RunQueries } from "./RunQueries.js"
import * as RunRecorder from "./RunRecorder.js"

/** An artifact and its content. */
export interface Content {
  readonly artifact: Artifact
  readonly bytes: Uint8Array
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
  }
>() {}

export const layer: Layer.Layer<RunArtifacts, never, RunQueries | ArtifactSource> = Layer.effect(
  RunArtifacts,
  Effect.gen(function* () {
    const { find } = yield* RunQueries
    const source = yield* ArtifactSource
    const contentOf = (runId: string, artifact: Artifact, text: string | undefined) =>
      text === undefined
        ? Effect.flatMap(source.store, ({ get }) => get(artifact.digest)).pipe(
            Effect.catchAll((error) =>
              Effect.zipRight(Effect.logError("An artifact could not be read.", error), RunRecorder.unavailable)
            ),
            Effect.flatMap(
              Option.match({ onNone: () => Effect.fail(gone(runId, artifact.step)), onSome: Effect.succeed })
            )
          )
        : Effect.succeed(Buffer.from(text))
    return {
      list: (runId) =>
        Effect.map(find(runId), ({ steps = [] }) => ({
          runId,
          artifacts: steps.flatMap((step) => Option.toArray(Option.map(artifactOf(step), ({ artifact }) => artifact)))
        })),
      read: (runId, step) =>
        Effect.gen(function* () {
          const { steps = [] } = yield* find(runId)
          const found = Option.fromNullable(steps.find(({ name }) => name === step)).pipe(Option.flatMap(artifactOf))
          if (Option.isNone(found)) return yield* missing(runId, step)
          const { artifact, text } = found.value
          return { artifact, bytes: yield* contentOf(runId, artifact, text) }
        })
    }
  })
)

// internal

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
  if (outputs === undefined) return Option.none()
  const text = JSON.stringify(outputs)
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
