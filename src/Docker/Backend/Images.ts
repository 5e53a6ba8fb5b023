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
import { type BuildEvent, type BuiltImage, type ImageBuildError, ImageBuilder } from "../ImageBuilder.js"
import { currentEngineId } from "./Lookup.js"
import type { Parts, Request } from "./ServiceContainer.js"
import { imageSettingsOf, type SettingsOfImage } from "./SettingForms.js"

/** The parts of a request that decide about its image. */
export interface ImageRequest extends Pick<Request, "name" | "snapshot" | "prepared"> {
  readonly settings: SettingsOfImage
}

/** Builds the image of a request or finds the existing one. The result is for {@link imageOf} and {@link engineIdOf}. */
export const prepareImage = (
  request: ImageRequest,
  progress: PrepareProgress
): Effect.Effect<Readonly<Record<string, unknown>>, BackendPrepareError, ImageBuilder | DockerClient> =>
  Effect.gen(function* () {
    const events = yield* eventsOf(request, progress)
    const built = build(request, (event) =>
      Effect.zipRight(
        Effect.logDebug(`Image of ${request.snapshot.label}: ${event._tag}`).pipe(Effect.annotateLogs("event", event)),
        events.ofBuild(event)
      )
    ).pipe(Effect.mapError((error) => toPrepareError(request.name, error)))
    const [image, engineId] = yield* Effect.all([built, currentEngine], { concurrency: 2 })
    const { imageId, node, reference, reused } = image
    const prepared = { imageId, node, ...(reference === undefined ? {} : { reference }) }
    if (reused) return encodePrepared({ ...prepared, engineId })
    yield* events.built(image)
    // A build takes long enough for another engine to be in use by now.
    return encodePrepared({ ...prepared, engineId: yield* currentEngine })
  })

/** The id of the engine for a request: the engine that had its image a moment ago, else the engine in use. */
export const engineIdOf = (request: ImageRequest): Effect.Effect<string, QueryError, DockerClient> =>
  Option.match(decodePrepared(request.prepared), {
    onNone: () => currentEngineId,
    onSome: ({ engineId }) => Effect.succeed(engineId)
  })

/** The failures of {@link imageOf}. */
export type ImageError = DeploymentProvisionFailed | EngineUnavailable | OutcomeUnknown | ImageNotFound | QueryError

/** The image of a request: the prepared one, or a new one if the engine does not have that any more. */
export const imageOf = (
  request: ImageRequest
): Effect.Effect<Parts["image"], ImageError, ImageBuilder | DockerClient> =>
  Option.match(decodePrepared(request.prepared), {
    onNone: () => builtNow(request),
    onSome: (prepared) => Effect.catchTag(withEntrypoint(prepared), "ImageNotFound", () => builtNow(request))
  })

// internal

const builtNow = (request: ImageRequest) =>
  build(request, () => Effect.void).pipe(
    Effect.mapError((error) => toStartError(request.name, error)),
    Effect.flatMap(withEntrypoint)
  )

const withEntrypoint = ({ imageId, node, reference }: Omit<typeof PreparedImage.Type, "engineId">) =>
  Effect.gen(function* () {
    const { images } = yield* DockerClient
    const { entrypoint } = yield* images.inspect(imageId)
    return { imageId, reference, node, entrypoint: entrypoint.length === 0 ? ownEntrypoint(node) : entrypoint }
  })

const currentEngine = Effect.mapError(currentEngineId, toUnavailable("make an image"))

const PreparedImage = Schema.Struct({
  imageId: Schema.String,
  node: Schema.String,
  engineId: Schema.String,
  /** The image by digest in its repository. */
  reference: Schema.optional(Schema.String)
})
const encodePrepared = Schema.encodeSync(PreparedImage)
const decodePrepared = Schema.decodeUnknownOption(PreparedImage)

const build = (request: ImageRequest, onProgress: (event: BuildEvent) => Effect.Effect<void>) =>
  Effect.flatMap(ImageBuilder, (builder) =>
    builder.build({
      snapshot: request.snapshot,
      settings: imageSettingsOf(request.settings),
      repository: request.settings.imageRepository,
      onProgress
    })
  )

/** The events of an operation that follow from those of a build. The image is announced, and said to be built, once. */
const eventsOf = (request: ImageRequest, progress: PrepareProgress) =>
  Effect.gen(function* () {
    const told = yield* Ref.make<ReadonlySet<string>>(new Set())
    const once = (...[type, data]: Parameters<PrepareProgress>) =>
      Effect.flatMap(
        Ref.modify(told, (before) => [before.has(type), new Set([...before, type])] as const),
        (known) => (known ? Effect.void : progress(type, data))
      )
    const announced = once("image_building", { snapshot: request.snapshot.label })
    const built = ({ imageId, name, sizeBytes }: Pick<BuiltImage, "imageId" | "name" | "sizeBytes">) =>
      Effect.zipRight(announced, once("image_built", { image: name, imageId, sizeBytes }))
    const ofBuild = (event: BuildEvent): Effect.Effect<void> => {
      switch (event._tag) {
        case "Finished":
          return built({ ...event, name: event.image })
        case "Pushing":
          return progress("image_pushing", { message: event.image })
        case "Pushed":
          return progress("image_pushed", { message: event.reference })
        default:
          return isWork(event) ? announced : Effect.void
      }
    }
    return { ofBuild, built }
  })

const isWork = (event: BuildEvent): boolean => (event._tag === "LayerWritten" ? !event.known : work.has(event._tag))

const work: ReadonlySet<BuildEvent["_tag"]> = new Set(["Pulling", "Sending", "EngineSaid"])

const toPrepareError = (name: string, error: ImageBuildError): BackendPrepareError =>
  error._tag === "DeploymentSnapshotMismatch" || error._tag === "StoreError" ? error : toStartError(name, error)

const toStartError = (name: string, error: ImageBuildError) =>
  error._tag === "EngineUnavailable" || error._tag === "OutcomeUnknown"
    ? error
    : new DeploymentProvisionFailed({ name, reason: errorClause(error), logs: [], cause: error })
