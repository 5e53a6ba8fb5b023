import type * as DateTime from "effect/DateTime"
import type * as Effect from "effect/Effect"
import type * as Queue from "effect/Queue"
import type * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { DeploymentEvent } from "../Deployment/DeploymentEvent.js"
import type { Deployment, LogLine, Revision } from "../Deployment.js"
import type { CanaryActive } from "../Errors/Canary.js"
import type { DeploymentCheckFailed } from "../Errors/Check.js"
import type { AuthKeyNotFound, DeploymentInvalidSettings, InvalidName, SecretNotFound } from "../Errors/Input.js"
import type {
  DeploymentAlreadyExists,
  DeploymentBusy,
  DeploymentDeployerMismatch,
  DeploymentDeprovisionFailed,
  DeploymentLogsNotFound,
  DeploymentNotFound,
  DeploymentProvisionFailed,
  DeploymentSnapshotMismatch,
  DeploymentTimeout,
  EngineUnavailable,
  LeaseLost,
  OutcomeUnknown,
  PortUnavailable,
  RegistryMismatch,
  ResourceNotOwned,
  SnapshotNotFound
} from "../Errors/Lifecycle.js"
import type { SecretKeyError, StoreError } from "../Errors/Stores.js"
import type { LogsOptions } from "../Flavor/Backend.js"
import type * as Settings from "../Settings.js"
import type { Snapshot } from "../Snapshot/Model.js"
import type { Canaries } from "./CanaryModels.js"
import type { MaintenanceOptions, PauseOptions } from "./IntakeModels.js"
import type { KeyInfo, KeyOptions, NewKey } from "./KeyModels.js"
import type { Plan, RebuildReport, ReconcileReport } from "./Reports.js"

export * from "./CanaryModels.js"
export * from "./IntakeModels.js"
export * from "./KeyModels.js"
export * from "./Reports.js"

/**
 * A snapshot, its id, `name@version`, or a pipeline name (the newest version).
 *
 * @category models
 * @since 0.1.0
 */
export type SnapshotRef = Snapshot | string

/**
 * The errors of an operation on a snapshot: a `Snapshot` value cannot be missing, a reference to one can.
 *
 * @category errors
 * @since 0.1.0
 */
export type SnapshotErrors<R extends SnapshotRef, E> = R extends Snapshot ? Exclude<E, SnapshotNotFound> : E

/**
 * Options of a provision.
 *
 * @category models
 * @since 0.1.0
 */
export interface ProvisionOptions<S extends Settings.DeploymentInput = Settings.DeploymentInput> {
  /** Name of the deployment, or its id to change an existing one. */
  readonly name: string
  /** True if an existing deployment may be replaced; default `true`. */
  readonly replace?: boolean | undefined
  /**
   * False if a snapshot of another pipeline than that of the existing deployment is refused; default `true`, and `false` for
   * `reprovision`.
   */
  readonly allowOtherPipeline?: boolean | undefined
  /** Settings of this call, above those of the deployer and the snapshot. */
  readonly settings?: S | undefined
  /**
   * Keep the settings that earlier calls gave the deployment and this one does not give anew; default `false`: the settings
   * of this call are all. `environment` and `secrets` are merged by name. Settings of the pipeline and the deployer are
   * never kept: a new version brings its own.
   */
  readonly keep?: boolean | undefined
  /**
   * Kept settings to remove: a setting (`port`), a variable (`env:NAME`), a secret (`secrets:NAME`), or the plain name of
   * a variable or a secret that only one of them has.
   */
  readonly unset?: ReadonlyArray<string> | undefined
  /** This very key instead of what `settings.auth` says. */
  readonly authKey?: Redacted.Redacted | undefined
  /**
   * Run the check of the pipeline in the new version before it gets callers; default `true`. A rollback and a restart run
   * none: the generation has passed, and the way back must not depend on it.
   */
  readonly check?: boolean | undefined
  /**
   * Work that goes on beside the start of the new version, such as a type check: callers reach that version only after the
   * work has ended. Its failure is the reason of a `DeploymentProvisionFailed`, and the old version still serves. Default:
   * nothing.
   */
  readonly gate?: Effect.Effect<void, { readonly message: string }> | undefined
  /** Throw a generated key away and make a new one; default `false`. */
  readonly rotateAuthKey?: boolean | undefined
  /** Throw all keys away, so that no later change makes them live again; for a call with `auth` none. Default `false`. */
  readonly removeAuthKeys?: boolean | undefined
}

/**
 * Options of a plan.
 *
 * @category models
 * @since 0.2.0
 */
export interface PlanOptions<S extends Settings.DeploymentInput = Settings.DeploymentInput>
  extends ProvisionOptions<S> {
  /** Ask the engine for the changes of its objects, if the flavor can; default `true`. */
  readonly preview?: boolean | undefined
}

/**
 * Failures of a provision before anything is touched.
 *
 * @category errors
 * @since 0.1.0
 */
export type PlanError =
  | InvalidName
  | DeploymentInvalidSettings
  | DeploymentAlreadyExists
  | DeploymentDeployerMismatch
  | DeploymentSnapshotMismatch
  | SnapshotNotFound
  | SecretNotFound
  | SecretKeyError
  | StoreError

/**
 * Failures of creating or replacing a deployment. After each of them the old version still serves.
 *
 * @category errors
 * @since 0.1.0
 */
export type ProvisionError =
  | PlanError
  | DeploymentBusy
  | LeaseLost
  | CanaryActive
  | DeploymentCheckFailed
  | DeploymentProvisionFailed
  | DeploymentTimeout
  | PortUnavailable
  | ResourceNotOwned
  | EngineUnavailable
  | OutcomeUnknown

/**
 * Failures of going back to an earlier generation: those of a provision, and a missing deployment.
 *
 * @category errors
 * @since 0.1.0
 */
export type RollbackError = ProvisionError | DeploymentNotFound

/**
 * Failures of observing a deployment. An engine that does not answer is no failure: the status stays and `unknownSince` is
 * set.
 *
 * @category errors
 * @since 0.1.0
 */
export type RefreshError = DeploymentNotFound | DeploymentDeployerMismatch | StoreError

/**
 * Failures of stopping a deployment. After `OutcomeUnknown` and `DeploymentDeprovisionFailed`, repeat it or reconcile.
 *
 * @category errors
 * @since 0.1.0
 */
export type DeprovisionError =
  | DeploymentNotFound
  | DeploymentDeployerMismatch
  | DeploymentBusy
  | LeaseLost
  | DeploymentDeprovisionFailed
  | DeploymentTimeout
  | EngineUnavailable
  | OutcomeUnknown
  | StoreError

/**
 * Failures of deleting a deployment. Deleting a missing one succeeds, so there is no `DeploymentNotFound`.
 *
 * @category errors
 * @since 0.1.0
 */
export type DeleteError = Exclude<DeprovisionError, DeploymentNotFound>

/**
 * Failures of reconciling as a whole. A failure for one deployment is an action of the report.
 *
 * @category errors
 * @since 0.1.0
 */
export type ReconcileError = RegistryMismatch | StoreError

/**
 * Failures of reading a log.
 *
 * @category errors
 * @since 0.1.0
 */
export type LogsError =
  | DeploymentNotFound
  | DeploymentDeployerMismatch
  | DeploymentLogsNotFound
  | EngineUnavailable
  | StoreError

/**
 * Failures of showing, rotating or removing a key. `SecretKeyError`: the key that seals the secrets is missing or is
 * another one.
 *
 * @category errors
 * @since 0.1.0
 */
export type AuthKeyError = DeploymentNotFound | SecretKeyError | StoreError

/**
 * Failures of changing the keys of a deployment. After a failure the registry may have the new keys and the services the old
 * ones: repeat the change.
 *
 * @category errors
 * @since 0.1.0
 */
export type AuthKeyChangeError = RollbackError | AuthKeyNotFound | DeploymentDeprovisionFailed

/**
 * Failures of a pause, a maintenance and their end. After a failure the registry may have the new intake and the services
 * the old one: repeat the change.
 *
 * @category errors
 * @since 0.2.0
 */
export type IntakeError = RollbackError | DeploymentDeprovisionFailed

/**
 * The lifecycle operations. `S` are the settings the deployer understands.
 *
 * @category models
 * @since 0.1.0
 */
export interface Service<S extends Settings.DeploymentInput = Settings.DeploymentInput> {
  readonly flavor: string
  readonly name: string
  /** The names of the settings that the deployer understands. */
  readonly settingNames: ReadonlyArray<string>
  /**
   * Makes a deployment serve a snapshot, creating or replacing it, and waits until it is healthy. When it fails, the old
   * version still serves and the registry is unchanged. Repeating it is safe.
   */
  readonly provision: <R extends SnapshotRef>(
    snapshot: R,
    options: ProvisionOptions<S>
  ) => Effect.Effect<Deployment, SnapshotErrors<R, ProvisionError>>
  /**
   * Returns the deployment of that name if it runs the snapshot with the same settings, else provisions it: the declaration
   * of a deployment in a program.
   */
  readonly getOrCreate: <R extends SnapshotRef>(
    snapshot: R,
    options: ProvisionOptions<S>
  ) => Effect.Effect<Deployment, SnapshotErrors<R, ProvisionError>>
  /** Serves a deployment's last revision again: after `deprovision`, after a crash, or with other settings. */
  readonly reprovision: (
    ref: string,
    options?: Omit<ProvisionOptions<S>, "name" | "replace"> & { readonly snapshot?: SnapshotRef | undefined }
  ) => Effect.Effect<Deployment, RollbackError>
  /** Serves an earlier accepted revision again, as a new generation; by default the one before the current. */
  readonly rollback: (
    ref: string,
    options?: { readonly to?: number | undefined }
  ) => Effect.Effect<Deployment, RollbackError>
  /** Observes a deployment and writes its state. A deployment that cannot be observed keeps its last known state. */
  readonly refresh: (ref: string) => Effect.Effect<Deployment, RefreshError>
  /** Stops a deployment and keeps its record. Stopping a stopped deployment succeeds. */
  readonly deprovision: (
    ref: string,
    options?: { readonly timeoutMillis?: number | undefined }
  ) => Effect.Effect<Deployment, DeprovisionError>
  /**
   * Stops a deployment and deletes it with its data. Deleting a missing deployment succeeds. With `force` the record is
   * deleted even if the backend cannot be reached; an instance that still runs then belongs to no deployment.
   */
  readonly delete: (
    ref: string,
    options?: { readonly force?: boolean | undefined; readonly timeoutMillis?: number | undefined }
  ) => Effect.Effect<void, DeleteError>
  /** The log of the current instance. */
  readonly logs: (ref: string, options?: LogsOptions) => Stream.Stream<LogLine, LogsError>
  /**
   * The changes that `provision` would make, without making them. An engine that cannot be asked for those of its objects is
   * no failure: the plan has the reason.
   */
  readonly plan: <R extends SnapshotRef>(
    snapshot: R,
    options: PlanOptions<S>
  ) => Effect.Effect<Plan, SnapshotErrors<R, PlanError>>
  /**
   * Makes the registry and the engine agree: finishes or undoes operations whose process died, removes instances that belong
   * to no accepted generation, starts deployments again that should serve and do not (by the setting `recovery`), and writes
   * the observed states. A resource without proof of its owner, or of a deployment that a living process is changing, is
   * left alone. A second run changes nothing.
   */
  readonly reconcile: Effect.Effect<ReconcileReport, ReconcileError>
  /** The first actions of `reconcile`, without executing them. */
  readonly reconcilePlan: Effect.Effect<ReconcileReport, ReconcileError>
  /**
   * Adds deployments that the registry lost, from the records beside their instances. Its other rows stay, and nothing
   * outside the registry is touched. Resources that cannot be observed now are reported as skipped. The way out of a
   * `RegistryMismatch`.
   */
  readonly rebuild: Effect.Effect<RebuildReport, StoreError>
  /** A hint for each possible change outside; empty for flavors without hints. */
  readonly changes: Stream.Stream<void>
  /** Progress of every operation of this process, from the moment the stream is run. */
  readonly events: Stream.Stream<DeploymentEvent>
  /** The same as a queue that has every event after this effect has succeeded. */
  readonly subscribe: Effect.Effect<Queue.Dequeue<DeploymentEvent>, never, Scope.Scope>
  /**
   * Deployments of this registry, of every deployer, sorted by name, as last observed; a local process that has ended since
   * is an `error`. Nothing is written.
   */
  readonly list: (options?: {
    readonly status?: Deployment["status"] | undefined
    /** The number of deployments to return; default all. */
    readonly limit?: number | undefined
    /** The last name of the page before. */
    readonly after?: string | undefined
  }) => Effect.Effect<ReadonlyArray<Deployment>, StoreError>
  /** One deployment, as `list` shows it. */
  readonly get: (ref: string) => Effect.Effect<Deployment, DeploymentNotFound | StoreError>
  /** The key of callers, for the owner's own client; `undefined` for a deployment without one. */
  readonly authKey: (ref: string) => Effect.Effect<Redacted.Redacted | undefined, AuthKeyError>
  /** The live keys of a deployment, oldest first. */
  readonly authKeys: (ref: string) => Effect.Effect<ReadonlyArray<KeyInfo>, DeploymentNotFound | StoreError>
  /** Adds a key beside the others, without a new generation if the flavor can. */
  readonly addAuthKey: (ref: string, options?: KeyOptions) => Effect.Effect<NewKey, AuthKeyChangeError>
  /**
   * Makes a key in the place of another one (default: that of the owner's own client) with its scopes. Both are live until
   * the old one is removed, or until the next rotation.
   */
  readonly rotateAuthKey: (
    ref: string,
    options?: { readonly id?: string | undefined; readonly expiresAt?: DateTime.Utc | undefined }
  ) => Effect.Effect<NewKey, AuthKeyChangeError>
  /** Removes a key. When it succeeds, every service of the deployment refuses the key. */
  readonly removeAuthKey: (ref: string, id: string) => Effect.Effect<void, AuthKeyChangeError>
  /**
   * Lets new runs of a deployment wait, in order and within the limits of its queue and their deadlines, until `resume` or
   * the end of the time; then they start. It ends a maintenance. Restarts and replaces keep it.
   */
  readonly pause: (ref: string, options?: PauseOptions) => Effect.Effect<Deployment, IntakeError>
  /**
   * Refuses new runs of a deployment with a message until `resume`, runs that wait included. Everything else is answered. It
   * ends a pause. Restarts and replaces keep it.
   */
  readonly maintenance: (ref: string, options?: MaintenanceOptions) => Effect.Effect<Deployment, IntakeError>
  /** Ends a pause or a maintenance. When it succeeds, every service of the deployment accepts runs. */
  readonly resume: (ref: string) => Effect.Effect<Deployment, IntakeError>
  /** Every attempted generation, newest first. */
  readonly revisions: (ref: string) => Effect.Effect<ReadonlyArray<Revision>, DeploymentNotFound | StoreError>
  /** The operations on candidates, for a flavor that can; {@link ServiceWithCanaries} always has them. */
  readonly canaries?: Canaries<S> | undefined
}

/**
 * The lifecycle operations of a flavor that can lead a share of the callers to a candidate.
 *
 * @category models
 * @since 0.2.0
 */
export interface ServiceWithCanaries<S extends Settings.DeploymentInput = Settings.DeploymentInput> extends Service<S> {
  readonly canaries: Canaries<S>
}
