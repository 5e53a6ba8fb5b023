/** Which way the files of a deployment go, and how they are taken back whichever way they went. */
import type { PlatformError } from "@effect/platform/Error"
import type { FileSystem } from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Instance } from "../../../Flavor/Backend.js"
import type { Home } from "../../../Store/Home.js"
import { DockerClient, type EngineUnreachable } from "../../DockerClient.js"
import { BackendContext } from "../BackendContext.js"
import { bindMounts } from "./BindMounts.js"
import { engineVolumes } from "./EngineVolumes.js"
import { dataVolumeOf, removeDeployment, removeGeneration } from "./Files.js"
import type { MountStrategy, Needs, TakingError } from "./Strategy.js"

/**
 * How a deployment gets its files: in volumes if its data is in one already or the engine is another machine, unless the
 * site says which way.
 */
export const deliveryOf = (
  deployment: Pick<Instance, "deploymentId">
): Effect.Effect<MountStrategy, EngineUnreachable | PlatformError, DockerClient | Home | FileSystem | BackendContext> =>
  Effect.gen(function* () {
    if (Option.isSome(yield* dataVolumeOf(deployment))) return engineVolumes
    const { host } = yield* DockerClient
    const { remote } = yield* host
    const { files = remote ? "volumes" : "bindMounts" } = yield* BackendContext
    return files === "volumes" ? engineVolumes : bindMounts
  })

/**
 * Takes back the files that containers of a generation were given, its secrets first. What was written down about it
 * stays, and so does the data.
 */
export const takeFiles = (
  instance: Pick<Instance, "deploymentId" | "generation">
): Effect.Effect<void, TakingError, Needs> =>
  Effect.forEach(deliveries, ({ take }) => take(instance), { discard: true })

/** Removes the files of a generation, its secrets first. The data stays. */
export const removeFiles = (
  instance: Pick<Instance, "deploymentId" | "generation">
): Effect.Effect<void, TakingError, Needs> => Effect.zipRight(takeFiles(instance), removeGeneration(instance))

/** Removes all files of a deployment, its data too. */
export const removeAllFiles = (deployment: Pick<Instance, "deploymentId">): Effect.Effect<void, TakingError, Needs> =>
  Effect.zipRight(
    Effect.forEach(deliveries, ({ takeAll }) => takeAll(deployment), { discard: true }),
    removeDeployment(deployment)
  )

// internal

const deliveries: ReadonlyArray<MountStrategy> = [bindMounts, engineVolumes]
