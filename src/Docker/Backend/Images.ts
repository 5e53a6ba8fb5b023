/** The image an instance runs. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import { entrypoint as ownEntrypoint } from "../../Containerized/Layout.js"
import { DeploymentProvisionFailed, type EngineUnavailable, type OutcomeUnknown } from "../../Errors/Lifecycle.js"
import type { BackendPrepareError, PrepareProgress, ProvisionRequest } from "../../Flavor/Backend.js"
import { errorClause } from "../../Flavor/ErrorText.js"
import { DockerClient, type ImageNotFound, type QueryError } from "../DockerClient.js"
import { type BuildEvent, type ImageBuildError, ImageBuilder } from "../ImageBuilder.js"
import type { DockerSettings } from "../Settings.js"
import { toUnavailable } from "./Failures.js"
import type { Ingredients } from "./Hardening.js"

/**
 * Builds the image of a request, or finds the one it has. Answers what {@link imageOf} and {@link engineIdOf} want to know.
 */
export const prepareImage = (
  request: ProvisionRequest<DockerSettings>,
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
        makesSomething(event) ? announce : Effect.void
      )
    ).pipe(Effect.mapError((error) => toPrepareError(request.name, error)))
    const [{ imageId, name, node, reused, sizeBytes }, engineId] = yield* Effect.all([built, currentEngine], {
      concurrency: 2
    })
    if (reused) return encodePrepared({ imageId, node, engineId })
    yield* announce
    yield* progress("image_built", { image: name, imageId, sizeBytes })
    // Building takes long enough for another engine to be there by now.
    return encodePrepared({ imageId, node, engineId: yield* currentEngine })
  })

/** The id of the engine that is asked for a request: the one that had its image just now, else what it says. */
export const engineIdOf = (
  request: ProvisionRequest<DockerSettings>
): Effect.Effect<string, QueryError, DockerClient> =>
  Option.match(decodePrepared(request.prepared), {
    onNone: () => engineId,
    onSome: ({ engineId }) => Effect.succeed(engineId)
  })

/** How finding the image of a request fails. */
export type ImageError = DeploymentProvisionFailed | EngineUnavailable | OutcomeUnknown | ImageNotFound | QueryError

/** The image of a request: what was prepared, if the engine still has it, else what is built or found now. */
export const imageOf = (
  request: ProvisionRequest<DockerSettings>
): Effect.Effect<Ingredients["image"], ImageError, ImageBuilder | DockerClient> =>
  Option.match(decodePrepared(request.prepared), {
    onNone: () => builtNow(request),
    onSome: (prepared) => Effect.catchTag(withEntrypoint(prepared), "ImageNotFound", () => builtNow(request))
  })

// internal

const builtNow = (request: ProvisionRequest<DockerSettings>) =>
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

const engineId = Effect.flatMap(DockerClient, ({ engine }) => Effect.map(engine.info, ({ id }) => id))

const currentEngine = Effect.mapError(engineId, toUnavailable("make an image"))

const PreparedImage = Schema.Struct({ imageId: Schema.String, node: Schema.String, engineId: Schema.String })
const encodePrepared = Schema.encodeSync(PreparedImage)
const decodePrepared = Schema.decodeUnknownOption(PreparedImage)

const build = (request: ProvisionRequest<DockerSettings>, onProgress: (event: BuildEvent) => Effect.Effect<void>) =>
  Effect.flatMap(ImageBuilder, (builder) =>
    builder.build({ snapshot: request.snapshot, settings: request.settings.image, onProgress })
  )

const makesSomething = (event: BuildEvent): boolean =>
  event._tag === "LayerWritten" ? !event.known : making.has(event._tag)

const making: ReadonlySet<BuildEvent["_tag"]> = new Set(["Pulling", "Sending", "EngineSaid"])

const toPrepareError = (name: string, error: ImageBuildError): BackendPrepareError => {
  switch (error._tag) {
    case "DeploymentSnapshotMismatch":
    case "StoreError":
      return error
    default:
      return toStartError(name, error)
  }
}

const toStartError = (name: string, error: ImageBuildError) => {
  switch (error._tag) {
    case "EngineUnavailable":
    case "OutcomeUnknown":
      return error
    default:
      return new DeploymentProvisionFailed({ name, reason: errorClause(error), logs: [], cause: error })
  }
}
