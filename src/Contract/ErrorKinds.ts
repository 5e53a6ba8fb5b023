/** The errors of this library by kind. Every error of `Errors` belongs to exactly one kind. */
import * as Schema from "effect/Schema"
import { ArtifactStoreError } from "../Errors/Artifacts.js"
import * as Canary from "../Errors/Canary.js"
import { DeploymentCheckFailed } from "../Errors/Check.js"
import { PipelineExportInvalid, PipelineExportNotFound, PipelineSchemaUnsupported } from "../Errors/Descriptions.js"
import { BaseImageUnavailable, ImageContentRefused, ImageNotBuilt, ImageNotPushed } from "../Errors/Images.js"
import * as Input from "../Errors/Input.js"
import * as Lifecycle from "../Errors/Lifecycle.js"
import {
  PipelineBundleFailed,
  PipelineFileNotFound,
  PipelineGroupInvalid,
  PipelineLoadFailed
} from "../Errors/Pipelines.js"
import { PipelineTypeErrors } from "../Errors/PipelineTypes.js"
import { DeploymentRunFailed, ResponseRefused, RunNotRepeatable } from "../Errors/Runs.js"
import * as Sessions from "../Errors/Sessions.js"
import { ConfigFileNotFound, ConfigLoadFailed, StackCycle, StackInvalid, StackNotRestored } from "../Errors/Stacks.js"
import { HomeInUse, SecretKeyError, StoreError } from "../Errors/Stores.js"
import { ServiceManagerFailed, ServiceManagerUnavailable } from "../Errors/Supervisors.js"
import { memoize } from "../Internal/Memoize.js"
import * as Http from "./Errors.js"

/**
 * The named thing does not exist.
 *
 * @category errors
 * @since 0.1.0
 */
export const NotFoundError = Schema.Union(
  Lifecycle.DeploymentNotFound,
  Lifecycle.DeploymentLogsNotFound,
  Lifecycle.DeploymentSchemaNotFound,
  Lifecycle.SnapshotNotFound,
  Input.SecretNotFound,
  Input.AuthKeyNotFound,
  PipelineFileNotFound,
  ConfigFileNotFound,
  PipelineExportNotFound,
  Http.NotFound,
  Http.RunNotFound,
  Http.SessionNotFound,
  Http.ArtifactNotFound,
  Http.ScheduleNotFound,
  Http.TriggerNotFound,
  Http.WebhookDeliveryNotFound,
  Canary.CanaryNotFound
)

export type NotFoundError = typeof NotFoundError.Type

/**
 * The caller's input is not valid: a name, settings, parameters, a request, a pipeline file.
 *
 * @category errors
 * @since 0.1.0
 */
export const InvalidInputError = Schema.Union(
  Input.InvalidName,
  Input.DeploymentInvalidSettings,
  Input.DeploymentInvalidParameters,
  ImageContentRefused,
  PipelineExportInvalid,
  PipelineSchemaUnsupported,
  PipelineBundleFailed,
  PipelineGroupInvalid,
  PipelineLoadFailed,
  PipelineTypeErrors,
  DeploymentCheckFailed,
  ConfigLoadFailed,
  StackInvalid,
  StackCycle,
  Sessions.SessionMissing,
  Sessions.SessionTooLarge,
  ResponseRefused,
  Http.InvalidRequest,
  Http.MethodNotAllowed,
  Http.UpgradeRequired,
  Http.PayloadTooLarge,
  Http.UnsupportedMediaType,
  Http.WebhookInvalid,
  Http.WebhookSecretInvalid
)

export type InvalidInputError = typeof InvalidInputError.Type

/**
 * The input is valid, and the present state does not permit the operation: a name or a port is taken, another operation
 * is in progress, an owner differs.
 *
 * @category errors
 * @since 0.1.0
 */
export const ConflictError = Schema.Union(
  Lifecycle.DeploymentAlreadyExists,
  Lifecycle.DeploymentBusy,
  Lifecycle.DeploymentDeployerMismatch,
  Lifecycle.DeploymentSnapshotMismatch,
  Lifecycle.DeploymentNotExportable,
  Lifecycle.SnapshotInUse,
  Lifecycle.LeaseLost,
  Lifecycle.PortUnavailable,
  Lifecycle.RegistryMismatch,
  Lifecycle.ResourceNotOwned,
  HomeInUse,
  Input.FilesInTheWay,
  RunNotRepeatable,
  Sessions.SessionConflict,
  Http.IdempotencyConflict,
  Http.RunHasEnded,
  Http.RunNotRetryable,
  Canary.CanaryActive,
  Canary.CanaryUnsupported,
  Canary.CanaryAborted
)

export type ConflictError = typeof ConflictError.Type

/**
 * An engine (a container engine, the process table, the service manager) did not complete an operation.
 *
 * @category errors
 * @since 0.1.0
 */
export const EngineError = Schema.Union(
  Lifecycle.DeploymentProvisionFailed,
  Lifecycle.DeploymentDeprovisionFailed,
  Lifecycle.DeploymentTimeout,
  Lifecycle.EngineUnavailable,
  Lifecycle.OutcomeUnknown,
  ImageNotBuilt,
  ImageNotPushed,
  BaseImageUnavailable,
  ServiceManagerUnavailable,
  ServiceManagerFailed,
  StackNotRestored
)

export type EngineError = typeof EngineError.Type

/**
 * The registry, a run store, the state of a session or the key of the secrets is not usable.
 *
 * @category errors
 * @since 0.1.0
 */
export const StorageError = Schema.Union(
  StoreError,
  SecretKeyError,
  ArtifactStoreError,
  Sessions.SessionMisfit,
  Sessions.SessionUnavailable
)

export type StorageError = typeof StorageError.Type

/**
 * A deployment refused a call, failed at it, or did not answer.
 *
 * @category errors
 * @since 0.1.0
 */
export const CallError = Schema.Union(
  Http.DeploymentHttpError,
  Http.ServiceNotProven,
  Http.Unauthorized,
  Http.Forbidden,
  Http.OriginRefused,
  Http.TooManyFailedKeys,
  Http.TooManyRuns,
  Http.ServiceUnavailable,
  Http.ServiceInMaintenance,
  Http.InternalError
)

export type CallError = typeof CallError.Type

/**
 * A run started and did not succeed.
 *
 * @category errors
 * @since 0.1.0
 */
export const RunError = Schema.Union(
  DeploymentRunFailed,
  Http.RunInterrupted,
  Http.RunLimitExceeded,
  Http.RunTimedOut,
  Http.RunDiverged,
  Http.RunNotRecovered,
  Http.RunContinues
)

export type RunError = typeof RunError.Type

/** A predicate whose schema compiles at its first call: importing errors stays cheap. */
const guard = <A, I>(schema: Schema.Schema<A, I>): ((u: unknown) => u is A) => {
  const is = memoize(() => Schema.is(schema))
  return (u): u is A => is()(u)
}

/**
 * True for a {@link NotFoundError}.
 *
 * @category guards
 * @since 0.1.0
 */
export const isNotFoundError = guard(NotFoundError)

/**
 * True for an {@link InvalidInputError}.
 *
 * @category guards
 * @since 0.1.0
 */
export const isInvalidInputError = guard(InvalidInputError)

/**
 * True for a {@link ConflictError}.
 *
 * @category guards
 * @since 0.1.0
 */
export const isConflictError = guard(ConflictError)

/**
 * True for an {@link EngineError}.
 *
 * @category guards
 * @since 0.1.0
 */
export const isEngineError = guard(EngineError)

/**
 * True for a {@link StorageError}.
 *
 * @category guards
 * @since 0.1.0
 */
export const isStorageError = guard(StorageError)

/**
 * True for a {@link CallError}.
 *
 * @category guards
 * @since 0.1.0
 */
export const isCallError = guard(CallError)

/**
 * True for a {@link RunError}.
 *
 * @category guards
 * @since 0.1.0
 */
export const isRunError = guard(RunError)

/**
 * True if the same operation may succeed later without a change by its caller, and repeating it is safe.
 *
 * **Details**
 *
 * A run that may have started is not repeated safely, so no {@link RunError} and no `DeploymentHttpError` is retryable;
 * an idempotency key makes such a call safe.
 *
 * @example
 * ```ts
 * import { Effect, Schedule } from "effect"
 * import { Client, Errors } from "effect-deployers"
 *
 * const program = Client.invoke("weather", { city: "Oslo" }).pipe(
 *   Effect.retry({ schedule: Schedule.exponential("100 millis"), times: 5, while: Errors.isRetryable })
 * )
 * ```
 *
 * @category guards
 * @since 0.1.0
 */
export const isRetryable = (error: unknown): boolean =>
  isTransient(error) || (error instanceof StoreError && error.isRetryable)

// internal

const isTransient = guard(
  Schema.Union(
    Lifecycle.DeploymentBusy,
    Lifecycle.DeploymentDeprovisionFailed,
    Lifecycle.EngineUnavailable,
    Lifecycle.OutcomeUnknown,
    Http.TooManyRuns,
    Http.ServiceUnavailable
  )
)
