import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import type * as Schema from "effect/Schema"
import type * as Stream from "effect/Stream"
import type { EventType } from "../Deployment/DeploymentEvent.js"
import type { DeploymentId, DeploymentName, LogLine, OperationalState } from "../Deployment.js"
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
import type { InstanceRecord } from "./InstanceRecord.js"

/**
 * What a backend runs for one generation of a deployment.
 *
 * @category models
 * @since 0.1.0
 */
export interface Instance {
  readonly deploymentId: DeploymentId
  readonly name: DeploymentName
  readonly generation: number
}

/**
 * What a backend is asked to create and start.
 *
 * @category models
 * @since 0.1.0
 */
export interface ProvisionRequest<S extends Settings.Deployment> extends Instance {
  readonly registryId: string
  readonly snapshot: Snapshot
  /** Complete and decoded by the backend's own Schema. */
  readonly settings: S
  /** SHA-256 digests (hex) of the keys the service accepts; none means that no key is asked for. */
  readonly authKeyDigests: ReadonlyArray<string>
  /** The secrets the settings name, by name. */
  readonly secrets: Readonly<Record<string, Redacted.Redacted>>
  /** What a backend with files writes down beside the instance; see `InstanceRecord.write`. */
  readonly record: InstanceRecord
  /** Metadata of the last known instance, such as the port to keep. */
  readonly previous: Readonly<Record<string, unknown>> | undefined
  /** What {@link Backend.prepare} answered, if there is such a step. */
  readonly prepared?: Readonly<Record<string, unknown>> | undefined
  /**
   * Whether the old instance still has what this one needs too: then `prepare` does all that can be done before it stops,
   * and `provision` has the new one stand by; see {@link Backend.standsBy}.
   */
  readonly standby?: boolean | undefined
}

/**
 * Something of a deployment that a backend found without being told of it: an instance, or with generation 0 what all
 * generations share, such as a network or the folder with the data.
 *
 * @category models
 * @since 0.1.0
 */
export interface Found {
  readonly deploymentId: DeploymentId
  readonly generation: number
  /** The registry it was made for, if it tells. */
  readonly registryId: string | undefined
  /** Whether its files are in our own home, so that whatever registry it names was here once. */
  readonly atHome: boolean
  /** What it is, for messages: `container effect-deployers-...-3`. */
  readonly resource: string
  /** When it was made, in milliseconds since the epoch, if that is known. */
  readonly madeAt: number | undefined
  /** What was written down about it, if its files are ours. */
  readonly record: InstanceRecord | undefined
}

/**
 * What a backend found, and where it looked.
 *
 * @category models
 * @since 0.1.0
 */
export interface Inventory {
  /** Id of the engine that was asked, for flavors whose metadata has an `engineId` too. */
  readonly engineId: string | undefined
  readonly found: ReadonlyArray<Found>
}

/**
 * How making ready what an instance needs fails.
 *
 * @category errors
 * @since 0.1.0
 */
export type BackendPrepareError = BackendProvisionError | DeploymentSnapshotMismatch | StoreError

/**
 * Tells progress of `prepare` as an event of the operation.
 *
 * @category models
 * @since 0.1.0
 */
export type PrepareProgress = (
  type: Extract<EventType, "image_building" | "image_built">,
  data: Readonly<Record<string, unknown>>
) => Effect.Effect<void>

/**
 * How creating and starting an instance fails.
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
 * Which lines of a log, oldest first.
 *
 * @category models
 * @since 0.1.0
 */
export interface LogsOptions {
  /** Only the last so many lines. */
  readonly tail?: number | undefined
  /** Only lines at or after this time, in milliseconds since the epoch. */
  readonly since?: number | undefined
  /** Keep going as lines are written; default `false`. */
  readonly follow?: boolean | undefined
}

/**
 * What one flavor implements. All shared flow (validation, leases, intent, health, generations, events) is
 * `Deployer.make`'s; a backend only knows how to run, observe and stop instances.
 *
 * **Details**
 *
 * Every operation can be repeated, alone or after a crash in the middle of it: `provision` adopts or replaces its own
 * leftovers of the same generation, `deprovision` of something missing succeeds. A backend answers `absent` only when
 * it looked and nothing was there; if it could not look it fails with `EngineUnavailable`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Backend<S extends Settings.Deployment, SI extends Settings.DeploymentInput> {
  /** Kind of deployer, such as `local` or `docker`. */
  readonly flavor: string
  /** Name of this deployer; a deployment belongs to the flavor and name that made it. */
  readonly name: string
  /** Everything that can be set for this flavor. A setting it does not list is refused. */
  readonly settings: Schema.Schema<S, SI>
  /** Defaults of this deployer, below those of snapshots and calls. */
  readonly defaults: SI
  /**
   * Whether the old instance has to stop before a new one with these settings can start, because both need the same
   * thing (a fixed port).
   */
  readonly exclusive: (old: OperationalState, settings: S) => boolean
  /**
   * Makes ready what an instance needs and may take long, such as its image, while what serves goes on serving. Its time
   * does not count against the deadline of the operation. Its answer comes with the request to `provision`.
   */
  readonly prepare?:
    | ((
        request: ProvisionRequest<S>,
        progress: PrepareProgress
      ) => Effect.Effect<Readonly<Record<string, unknown>>, BackendPrepareError>)
    | undefined
  /**
   * Whether an instance that was started with `standby` has everything ready and waits for what the old one has, or has
   * it already. For flavors whose instances can be started while an {@link Backend.exclusive} old one runs; then that
   * stops only when the new one is ready to take its place.
   */
  readonly standsBy?:
    | ((instance: Instance, metadata: OperationalState["metadata"]) => Effect.Effect<boolean, EngineUnavailable>)
    | undefined
  /** Creates and starts an instance; does not wait until it is healthy. */
  readonly provision: (request: ProvisionRequest<S>) => Effect.Effect<OperationalState, BackendProvisionError>
  /** Observes an instance. `running` here means started; whether it is healthy is asked over HTTP. */
  readonly state: (
    instance: Instance,
    metadata: OperationalState["metadata"]
  ) => Effect.Effect<OperationalState, EngineUnavailable>
  /** The instance's log. */
  readonly logs: (
    instance: Instance,
    options: LogsOptions
  ) => Stream.Stream<LogLine, DeploymentLogsNotFound | EngineUnavailable>
  /** Asks the instance to stop, waits up to `grace`, then ends and removes it. The deployment's data stays. */
  readonly deprovision: (
    instance: Instance,
    metadata: OperationalState["metadata"],
    options: { readonly grace: Duration.DurationInput }
  ) => Effect.Effect<void, DeploymentDeprovisionFailed | EngineUnavailable | OutcomeUnknown>
  /** Removes what outlives instances: data folder, run store, logs. */
  readonly destroy: (
    deployment: Omit<Instance, "generation">
  ) => Effect.Effect<void, DeploymentDeprovisionFailed | EngineUnavailable | OutcomeUnknown>
  /**
   * Everything of this deployer's that exists, known to the registry or not, also what other registries made if it lies in
   * our home. What carries no mark of ours is never in it.
   */
  readonly inventory: Effect.Effect<Inventory, EngineUnavailable>
  /**
   * A hint each time something may have changed outside, for whoever reconciles all the time. Hints may be lost or come
   * twice; a flavor without any leaves it out.
   */
  readonly changes?: Stream.Stream<unknown, EngineUnavailable> | undefined
  /** Extra work of `refresh` for flavors that have some, before the state is observed. */
  readonly refresh?: ((instance: Instance) => Effect.Effect<void, EngineUnavailable>) | undefined
}
