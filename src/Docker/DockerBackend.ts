/** The Docker flavor: a deployment is a container, hardened by default, that outlives the program that deployed it. */
import type { FileSystem } from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { LogLine, type OperationalState } from "../Deployment.js"
import { DeploymentLogsNotFound, EngineUnavailable } from "../Errors/Lifecycle.js"
import { type Backend, type LogsOptions, provideContext } from "../Flavor/Backend.js"
import { errorClause } from "../Flavor/ErrorText.js"
import type { Instance } from "../Flavor/Instance.js"
import * as InstanceKeys from "../Flavor/InstanceKeys.js"
import type { Ports } from "../Flavor/Ports.js"
import { DeploymentStore } from "../Store/DeploymentStore.js"
import { Home } from "../Store/Home.js"
import { BackendContext, currentIdentity, type FilesBy, type Identity, identityFor } from "./Backend/BackendContext.js"
import { toDeprovisionError, toProvisionError } from "./Backend/BackendErrors.js"
import { close, lead } from "./Backend/Door.js"
import { changes, inventory } from "./Backend/Inventory.js"
import { findContainer } from "./Backend/Lookup.js"
import { paths } from "./Backend/Mounts/Files.js"
import { defaultFolders } from "./Backend/Mounts/SecretsDirectory.js"
import { updateIntake, updateKeys } from "./Backend/Mounts/Select.js"
import { observe } from "./Backend/Observe.js"
import { prepare, start } from "./Backend/Provision.js"
import { destroy, end } from "./Backend/Remove.js"
import { warnings } from "./Backend/Warnings.js"
import { type ContainerLogLine, DockerClient } from "./DockerClient.js"
import { flavor, toUnavailable } from "./EngineErrors.js"
import type { ImageBuilder } from "./ImageBuilder.js"
import * as Metadata from "./Metadata.js"
import { DockerSettings, type DockerSettingsInput } from "./Settings.js"
import { problemOfHome } from "./VolumeSettings.js"

export type { FilesBy, Identity } from "./Backend/BackendContext.js"
export { flavor } from "./EngineErrors.js"

/**
 * Options of a Docker backend.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** The name of the deployer; default `docker`. */
  readonly name?: string | undefined
  /** Defaults of the deployer; those of snapshots and calls override them. Default none. */
  readonly defaults?: DockerSettingsInput | undefined
  /**
   * Folders for the secrets of running containers. The first one that is in memory and belongs to this user is used, else
   * the home. Default one in `/run` and one in `/dev/shm`. The engine must see the folder, unless files are in volumes.
   */
  readonly secretsFolders?: ReadonlyArray<string> | undefined
  /**
   * The way of files into containers: folders of this machine, or volumes of the engine. Default volumes if the engine is
   * another machine, else folders. Set `volumes` where an engine of this machine does not see the folders, such as in a
   * container that has the engine's socket.
   */
  readonly files?: FilesBy | undefined
  /** The user of this process; default the real one. Root deploys for `10001:10001`, other users for themselves. */
  readonly us?: Identity | undefined
}

/**
 * The services that the backend needs.
 *
 * @category models
 * @since 0.1.0
 */
export type Requirements = Home | FileSystem | Ports | DockerClient | ImageBuilder | DeploymentStore

/**
 * A backend that runs deployments as containers. It has no state: it reads the engine and the files of the home each time.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  options: Options = {}
): Effect.Effect<Backend<DockerSettings, DockerSettingsInput>, never, Requirements> =>
  Effect.gen(function* () {
    const context = yield* Effect.context<Requirements>()
    const { root } = yield* Home
    const within = withContext(yield* contextOf(options), yield* DeploymentStore)
    return provideContext(
      {
        flavor,
        name: options.name ?? flavor,
        settings: settingsBeside(root),
        defaults: options.defaults ?? {},
        exclusive,
        warnings: (snapshot, settings) =>
          Effect.orElseSucceed(within("read a bundle", warnings(snapshot, settings)), () => []),
        prepare: (request, progress) => within("make an image", prepare(request, progress)),
        provision: (request) =>
          within("start a container", Effect.mapError(start(request), toProvisionError(request.name))),
        state: (instance, metadata) =>
          within(
            "observe a container",
            Effect.mapError(observe(instance, metadata), toUnavailable("observe a container"))
          ),
        inventory: within("list its resources", Effect.mapError(inventory, toUnavailable("list its resources"))),
        changes: Stream.unwrap(within("watch its containers", changes)),
        logs: (instance, options) => logs(instance, options, within),
        deprovision: (instance, metadata, { grace }) =>
          within(
            "remove a container",
            Effect.mapError(end(instance, metadata, grace), toDeprovisionError(instance.name))
          ),
        updateKeys: (instance, keys) =>
          within(
            "change the keys of a container",
            Effect.mapError(updateKeys(instance, keys), toDeprovisionError(instance.name))
          ),
        updateIntake: (instance, intake) =>
          within(
            "change the intake of a container",
            Effect.mapError(updateIntake(instance, intake), toDeprovisionError(instance.name))
          ),
        keyUses: (instance) =>
          within(
            "read the uses of keys",
            Effect.mapError(
              Effect.flatMap(paths(instance), ({ data }) => InstanceKeys.lastUses(data)),
              toUnavailable("read the uses of keys")
            )
          ),
        door: {
          lead: (instance) => within(steer, Effect.mapError(lead(instance), toUnavailable(steer))),
          close: (deployment, keep) => within(steer, Effect.mapError(close(deployment, keep), toUnavailable(steer)))
        },
        destroy: (deployment) =>
          within("remove a container", Effect.mapError(destroy(deployment), toDeprovisionError(deployment.name)))
      },
      context
    )
  })

/**
 * True if the old container or its door may have the fixed port of the new one: without a door, or with one at another
 * address. Without doors the new container is created before the old one stops, and started after that.
 *
 * @category predicates
 * @since 0.1.0
 */
export const exclusive = (old: OperationalState, settings: DockerSettings): boolean =>
  settings.port !== undefined &&
  old.status !== "absent" &&
  Metadata.portOf(old.metadata) === settings.port &&
  !(settings.door && old.metadata["door"] === true && old.metadata["address"] === settings.address)

// internal

const steer = "steer the door of a deployment"

type FixedContext = Omit<BackendContext["Type"], "registryId">

const contextOf = (options: Options): Effect.Effect<FixedContext> =>
  Effect.gen(function* () {
    const us = options.us ?? (yield* currentIdentity)
    return {
      deployer: options.name ?? flavor,
      owner: us?.uid,
      secretsFolders: options.secretsFolders ?? defaultFolders(us?.uid),
      files: options.files,
      ...identityFor(us)
    }
  })

/**
 * Provides an operation with the registry's id at its start, which a rebuild in another process can change. An operation
 * without the id would look for the resources of another registry.
 */
const withContext =
  (fixed: FixedContext, { identity }: DeploymentStore["Type"]) =>
  <A, E, R>(
    operation: string,
    effect: Effect.Effect<A, E, R>
  ): Effect.Effect<A, E | EngineUnavailable, Exclude<R, BackendContext>> =>
    Effect.provideServiceEffect(
      effect,
      BackendContext,
      Effect.mapBoth(identity, {
        onSuccess: (registryId) => ({ ...fixed, registryId }),
        onFailure: (error) => new EngineUnavailable({ flavor, operation, reason: errorClause(error) })
      })
    )

const settingsBeside = (home: string): Schema.Schema<DockerSettings, DockerSettingsInput> =>
  DockerSettings.pipe(
    Schema.filter(({ volumes }) =>
      volumes.flatMap((volume, index) => {
        const problem = volume._tag === "bind" ? problemOfHome(volume.source, home) : undefined
        return problem === undefined ? [] : [{ path: ["volumes", index, "source"], message: problem }]
      })
    )
  )

/** The log exists as long as the container. */
const logs = (instance: Instance, options: LogsOptions, within: ReturnType<typeof withContext>) =>
  Stream.unwrap(
    Effect.gen(function* () {
      const { containers } = yield* DockerClient
      const found = yield* within("read a log", Effect.mapError(findContainer(instance), toUnavailable("read a log")))
      if (Option.isNone(found)) return yield* noLogs(instance)
      return containers.logs(found.value.id, { ...options, timestamps: true }).pipe(
        Stream.map(toLine),
        Stream.mapError((error) =>
          error._tag === "ContainerNotFound" ? noLogs(instance) : toUnavailable("read a log")(error)
        )
      )
    })
  )

const noLogs = ({ generation, name }: Instance): DeploymentLogsNotFound =>
  new DeploymentLogsNotFound({ name, reason: `there is no container of generation ${generation}; it was removed` })

// A log has very many lines, and every field is known to be valid.
const toLine = ({ at, text }: ContainerLogLine): LogLine =>
  new LogLine({ text, ...(at === undefined ? {} : { at }) }, { disableValidation: true })
