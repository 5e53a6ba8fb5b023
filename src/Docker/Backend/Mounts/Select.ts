/** Chooses the mount strategy of a deployment, and removes the files of both strategies. */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Intake } from "../../../Deployment/Intake.js"
import type { Instance, Keys } from "../../../Flavor/Instance.js"
import { folders } from "../../../Flavor/InstanceFiles.js"
import * as InstanceIntake from "../../../Flavor/InstanceIntake.js"
import type { Home } from "../../../Store/Home.js"
import { DockerClient, type EngineUnreachable } from "../../DockerClient.js"
import { BackendContext } from "../BackendContext.js"
import { bindMounts } from "./BindMounts.js"
import { engineVolumes } from "./EngineVolumes.js"
import { dataVolumeOf } from "./Files.js"
import type { IntakeError, MountStrategy, Needs, RemoveError } from "./Strategy.js"

/**
 * Volumes if the data of the deployment is in one already, or if the engine is another machine and the backend has no
 * choice of its own; else bind mounts.
 */
export const strategyFor = (
  deployment: Pick<Instance, "deploymentId">
): Effect.Effect<
  MountStrategy,
  EngineUnreachable | PlatformError,
  DockerClient | Home | FileSystem.FileSystem | BackendContext
> =>
  Effect.gen(function* () {
    if (Option.isSome(yield* dataVolumeOf(deployment))) return engineVolumes
    const { host } = yield* DockerClient
    const { remote } = yield* host
    const { files = remote ? "volumes" : "bindMounts" } = yield* BackendContext
    return files === "volumes" ? engineVolumes : bindMounts
  })

/** Gives other keys to the instances of a deployment; false if they cannot get them while they run. */
export const updateKeys = (deployment: Pick<Instance, "deploymentId">, keys: Keys) =>
  Effect.flatMap(strategyFor(deployment), (strategy) => strategy.updateKeys(deployment, keys))

/** Changes the intake of a deployment; its instances follow. */
export const updateIntake = (
  instance: Pick<Instance, "deploymentId" | "generation">,
  intake: Intake | undefined
): Effect.Effect<void, IntakeError, Needs> =>
  Effect.flatMap(strategyFor(instance), (strategy) =>
    InstanceIntake.update(instance, intake, strategy.writeIntake(instance, intake))
  )

/** Removes the mounted files of a generation, its secrets first. Its record and the data stay. */
export const removeMounts = (
  instance: Pick<Instance, "deploymentId" | "generation">
): Effect.Effect<void, RemoveError, Needs> =>
  Effect.forEach(strategies, ({ remove }) => remove(instance), { discard: true })

/** Removes all files of a generation, its secrets first. The data stays. */
export const removeFiles = (
  instance: Pick<Instance, "deploymentId" | "generation">
): Effect.Effect<void, RemoveError, Needs> =>
  Effect.zipRight(
    removeMounts(instance),
    Effect.flatMap(folders(instance), ({ generation }) => removeFolder(generation))
  )

/** Removes all files of a deployment, its data included. */
export const removeAllFiles = (deployment: Pick<Instance, "deploymentId">): Effect.Effect<void, RemoveError, Needs> =>
  Effect.gen(function* () {
    yield* Effect.forEach(strategies, ({ removeAll }) => removeAll(deployment), { discard: true })
    const at = yield* folders({ ...deployment, generation: 0 })
    yield* removeFolder(at.deployment)
  })

// internal

const strategies: ReadonlyArray<MountStrategy> = [bindMounts, engineVolumes]

const removeFolder = (folder: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.remove(folder, { recursive: true, force: true }))
