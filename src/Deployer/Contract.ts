import type * as Effect from "effect/Effect"
import type * as Queue from "effect/Queue"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { DeploymentEvent } from "../Deployment/DeploymentEvent.js"
import type { Deployment, LogLine, Revision } from "../Deployment.js"
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
 * What can be said when provisioning.
 *
 * @category models
 * @since 0.1.0
 */
export interface ProvisionOptions<S extends Settings.DeploymentInput = Settings.DeploymentInput> {
  /** Name of the deployment, or its id to change an existing one. */
  readonly name: string
  /** Whether an existing deployment may be replaced; default `true`. */
  readonly replace?: boolean | undefined
  /** Settings of this call, above those of the deployer and the snapshot. */
  readonly settings?: S | undefined
  /** This very key instead of what `settings.auth` says. */
  readonly authKey?: Redacted.Redacted | undefined
  /** Throw a generated key away and make a new one; default `false`. */
  readonly rotateAuthKey?: boolean | undefined
}

/**
 * How a provision is refused before anything is touched.
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
 * How making or replacing a deployment fails. Whatever it is, what served before still serves.
 *
 * @category errors
 * @since 0.1.0
 */
export type ProvisionError =
  | PlanError
  | DeploymentBusy
  | LeaseLost
  | DeploymentProvisionFailed
  | DeploymentTimeout
  | PortUnavailable
  | ResourceNotOwned
  | EngineUnavailable
  | OutcomeUnknown

/**
 * How going back to an earlier generation fails: as a provision does, or there is no such deployment.
 *
 * @category errors
 * @since 0.1.0
 */
export type RollbackError = ProvisionError | DeploymentNotFound

/**
 * How looking at a deployment fails. An engine that cannot be reached is none of it: the status stays, `unknownSince`
 * is set.
 *
 * @category errors
 * @since 0.1.0
 */
export type RefreshError = DeploymentNotFound | DeploymentDeployerMismatch | StoreError

/**
 * How stopping a deployment fails. After `OutcomeUnknown` and `DeploymentDeprovisionFailed`, repeat it or reconcile.
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
 * Deleting what does not exist succeeds, so there is no `DeploymentNotFound`.
 *
 * @category errors
 * @since 0.1.0
 */
export type DeleteError = Exclude<DeprovisionError, DeploymentNotFound>

/**
 * What was put back into a registry that had lost it.
 *
 * @category schemas
 * @since 0.1.0
 */
export class RebuildReport extends Schema.Class<RebuildReport>("effect-deployers/RebuildReport")({
  recovered: Schema.Array(
    Schema.Struct({ deployment: Schema.String, generation: Schema.Int, snapshot: Schema.String })
  ),
  /** What could not be put back, and why. */
  skipped: Schema.Array(Schema.Struct({ resource: Schema.String, reason: Schema.String })),
  /** Whether the registry took the id of the lost one; only programs that open it from now on go by it. */
  renamed: Schema.Boolean
}) {}

/**
 * How reconciling fails as a whole. What fails for one deployment is an action of the report.
 *
 * @category errors
 * @since 0.1.0
 */
export type ReconcileError = RegistryMismatch | StoreError

/**
 * How reading a log fails.
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
 * How showing, rotating or removing a key fails. `SecretKeyError`: the key that secrets are sealed with is missing or
 * another.
 *
 * @category errors
 * @since 0.1.0
 */
export type AuthKeyError = DeploymentNotFound | SecretKeyError | StoreError

/**
 * What a provision would do, without doing it.
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
  /** Whether callers would be refused for a moment, because the old instance has to stop first. */
  gap: Schema.Boolean
}) {}

/**
 * What reconciling did, or would do, about one deployment.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ReconcileAction = Schema.Struct({
  deployment: Schema.String,
  /**
   * `finish` or `undo` an operation whose process died, `remove` what no generation accounts for, `restore` what should
   * serve and does not, `wait` before restoring again, `giveUp` on what does not stay up, `observe` a new status, `leave`
   * alone what somebody else is changing.
   */
  action: Schema.Literal("observe", "finish", "undo", "remove", "restore", "wait", "giveUp", "leave"),
  /** One clause on what and why. */
  detail: Schema.String,
  /** `planned` by a dry run; `failed` was tried and is tried again the next time. */
  outcome: Schema.Literal("done", "planned", "failed"),
  /** Why it failed. */
  failure: Schema.optional(Schema.String)
})

/**
 * @category models
 * @since 0.1.0
 */
export type ReconcileAction = typeof ReconcileAction.Type

/**
 * What reconciling found and did.
 *
 * @category schemas
 * @since 0.1.0
 */
export class ReconcileReport extends Schema.Class<ReconcileReport>("effect-deployers/ReconcileReport")({
  /** Deployments that were looked at. */
  observed: Schema.Int,
  /** What was done, in order. */
  actions: Schema.Array(ReconcileAction),
  /** Engines that could not be asked, and why; what they have is as last known. */
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
  /**
   * Makes a deployment serve a snapshot, creating or replacing it, and waits until it is healthy. When it fails, what
   * served before still serves and the registry is as before. Repeating it is safe.
   */
  readonly provision: <R extends SnapshotRef>(
    snapshot: R,
    options: ProvisionOptions<S>
  ) => Effect.Effect<Deployment, SnapshotErrors<R, ProvisionError>>
  /**
   * Gives the deployment of that name if it runs the snapshot with the same settings, else provisions it. The way to say
   * "this shall run" from a program.
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
  /** Observes a deployment and writes down what was seen. What cannot be observed keeps its last known state. */
  readonly refresh: (ref: string) => Effect.Effect<Deployment, RefreshError>
  /** Stops a deployment and keeps its record. Stopping what is stopped succeeds. */
  readonly deprovision: (
    ref: string,
    options?: { readonly timeoutMillis?: number | undefined }
  ) => Effect.Effect<Deployment, DeprovisionError>
  /**
   * Stops a deployment and forgets it, with its data. Deleting what does not exist succeeds. With `force` the record is
   * dropped even if the backend cannot be reached; what still runs is then nobody's.
   */
  readonly delete: (
    ref: string,
    options?: { readonly force?: boolean | undefined; readonly timeoutMillis?: number | undefined }
  ) => Effect.Effect<void, DeleteError>
  /** The log of the current instance. */
  readonly logs: (ref: string, options?: LogsOptions) => Stream.Stream<LogLine, LogsError>
  /** What `provision` would do, without doing it. */
  readonly plan: <R extends SnapshotRef>(
    snapshot: R,
    options: ProvisionOptions<S>
  ) => Effect.Effect<Plan, SnapshotErrors<R, PlanError>>
  /**
   * Makes registry and reality agree: finishes or undoes operations whose process died, removes what no accepted generation
   * and no deployment accounts for, starts again what should serve and does not (by the setting `recovery`), and writes down
   * the rest. What is not provably ours, or being changed by somebody alive, is left alone. Doing it twice changes nothing
   * the second time.
   */
  readonly reconcile: Effect.Effect<ReconcileReport, ReconcileError>
  /** What `reconcile` would do first, without doing it. */
  readonly reconcilePlan: Effect.Effect<ReconcileReport, ReconcileError>
  /**
   * Puts deployments back that the registry does not know any more, from what was written down beside their instances. What
   * it knows stays as it is, and nothing outside the registry is touched. What cannot be looked at now is passed over and
   * said. The way out of a `RegistryMismatch`.
   */
  readonly rebuild: Effect.Effect<RebuildReport, StoreError>
  /** A hint each time something may have changed outside; a deployer that gets none never hints. */
  readonly changes: Stream.Stream<void>
  /** Progress of every operation of this process, from the moment the stream is run. */
  readonly events: Stream.Stream<DeploymentEvent>
  /** The same as a queue: nothing that happens after this effect has succeeded is missed. */
  readonly subscribe: Effect.Effect<Queue.Dequeue<DeploymentEvent>, never, Scope.Scope>
  /** Deployments of this registry, of every deployer, sorted by name, as last observed. */
  readonly list: (options?: {
    readonly status?: Deployment["status"] | undefined
  }) => Effect.Effect<ReadonlyArray<Deployment>, StoreError>
  /** One deployment as last observed. */
  readonly get: (ref: string) => Effect.Effect<Deployment, DeploymentNotFound | StoreError>
  /** The key callers need, for the owner's own client; `undefined` when none is asked for. */
  readonly authKey: (ref: string) => Effect.Effect<Redacted.Redacted | undefined, AuthKeyError>
  /** Every generation that was tried, newest first. */
  readonly revisions: (ref: string) => Effect.Effect<ReadonlyArray<Revision>, DeploymentNotFound | StoreError>
}
