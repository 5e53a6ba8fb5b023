/** The failures of each operation of a deployer, as Schemas. They compile only if the contract has the same. */
import * as Schema from "effect/Schema"
import {
  DeploymentHttpError,
  InternalError,
  RunNotFound,
  ServiceNotProven,
  ServiceUnavailable
} from "../Contract/Errors.js"
import { CanaryActive } from "../Errors/Canary.js"
import { DeploymentCheckFailed } from "../Errors/Check.js"
import { AuthKeyNotFound, DeploymentInvalidSettings, InvalidName, SecretNotFound } from "../Errors/Input.js"
import {
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
import { SecretKeyError, StoreError } from "../Errors/Stores.js"

/** The failures of a plan. */
export const PlanError = Schema.Union(
  InvalidName,
  DeploymentInvalidSettings,
  DeploymentAlreadyExists,
  DeploymentDeployerMismatch,
  DeploymentSnapshotMismatch,
  SnapshotNotFound,
  SecretNotFound,
  SecretKeyError,
  StoreError
)

/** The failures of creating or replacing a deployment. */
export const ProvisionError = Schema.Union(
  ...PlanError.members,
  DeploymentBusy,
  LeaseLost,
  CanaryActive,
  DeploymentCheckFailed,
  DeploymentProvisionFailed,
  DeploymentTimeout,
  PortUnavailable,
  ResourceNotOwned,
  EngineUnavailable,
  OutcomeUnknown
)

/** The failures of going back to an earlier generation. */
export const RollbackError = Schema.Union(...ProvisionError.members, DeploymentNotFound)

/** The failures of observing a deployment. */
export const RefreshError = Schema.Union(DeploymentNotFound, DeploymentDeployerMismatch, StoreError)

/** The failures of deleting a deployment. */
export const DeleteError = Schema.Union(
  DeploymentDeployerMismatch,
  DeploymentBusy,
  LeaseLost,
  DeploymentDeprovisionFailed,
  DeploymentTimeout,
  EngineUnavailable,
  OutcomeUnknown,
  StoreError
)

/** The failures of stopping a deployment. */
export const DeprovisionError = Schema.Union(...DeleteError.members, DeploymentNotFound)

/** The failures of reconciling. */
export const ReconcileError = Schema.Union(RegistryMismatch, StoreError)

/** The failures of reading a log. */
export const LogsError = Schema.Union(
  DeploymentNotFound,
  DeploymentDeployerMismatch,
  DeploymentLogsNotFound,
  EngineUnavailable,
  StoreError
)

/** The failures of reading a record. */
export const ReadError = Schema.Union(DeploymentNotFound, StoreError)

/** The failures of showing a key. */
export const AuthKeyError = Schema.Union(DeploymentNotFound, SecretKeyError, StoreError)

/** The failures of a pause, a maintenance and their end. */
export const IntakeError = Schema.Union(...RollbackError.members, DeploymentDeprovisionFailed)

/** The failures of changing keys. */
export const AuthKeyChangeError = Schema.Union(...IntakeError.members, AuthKeyNotFound)

/** The failures of asking a deployment for its runs. */
export const RecordsError = Schema.Union(
  DeploymentNotFound,
  DeploymentHttpError,
  ServiceNotProven,
  ServiceUnavailable,
  InternalError,
  SecretKeyError,
  StoreError
)

export type RecordsError = typeof RecordsError.Type

/** The failures of asking a deployment for one run. */
export const RunError = Schema.Union(...RecordsError.members, RunNotFound)

export type RunError = typeof RunError.Type
