/** The image of an instance: built by the engine of this machine, and pushed to the registry that the nodes pull from. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import type { Base } from "../../Containerized/ImageSettings.js"
import { entrypoint } from "../../Containerized/Layout.js"
import { DockerClient } from "../../Docker/DockerClient.js"
import { type ImageBuildError, ImageBuilder } from "../../Docker/ImageBuilder.js"
import { DeploymentProvisionFailed } from "../../Errors/Lifecycle.js"
import type { BackendPrepareError, PrepareProgress } from "../../Flavor/Backend.js"
import { errorClause } from "../../Flavor/ErrorText.js"
import { PodImage } from "../Metadata.js"
import type { Request } from "../Objects/Context.js"

/** Builds and pushes the image of a request, or finds the existing one. The result is for {@link imageOf}. */
export const prepareImage = (
  request: Request,
  progress: PrepareProgress
): Effect.Effect<Readonly<Record<string, unknown>>, BackendPrepareError, ImageBuilder | DockerClient> =>
  Effect.gen(function* () {
    const announced = yield* Ref.make(false)
    const announce = Effect.flatMap(Ref.getAndSet(announced, true), (before) =>
      before ? Effect.void : progress("image_building", { snapshot: request.snapshot.label })
    )
    const { image, reused, sizeBytes } = yield* build(request)
    if (!reused) {
      yield* announce
      yield* progress("image_built", { image: image.reference, imageId: image.reference, sizeBytes })
    }
    return encodePrepared(image)
  })

/** The image of a request: the prepared one, else a new one. */
export const imageOf = (request: Request): Effect.Effect<PodImage, BackendPrepareError, ImageBuilder | DockerClient> =>
  Option.match(decodePrepared(request.prepared), {
    onNone: () => Effect.map(build(request), ({ image }) => image),
    onSome: (image) => Effect.succeed(image)
  })

// internal

const encodePrepared = Schema.encodeSync(PodImage)
const decodePrepared = Schema.decodeUnknownOption(PodImage)

const build = (request: Request) =>
  Effect.gen(function* () {
    const { imageRepository, ...settings } = request.settings
    if (imageRepository === undefined) return yield* failed(request.name, withoutRepository)
    const builder = yield* ImageBuilder
    const { images } = yield* DockerClient
    const built = yield* Effect.mapError(
      builder.build({
        snapshot: request.snapshot,
        settings: { ...settings.image, ...(settings.base === undefined ? {} : { base: baseOf(settings.base) }) },
        repository: imageRepository
      }),
      toError(request.name)
    )
    if (built.reference === undefined) return yield* failed(request.name, "its image was not pushed to a registry")
    const inspected = yield* Effect.mapError(images.inspect(built.imageId), (error) =>
      failed(request.name, errorClause(error))
    )
    return {
      image: {
        reference: built.reference,
        entrypoint: inspected.entrypoint.length === 0 ? entrypoint(built.node) : inspected.entrypoint
      },
      reused: built.reused,
      sizeBytes: built.sizeBytes
    }
  })

const withoutRepository =
  "the nodes of a cluster pull images from a registry; set imageRepository to a repository that they reach, such as registry.example.com/team (deploy --image-repository)"

const baseOf = (base: NonNullable<Request["settings"]["base"]>): Base =>
  base === "host" ? { _tag: "host" } : { _tag: "image", reference: base, node: "node" }

const failed = (name: string, reason: string) => new DeploymentProvisionFailed({ name, reason, logs: [] })

const toError =
  (name: string) =>
  (error: ImageBuildError): BackendPrepareError => {
    switch (error._tag) {
      case "DeploymentSnapshotMismatch":
      case "StoreError":
      case "EngineUnavailable":
      case "OutcomeUnknown":
        return error
      default:
        return new DeploymentProvisionFailed({ name, reason: errorClause(error), logs: [], cause: error })
    }
  }
