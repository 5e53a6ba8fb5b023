/** The Swarm flavor: a deployment is a service of a swarm, and a generation is an update of it. */
import type { FileSystem } from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { user } from "../Containerized/Layout.js"
import { BackendContext } from "../Docker/Backend/BackendContext.js"
import type { DockerClient } from "../Docker/DockerClient.js"
import type { ImageBuilder } from "../Docker/ImageBuilder.js"
import { type Backend, provideContext } from "../Flavor/Backend.js"
import * as ErrorText from "../Flavor/ErrorText.js"
import type { Ports } from "../Flavor/Ports.js"
import { DeploymentStore } from "../Store/DeploymentStore.js"
import type { Home } from "../Store/Home.js"
import { accept, close } from "./Backend/Accept.js"
import { updateIntake } from "./Backend/Intake.js"
import { changes, inventory } from "./Backend/Inventory.js"
import { logs } from "./Backend/Logs.js"
import { observe } from "./Backend/Observe.js"
import { prepare, start } from "./Backend/Provision.js"
import { destroy, end } from "./Backend/Remove.js"
import { flavor, toUnavailable } from "./EngineErrors.js"
import { CheckedSettings, type SwarmSettings, type SwarmSettingsInput } from "./Settings.js"

export { flavor } from "./EngineErrors.js"

/**
 * Options of a Swarm backend.
 *
 * @category models
 * @since 0.2.0
 */
export interface Options {
  /** The name of the deployer; default `swarm`. */
  readonly name?: string | undefined
  /** Defaults of the deployer; those of snapshots and calls override them. Default none. */
  readonly defaults?: SwarmSettingsInput | undefined
}

/**
 * The services that the backend needs.
 *
 * @category models
 * @since 0.2.0
 */
export type Requirements = Home | FileSystem | Ports | DockerClient | ImageBuilder | DeploymentStore

/**
 * A backend that runs deployments as services of the swarm that the engine manages. It has no state: it reads the swarm each
 * time.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = (
  options: Options = {}
): Effect.Effect<Backend<SwarmSettings, SwarmSettingsInput>, never, Requirements> =>
  Effect.gen(function* () {
    const context = yield* Effect.context<Requirements>()
    const name = options.name ?? flavor
    const within = withContext(name, yield* DeploymentStore)
    const settings: Schema.Schema<SwarmSettings, SwarmSettingsInput> = CheckedSettings
    return provideContext(
      {
        flavor,
        name,
        settings,
        defaults: options.defaults ?? {},
        // The door has the port of the URL, and outlives the tasks.
        exclusive: () => false,
        prepare: (request, progress) => within("make an image", prepare(request, progress)),
        provision: (request) =>
          within("start a service", Effect.mapError(start(request), ErrorText.toProvisionError(request.name))),
        state: (instance, metadata) =>
          within("observe a service", Effect.mapError(observe(instance, metadata), toUnavailable("observe a service"))),
        inventory: within("list its resources", Effect.mapError(inventory, toUnavailable("list its resources"))),
        changes: Stream.unwrap(within("watch its tasks", changes)),
        logs: (instance, options) => Stream.unwrap(within("read a log", logs(instance, options))),
        deprovision: (instance, metadata, { grace }) =>
          within(
            "remove a service",
            Effect.mapError(end(instance, metadata, grace), ErrorText.toDeprovisionError(instance.name))
          ),
        updateIntake: (instance, intake) =>
          within(
            "change the intake of a service",
            Effect.mapError(updateIntake(instance, intake), ErrorText.toDeprovisionError(instance.name))
          ),
        door: {
          lead: (instance) =>
            within("accept a generation", Effect.mapError(accept(instance), toUnavailable("accept a generation"))),
          close: (deployment, keep) =>
            within(
              "close the doors of a deployment",
              Effect.mapError(close(deployment, keep), toUnavailable("close the doors of a deployment"))
            )
        },
        destroy: (deployment) =>
          within(
            "remove a service",
            Effect.mapError(destroy(deployment), ErrorText.toDeprovisionError(deployment.name))
          )
      },
      context
    )
  })

// internal

/** The registry's id at the start of an operation, which a rebuild in another process can change. */
const withContext =
  (deployer: string, { identity }: DeploymentStore["Type"]) =>
  <A, E, R>(operation: string, effect: Effect.Effect<A, E, R>) =>
    Effect.provideServiceEffect(
      effect,
      BackendContext,
      Effect.mapBoth(identity, {
        onSuccess: (registryId) => ({
          registryId,
          deployer,
          owner: undefined,
          identity: { uid: user.uid, gid: user.gid },
          givesAway: false,
          secretsFolders: [],
          files: "volumes" as const
        }),
        onFailure: toUnavailable(operation)
      })
    )
