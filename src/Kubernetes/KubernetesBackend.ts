/** The Kubernetes flavor: a deployment is a Service, and each generation a Deployment, whose pods run restricted by default. */
import type { FileSystem } from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { DockerClient } from "../Docker/DockerClient.js"
import type { ImageBuilder } from "../Docker/ImageBuilder.js"
import { EngineUnavailable } from "../Errors/Lifecycle.js"
import { type BackendWithCanary, provideContext } from "../Flavor/Backend.js"
import { provideToCanary, type ShareRequest } from "../Flavor/Canary.js"
import { errorClause, toDeprovisionError, toProvisionError } from "../Flavor/ErrorText.js"
import type { Instance } from "../Flavor/Instance.js"
import { DeploymentStore } from "../Store/DeploymentStore.js"
import type { Home } from "../Store/Home.js"
import { BackendContext } from "./Backend/BackendContext.js"
import { updateIntake } from "./Backend/Intake.js"
import { changes, inventory } from "./Backend/Inventory.js"
import { lead, leadBoth } from "./Backend/Lead.js"
import { logs } from "./Backend/Logs.js"
import { observe } from "./Backend/Observe.js"
import { preview } from "./Backend/Preview.js"
import { prepare, start } from "./Backend/Provision.js"
import { destroy, endStored } from "./Backend/Remove.js"
import { share } from "./Backend/Share.js"
import { flavor, toUnavailable } from "./ClusterErrors.js"
import type { KubernetesClient } from "./KubernetesClient.js"
import { KubernetesSettings, type KubernetesSettingsInput } from "./Settings.js"

export { flavor } from "./ClusterErrors.js"

/**
 * Options of a Kubernetes backend.
 *
 * @category models
 * @since 0.2.0
 */
export interface Options {
  /** The name of the deployer; default `kubernetes`. */
  readonly name?: string | undefined
  /** Defaults of the deployer; those of snapshots and calls override them. Default none. */
  readonly defaults?: KubernetesSettingsInput | undefined
}

/**
 * The services that the backend needs.
 *
 * @category models
 * @since 0.2.0
 */
export type Requirements = Home | FileSystem | DockerClient | ImageBuilder | KubernetesClient | DeploymentStore

/**
 * A backend that runs deployments in a cluster. It has no state: it reads the cluster and the files of the home each time.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = (
  options: Options = {}
): Effect.Effect<BackendWithCanary<KubernetesSettings, KubernetesSettingsInput>, never, Requirements> =>
  Effect.gen(function* () {
    const context = yield* Effect.context<Requirements>()
    const within = withContext(options, yield* DeploymentStore)
    const query = <A, E extends Error, R>(operation: string, effect: Effect.Effect<A, E, R>) =>
      within(operation, Effect.mapError(effect, toUnavailable(operation)))
    const backend = provideContext(
      {
        flavor,
        name: options.name ?? flavor,
        settings: KubernetesSettings,
        defaults: options.defaults ?? {},
        // The Service of a deployment leads to one generation while another one starts.
        exclusive: () => false,
        preview: (request) =>
          Effect.catchAll(within("preview a deploy", preview(request)), ({ message }) =>
            Effect.succeed({ objects: [], unavailable: message })
          ),
        prepare: (request, progress) => within("make an image", prepare(request, progress)),
        provision: (request) =>
          within("start a deployment", Effect.mapError(start(request), toProvisionError(request.name))),
        state: (instance, metadata) => query("observe a deployment", observe(instance, metadata)),
        inventory: query("list its objects", inventory),
        changes: Stream.unwrap(query("watch its pods", changes)),
        logs: (instance, options) =>
          Stream.unwrap(within("read a log", bound(logs(instance, options)))).pipe(
            Stream.mapError((error) =>
              error._tag === "DeploymentLogsNotFound" ? error : toUnavailable("read a log")(error)
            )
          ),
        deprovision: (instance, metadata, { grace }) =>
          within(
            "remove a deployment",
            Effect.mapError(endStored(instance, metadata, grace), toDeprovisionError(instance.name))
          ),
        updateIntake: (instance, intake) =>
          within(
            "change the intake of a deployment",
            Effect.mapError(updateIntake(instance, intake), toDeprovisionError(instance.name))
          ),
        door: {
          lead: (instance) => query("lead callers to a generation", lead(instance)),
          // The Service stays until the deployment is deleted, so its URL does, too.
          close: () => Effect.void
        },
        destroy: (deployment) =>
          within("remove a deployment", Effect.mapError(destroy(deployment), toDeprovisionError(deployment.name)))
      },
      context
    )
    const canary = {
      share: (request: ShareRequest<KubernetesSettings>) =>
        within(
          "count the pods of a deployment",
          Effect.mapError(share(request), (error) =>
            error._tag === "DeploymentInvalidSettings" ? error : toUnavailable("count the pods of a deployment")(error)
          )
        ),
      lead: (accepted: Instance) => query("lead callers to a candidate", leadBoth(accepted)),
      end: (instance: Instance) => query("lead callers to a generation", lead(instance))
    }
    return { ...backend, canary: provideToCanary(canary, context) }
  })

// internal

/** A stream with the services that it needs when it runs. */
const bound = <A, E, R>(stream: Stream.Stream<A, E, R>): Effect.Effect<Stream.Stream<A, E>, never, R> =>
  Effect.map(Effect.context<R>(), (context) => Stream.provideContext(stream, context))

/** Provides an operation with the registry's id at its start, which a rebuild in another process can change. */
const withContext =
  (options: Options, { identity }: DeploymentStore["Type"]) =>
  <A, E, R>(
    operation: string,
    effect: Effect.Effect<A, E, R>
  ): Effect.Effect<A, E | EngineUnavailable, Exclude<R, BackendContext>> =>
    Effect.provideServiceEffect(
      effect,
      BackendContext,
      Effect.mapBoth(identity, {
        onSuccess: (registryId) => ({
          deployer: options.name ?? flavor,
          namespace: options.defaults?.namespace,
          registryId
        }),
        onFailure: (error) => new EngineUnavailable({ flavor, operation, reason: errorClause(error) })
      })
    )
