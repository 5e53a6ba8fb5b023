/** The image of an instance. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import { entrypoint as ownEntrypoint } from "../../Containerized/Layout.js"
import { DeploymentProvisionFailed, type EngineUnavailable, type OutcomeUnknown } from "../../Errors/Lifecycle.js"
import type { BackendPrepareError, PrepareProgress } from "../../Flavor/Backend.js"
import { errorClause } from "../../Flavor/ErrorText.js"
import { DockerClient, type ImageNotFound, type QueryError } from "../DockerClient.js"
import { toUnavailable } from "../EngineErrors.js"
import { type BuildEvent, type ImageBuildError, ImageBuilder } from "../ImageBuilder.js"
import { currentEngineId } from "./Lookup.js"
import type { Parts, Request } from "./ServiceContainer.js"
import { imageSettingsOf } from "./SettingForms.js"

/** Builds the image of a request or finds the existing one. The result is for {@link imageOf} and {@link engineIdOf}. */
export const prepareImage = (
  request: Request,
  progress: PrepareProgress
): Effect.Effect<Readonly<Record<string, unknown>>, BackendPrepareError, ImageBuilder | DockerClient> =>
  Effect.gen(function* () {
    const announced = yield* Ref.make(false)
    const announce = Effect.flatMap(Ref.getAndSet(announced, true), (before) =>
      before ? Effect.void : progress("image_building", { snapshot: request.snapshot.label })
    )
    const built = build(request, (event) =>
      Effect.zipRight(
        Effect.logDebug(`Image of ${request.snapshot.label}: ${event._tag}`).pipe(Effect.annotateLogs("event", event)),
        isWork(event) ? announce : Effect.void
      )
    ).pipe(Effect.mapError((error) => toPrepareError(request.name, error)))
    const [{ imageId, name, node, reused, sizeBytes }, engineId] = yield* Effect.all([built, currentEngine], {
      concurrency: 2
    })
    if (reused) return encodePrepared({ imageId, node, engineId })
    yield* announce
    yield* progress("image_built", { image: name, imageId, sizeBytes })
    // A build takes long enough for another engine to be in use by now.
    return encodePrepared({ imageId, node, engineId: yield* currentEngine })
  })

/** The id of the engine for a request: the engine that had its image a moment ago, else the engine in use. */
export const engineIdOf = (request: Request): Effect.Effect<string, QueryError, DockerClient> =>
  Option.match(decodePrepared(request.prepared), {
    onNone: () => currentEngineId,
    onSome: ({ engineId }) => Effect.succeed(engineId)
  })

/** The failures of {@link imageOf}. */
export type ImageError = DeploymentProvisionFailed | EngineUnavailable | OutcomeUnknown | ImageNotFound | QueryError

/** The image of a request: the prepared one, or a new one if the engine does not have that any more. */
export const imageOf = (request: Request): Effect.Effect<Parts["image"], ImageError, ImageBuilder | DockerClient> =>
  Option.match(decodePrepared(request.prepared), {
    onNone: () => builtNow(request),
    onSome: (prepared) => Effect.catchTag(withEntrypoint(prepared), "ImageNotFound", () => builtNow(request))
  })

// internal

const builtNow = (request: Request) =>
  build(request, () => Effect.void).pipe(
    Effect.mapError((error) => toStartError(request.name, error)),
    Effect.flatMap(withEntrypoint)
  )

const withEntrypoint = ({ imageId, node }: Pick<typeof PreparedImage.Type, "imageId" | "node">) =>
  Effect.gen(function* () {
    const { images } = yield* DockerClient
    const { entrypoint } = yield* images.inspect(imageId)
    return { imageId, node, entrypoint: entrypoint.length === 0 ? ownEntrypoint(node) : entrypoint }
  })

const currentEngine = Effect.mapError(currentEngineId, toUnavailable("make an image"))

const PreparedImage = Schema.Struct({ imageId: Schema.String, node: Schema.String, engineId: Schema.String })
const encodePrepared = Schema.encodeSync(PreparedImage)
const decodePrepared = Schema.decodeUnknownOption(PreparedImage)

const build = (request: Request, onProgress: (event: BuildEvent) => Effect.Effect<void>) =>
  Effect.flatMap(ImageBuilder, (builder) =>
    builder.build({ snapshot: request.snapshot, settings: imageSettingsOf(request.settings), onProgress })
  )

const isWork = (event: BuildEvent): boolean => (event._tag === "LayerWritten" ? !event.known : work.has(event._tag))

const work: ReadonlySet<BuildEvent["_tag"]> = new Set(["Pulling", "Sending", "EngineSaid"])

const toPrepareError = (name: string, error: ImageBuildError): BackendPrepareError =>
  error._tag === "DeploymentSnapshotMismatch" || error._tag === "StoreError" ? error : toStartError(name, error)

const toStartError = (name: string, error: ImageBuildError) =>
  error._tag === "EngineUnavailable" || error._tag === "OutcomeUnknown"
    ? error
    : new DeploymentProvisionFailed({ name, reason: errorClause(error), logs: [], cause: error })
