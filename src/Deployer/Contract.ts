import type * as Effect from "effect/Effect"
import type * as Queue from "effect/Queue"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { DeploymentEvent } from "../Deployment/DeploymentEvent.js"
import { Warning } from "../Deployment/Warning.js"
import type { Deployment, LogLine, Revision } from "../Deployment.js"
import type { DeploymentCheckFailed } from "../Errors/Check.js"
import type { DeploymentInvalidSettings, InvalidName, SecretNotFound } from "../Errors/Input.js"
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
  /** Throw a generated key away and make a new one; default `false`. */
  readonly rotateAuthKey?: boolean | undefined
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
 * The deployments that were added to a registry that had lost them.
 *
 * @category schemas
 * @since 0.1.0
 */
export class RebuildReport extends Schema.Class<RebuildReport>("effect-deployers/RebuildReport")({
  recovered: Schema.Array(
    Schema.Struct({ deployment: Schema.String, generation: Schema.Int, snapshot: Schema.String })
  ),
  /** The resources that could not be added, and the reasons. */
  skipped: Schema.Array(Schema.Struct({ resource: Schema.String, reason: Schema.String })),
  /** True if the registry took the id of the lost one. */
  renamed: Schema.Boolean
}) {}

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
 * The changes that a provision would make.
 *
 * @category schemas
 * @since 0.1.0
 */
export class Plan extends Schema.Class<Plan>("effect-deployers/Plan")({
  /** `create` a new deployment, `replace` what runs, `restart` what is stopped or broken. */
  action: Schema.Literal("create", "replace", "restart"),
  name: Schema.String,
  /** The generation it would make. */
  generation: Schema.Int,
  snapshot: Schema.Struct({ id: Schema.String, pipelineName: Schema.String, version: Schema.Int }),
  /** The settings that would change, by dotted path. */
  changes: Schema.Array(
    Schema.Struct({
      path: Schema.String,
      from: Schema.optional(Schema.Unknown),
      to: Schema.optional(Schema.Unknown)
    })
  ),
  /** The settings of earlier calls that would stay, by dotted path. */
  kept: Schema.optionalWith(Schema.Array(Schema.Struct({ path: Schema.String, value: Schema.Unknown })), {
    default: () => []
  }),
  /** False if the deployment runs this very snapshot with these settings, and its secrets are the same since then. */
  changed: Schema.optionalWith(Schema.Boolean, { default: () => true }),
  /** True if callers would be refused for a moment, because the old instance has to stop first. */
  gap: Schema.Boolean,
  /** Differences between this machine and the place of the deployment that its code seems to meet. */
  warnings: Schema.optionalWith(Schema.Array(Warning), { default: () => [] })
}) {}

/**
 * An action of reconciling on one deployment, done or planned.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ReconcileAction = Schema.Struct({
  deployment: Schema.String,
  /**
   * `finish` or `undo` an operation whose process died, `remove` an instance that belongs to no accepted generation,
   * `restore` a deployment that should serve and does not, `wait` before the next restore, `giveUp` marks a crash loop,
   * whose further restores are far apart, `observe` a new status, `leave` a deployment alone that another process is changing.
   */
  action: Schema.Literal("observe", "finish", "undo", "remove", "restore", "wait", "giveUp", "leave"),
  /** The subject and the reason, as a clause. */
  detail: Schema.String,
  /** `planned` by a dry run; `failed` was tried and is tried again the next time. */
  outcome: Schema.Literal("done", "planned", "failed"),
  /** The reason of a failure. */
  failure: Schema.optional(Schema.String)
})

export type ReconcileAction = typeof ReconcileAction.Type

/**
 * The result of reconciling.
 *
 * @category schemas
 * @since 0.1.0
 */
export class ReconcileReport extends Schema.Class<ReconcileReport>("effect-deployers/ReconcileReport")({
  /** Number of observed deployments. */
  observed: Schema.Int,
  /** The actions in their order. */
  actions: Schema.Array(ReconcileAction),
  /** The reasons of engines that did not answer; their deployments keep the last known state. */
  unavailable: Schema.Array(Schema.String)
}) {}

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
  /** The changes that `provision` would make, without making them. */
  readonly plan: <R extends SnapshotRef>(
    snapshot: R,
    options: ProvisionOptions<S>
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
  }) => Effect.Effect<ReadonlyArray<Deployment>, StoreError>
  /** One deployment, as `list` shows it. */
  readonly get: (ref: string) => Effect.Effect<Deployment, DeploymentNotFound | StoreError>
  /** The key of callers, for the owner's own client; `undefined` for a deployment without one. */
  readonly authKey: (ref: string) => Effect.Effect<Redacted.Redacted | undefined, AuthKeyError>
  /** Every attempted generation, newest first. */
  readonly revisions: (ref: string) => Effect.Effect<ReadonlyArray<Revision>, DeploymentNotFound | StoreError>
}
