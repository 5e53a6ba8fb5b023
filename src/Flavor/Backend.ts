import type * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { EventType } from "../Deployment/DeploymentEvent.js"
import type { Intake } from "../Deployment/Intake.js"
import type { Preview } from "../Deployment/ObjectChange.js"
import type { Warning } from "../Deployment/Warning.js"
import type { LogLine, OperationalState } from "../Deployment.js"
import type {
  DeploymentDeprovisionFailed,
  DeploymentLogsNotFound,
  DeploymentProvisionFailed,
  DeploymentSnapshotMismatch,
  EngineUnavailable,
  OutcomeUnknown,
  PortUnavailable,
  ResourceNotOwned
} from "../Errors/Lifecycle.js"
import type { StoreError } from "../Errors/Stores.js"
import type * as Settings from "../Settings.js"
import type { Snapshot } from "../Snapshot/Model.js"
import { type Canary, provideToCanary } from "./Canary.js"
import type { Instance, Inventory, Keys, PreviewRequest, ProvisionRequest } from "./Instance.js"

/**
 * Failures of the preparation of an instance.
 *
 * @category errors
 * @since 0.1.0
 */
export type BackendPrepareError = BackendProvisionError | DeploymentSnapshotMismatch | StoreError

/**
 * Reports progress of `prepare` as an event of the operation.
 *
 * @category models
 * @since 0.1.0
 */
export type PrepareProgress = (
  type: Extract<EventType, "image_building" | "image_built" | "image_pushing" | "image_pushed">,
  data: Readonly<Record<string, unknown>>
) => Effect.Effect<void>

/**
 * Failures of creating and starting an instance.
 *
 * @category errors
 * @since 0.1.0
 */
export type BackendProvisionError =
  | DeploymentProvisionFailed
  | PortUnavailable
  | ResourceNotOwned
  | EngineUnavailable
  | OutcomeUnknown

/**
 * Failures of stopping and removing an instance.
 *
 * @category errors
 * @since 0.1.0
 */
export type BackendDeprovisionError = DeploymentDeprovisionFailed | EngineUnavailable | OutcomeUnknown

/**
 * A selection of the lines of a log, oldest first.
 *
 * @category models
 * @since 0.1.0
 */
export interface LogsOptions {
  /** The number of last lines; default all. */
  readonly tail?: number | undefined
  /** Only lines at or after this time, in milliseconds since the epoch. */
  readonly since?: number | undefined
  /** Also lines that are written later, until interrupted; default `false`. */
  readonly follow?: boolean | undefined
}

/**
 * The part of a deployer that one flavor implements. `Deployer.make` has the shared flow (validation, leases, intent,
 * health, generations, events); a backend runs, observes and stops instances. `R` are the services of its operations.
 *
 * **Details**
 *
 * Every operation can be repeated, also after a crash: `provision` adopts or replaces its own leftovers of the same
 * generation, `deprovision` of a missing instance succeeds. A backend returns `absent` only after a look that found nothing;
 * a look that fails is `EngineUnavailable`. A call that does not return within a minute is interrupted.
 *
 * @category models
 * @since 0.1.0
 */
export interface Backend<S extends Settings.Deployment, SI extends Settings.DeploymentInput, R = never> {
  /** Kind of deployer, such as `local` or `docker`. */
  readonly flavor: string
  /** Name of this deployer; a deployment belongs to the flavor and name that made it. */
  readonly name: string
  /** Everything that can be set for this flavor. A setting it does not list is refused. */
  readonly settings: Schema.Schema<S, SI>
  /** Defaults of this deployer, below those of snapshots and calls. */
  readonly defaults: SI
  /**
   * True if the old instance has to stop before a new one with these settings can start, because both need the same
   * resource, such as a fixed port.
   */
  readonly exclusive: (old: OperationalState, settings: S) => boolean
  /** Differences between this machine and the place of an instance that the code of a snapshot seems to meet. */
  readonly warnings?: ((snapshot: Snapshot, settings: S) => Effect.Effect<ReadonlyArray<Warning>, never, R>) | undefined
  /**
   * Asks the engine for the changes that a provision would make to its objects, and changes nothing. For flavors whose engine
   * can try a change. A secret value is never in the result, and reaches the engine in no form.
   */
  readonly preview?: ((request: PreviewRequest<S>) => Effect.Effect<Preview, never, R>) | undefined
  /**
   * Prepares the slow needs of an instance, such as its image, while the old instance serves. Its time does not count
   * against the deadline of the operation. Its result comes with the request to `provision`.
   */
  readonly prepare?:
    | ((
        request: ProvisionRequest<S>,
        progress: PrepareProgress
      ) => Effect.Effect<Readonly<Record<string, unknown>>, BackendPrepareError, R>)
    | undefined
  /**
   * True if an instance that was started with `standby` is ready and waits for the resource of the old one, or has it
   * already. For flavors whose instances can start while an {@link Backend.exclusive} old one runs; the old one then stops
   * when the new one is ready to take its place.
   */
  readonly standsBy?:
    | ((instance: Instance, metadata: OperationalState["metadata"]) => Effect.Effect<boolean, EngineUnavailable, R>)
    | undefined
  /** Creates and starts an instance; does not wait until it is healthy. */
  readonly provision: (request: ProvisionRequest<S>) => Effect.Effect<OperationalState, BackendProvisionError, R>
  /** Observes an instance. `running` here means started; the deployer checks its health over HTTP. */
  readonly state: (
    instance: Instance,
    metadata: OperationalState["metadata"]
  ) => Effect.Effect<OperationalState, EngineUnavailable, R>
  /**
   * A look at an instance that costs next to nothing: its state if it does not run any more, none if it runs or if that is not
   * known. For `list` and `get`, which write nothing.
   */
  readonly glance?:
    | ((
        instance: Instance,
        metadata: OperationalState["metadata"]
      ) => Effect.Effect<Option.Option<OperationalState>, never, R>)
    | undefined
  /** The instance's log. */
  readonly logs: (
    instance: Instance,
    options: LogsOptions
  ) => Stream.Stream<LogLine, DeploymentLogsNotFound | EngineUnavailable, R>
  /** Asks the instance to stop, waits up to `grace`, then kills and removes it. The deployment's data stays. */
  readonly deprovision: (
    instance: Instance,
    metadata: OperationalState["metadata"],
    options: { readonly grace: Duration.DurationInput }
  ) => Effect.Effect<void, BackendDeprovisionError, R>
  /** The door of each deployment, for flavors that lead callers of one URL to the instances. Default none. */
  readonly door?: Door<R> | undefined
  /** The means of canaries, for flavors that can lead a share of the callers to a candidate. Default none. */
  readonly canary?: Canary<S, R> | undefined
  /** Removes everything that outlives instances: data folder, run store, logs. */
  readonly destroy: (deployment: Omit<Instance, "generation">) => Effect.Effect<void, BackendDeprovisionError, R>
  /**
   * Everything of this deployer that exists, known to the registry or not, including resources of other registries in the
   * home. Resources without a mark of this deployer are never in it.
   */
  readonly inventory: Effect.Effect<Inventory, EngineUnavailable, R>
  /**
   * Gives the running instances of a deployment other keys, without a restart; when it succeeds, a removed key is refused.
   * False if that is not possible: then a new generation gets the keys. For flavors whose services read a file of keys.
   */
  readonly updateKeys?:
    | ((instance: Instance, keys: Keys) => Effect.Effect<boolean, BackendDeprovisionError, R>)
    | undefined
  /**
   * Changes the intake of a deployment, which its running instances follow without a restart; when it succeeds, all of them
   * do. Default: a new generation gets the intake.
   */
  readonly updateIntake?:
    | ((instance: Instance, intake: Intake | undefined) => Effect.Effect<void, BackendDeprovisionError, R>)
    | undefined
  /** The last use of each key by the services of a deployment, by its id, in milliseconds since the epoch. */
  readonly keyUses?:
    | ((instance: Instance) => Effect.Effect<ReadonlyMap<string, number>, EngineUnavailable, R>)
    | undefined
  /** A hint for each possible change outside, for the reconciler. Hints may be lost or repeated; a flavor may have none. */
  readonly changes?: Stream.Stream<unknown, EngineUnavailable, R> | undefined
  /** Additional work of `refresh` before the state is observed, for flavors that need it. */
  readonly refresh?: ((instance: Instance) => Effect.Effect<void, EngineUnavailable, R>) | undefined
}

/**
 * The door of a deployment: it keeps one URL for all instances. Both operations can be repeated.
 *
 * @category models
 * @since 0.2.0
 */
export interface Door<R = never> {
  /** Leads the callers of the deployment to an instance from now on, in one step. */
  readonly lead: (instance: Instance) => Effect.Effect<void, EngineUnavailable, R>
  /** Closes the doors of a deployment, except that of the generation `keep`. */
  readonly close: (deployment: Omit<Instance, "generation">, keep?: number) => Effect.Effect<void, EngineUnavailable, R>
}

/**
 * A backend with the means of canaries.
 *
 * @category models
 * @since 0.2.0
 */
export interface BackendWithCanary<S extends Settings.Deployment, SI extends Settings.DeploymentInput, R = never>
  extends Backend<S, SI, R> {
  readonly canary: Canary<S, R>
}

/**
 * A backend whose operations have their services: `Deployer.make` takes only such.
 *
 * @category combining
 * @since 0.1.0
 */
export const provideContext = <S extends Settings.Deployment, SI extends Settings.DeploymentInput, R>(
  backend: Backend<S, SI, R>,
  context: Context.Context<R>
): Backend<S, SI> => {
  const given = Effect.provide(context)
  const { canary, changes, door, glance, keyUses, prepare, preview, refresh } = backend
  const { standsBy, updateIntake, updateKeys, warnings } = backend
  return {
    ...backend,
    warnings: warnings && ((snapshot, settings) => given(warnings(snapshot, settings))),
    preview: preview && ((request) => given(preview(request))),
    prepare: prepare && ((request, progress) => given(prepare(request, progress))),
    keyUses: keyUses && ((instance) => given(keyUses(instance))),
    updateKeys: updateKeys && ((instance, keys) => given(updateKeys(instance, keys))),
    updateIntake: updateIntake && ((instance, intake) => given(updateIntake(instance, intake))),
    standsBy: standsBy && ((instance, metadata) => given(standsBy(instance, metadata))),
    provision: (request) => given(backend.provision(request)),
    state: (instance, metadata) => given(backend.state(instance, metadata)),
    glance: glance && ((instance, metadata) => given(glance(instance, metadata))),
    logs: (instance, options) => Stream.provideContext(backend.logs(instance, options), context),
    deprovision: (instance, metadata, options) => given(backend.deprovision(instance, metadata, options)),
    door: door && {
      lead: (instance) => given(door.lead(instance)),
      close: (deployment, keep) => given(door.close(deployment, keep))
    },
    canary: canary && provideToCanary(canary, context),
    destroy: (deployment) => given(backend.destroy(deployment)),
    inventory: given(backend.inventory),
    changes: changes && Stream.provideContext(changes, context),
    refresh: refresh && ((instance) => given(refresh(instance)))
  }
}
