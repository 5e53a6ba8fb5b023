/**
 * The Docker flavor: a deployment is a container, hardened by default, that outlives the program that deployed it.
 *
 * @since 0.1.0
 */
import type { FileSystem } from "@effect/platform/FileSystem"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { OperationalState } from "../Deployment.js"
import type { Backend, PrepareProgress, ProvisionRequest } from "../Flavor/Backend.js"
import type { Ports } from "../Flavor/Ports.js"
import { DeploymentStore } from "../Store/DeploymentStore.js"
import { Home } from "../Store/Home.js"
import { BackendContext, currentIdentity, type FilesBy, type Identity, identityFor } from "./Backend/BackendContext.js"
import { changes } from "./Backend/Changes.js"
import { checkReach } from "./Backend/CheckReachable.js"
import { flavor, toDeprovisionError, toProvisionError, toUnavailable } from "./Backend/Failures.js"
import { prepareImage } from "./Backend/Images.js"
import { inventory } from "./Backend/Inventory.js"
import { logs } from "./Backend/Logs.js"
import { defaultFolders } from "./Backend/Mounts/SecretsDirectory.js"
import { observe } from "./Backend/Observe.js"
import { makeReady, start } from "./Backend/Provision.js"
import { destroy, end } from "./Backend/Remove.js"
import type { DockerClient } from "./DockerClient.js"
import type { ImageBuilder } from "./ImageBuilder.js"
import * as Metadata from "./Metadata.js"
import { DockerSettings, type DockerSettingsInput } from "./Settings.js"
import { problemOfHome } from "./VolumeSettings.js"

export type { FilesBy, Identity } from "./Backend/BackendContext.js"
export { flavor } from "./Backend/Failures.js"

/**
 * What can be said about a Docker backend.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** Name of the deployer; default `docker`. */
  readonly name?: string | undefined
  /** Defaults of the deployer, below those of snapshots and calls; default none. */
  readonly defaults?: DockerSettingsInput | undefined
  /**
   * Folders to keep secrets in while their containers exist; the first that is ours and in memory is used, else the home.
   * Default one of `/run` and one of `/dev/shm`. The engine has to see it, unless files go in volumes.
   */
  readonly secretsFolders?: ReadonlyArray<string> | undefined
  /**
   * How files reach containers: from folders of this machine, or in volumes of the engine. Default volumes if the engine
   * is another machine, else folders. Say `volumes` where the engine does not see our folders all the same, such as from
   * inside a container that was given the engine's socket.
   */
  readonly files?: FilesBy | undefined
  /** The user we are; default that of the process. Root deploys for `10001:10001`, anybody else for themselves. */
  readonly us?: Identity | undefined
}

/**
 * What the backend works with.
 *
 * @category models
 * @since 0.1.0
 */
export type Requirements = Home | FileSystem | Ports | DockerClient | ImageBuilder | DeploymentStore

/**
 * A backend that runs deployments as containers. It keeps no state: everything it reads from the engine and the files of
 * the home, each time.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  options: Options = {}
): Effect.Effect<Backend<DockerSettings, DockerSettingsInput>, never, Requirements> =>
  Effect.gen(function* () {
    const context = Context.add(yield* Effect.context<Requirements>(), BackendContext, yield* siteOf(options))
    const { root } = yield* Home
    return {
      flavor,
      name: options.name ?? flavor,
      settings: apartFrom(root),
      defaults: options.defaults ?? {},
      exclusive,
      prepare: (request, progress) => Effect.provide(prepare(request, progress), context),
      provision: (request) =>
        start(request).pipe(Effect.mapError(toProvisionError(request.name)), Effect.provide(context)),
      state: (instance, metadata) =>
        observe(instance, metadata).pipe(
          Effect.mapError(toUnavailable("observe a container")),
          Effect.provide(context)
        ),
      inventory: inventory(flavor).pipe(Effect.mapError(toUnavailable("look what there is")), Effect.provide(context)),
      changes: Stream.provideContext(changes, context),
      logs: (instance, logsOptions) => Stream.provideContext(logs(instance, logsOptions), context),
      deprovision: (instance, metadata, { grace }) =>
        end(instance, metadata, grace).pipe(
          Effect.mapError(toDeprovisionError(instance.name)),
          Effect.provide(context)
        ),
      destroy: (deployment) =>
        destroy(deployment).pipe(Effect.mapError(toDeprovisionError(deployment.name)), Effect.provide(context))
    }
  })

/**
 * Whether the old container may hold the very port the new one must have. The new one is made before the old one stops,
 * and started after it.
 *
 * @category predicates
 * @since 0.1.0
 */
export const exclusive = (old: OperationalState, settings: DockerSettings): boolean =>
  settings.port !== undefined && old.status !== "absent" && Metadata.portOf(old.metadata) === settings.port

// internal

/** What could not be reached needs no image; what waits for a port is made before the old one stops. */
const prepare = (request: ProvisionRequest<DockerSettings>, progress: PrepareProgress) =>
  checkReach(request).pipe(
    Effect.mapError(toProvisionError(request.name)),
    Effect.zipRight(prepareImage(request, progress)),
    Effect.tap((prepared) =>
      request.standby === true
        ? Effect.mapError(makeReady({ ...request, prepared }), toProvisionError(request.name))
        : Effect.void
    )
  )

const siteOf = (options: Options) =>
  Effect.gen(function* () {
    const { registryId } = yield* DeploymentStore
    const us = options.us ?? (yield* currentIdentity)
    return {
      registryId,
      deployer: options.name ?? flavor,
      owner: us?.uid,
      secretsFolders: options.secretsFolders ?? defaultFolders(us?.uid),
      files: options.files,
      ...identityFor(us)
    }
  })

const apartFrom = (home: string): Schema.Schema<DockerSettings, DockerSettingsInput> =>
  DockerSettings.pipe(
    Schema.filter(({ volumes }) =>
      volumes.flatMap((volume, index) => {
        const problem = volume._tag === "bind" ? problemOfHome(volume.source, home) : undefined
        return problem === undefined ? [] : [{ path: ["volumes", index, "source"], message: problem }]
      })
    )
  )
