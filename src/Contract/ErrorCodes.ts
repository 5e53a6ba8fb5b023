/** The stable code of every error. */
import { isDeployersError } from "../Errors/Kind.js"
import type {
  CallError,
  ConflictError,
  EngineError,
  InvalidInputError,
  NotFoundError,
  RunError,
  StorageError
} from "./ErrorKinds.js"

/**
 * The tag of an error of this library.
 *
 * @category models
 * @since 0.2.0
 */
export type ErrorTag = (
  | NotFoundError
  | InvalidInputError
  | ConflictError
  | EngineError
  | StorageError
  | CallError
  | RunError
)["_tag"]

/**
 * The code of an error: `ED` and four digits. The first digit is that of its kind.
 *
 * @category models
 * @since 0.2.0
 */
export type ErrorCode = `ED${number}`

/**
 * The code of each error, by its tag. A code keeps its meaning for ever; a new error gets the next number of its kind.
 *
 * @category constants
 * @since 0.2.0
 */
export const codes = {
  DeploymentNotFound: "ED1001",
  DeploymentLogsNotFound: "ED1002",
  DeploymentSchemaNotFound: "ED1003",
  SnapshotNotFound: "ED1004",
  SecretNotFound: "ED1005",
  AuthKeyNotFound: "ED1006",
  PipelineFileNotFound: "ED1007",
  ConfigFileNotFound: "ED1008",
  PipelineExportNotFound: "ED1009",
  NotFound: "ED1010",
  RunNotFound: "ED1011",
  SessionNotFound: "ED1012",
  ArtifactNotFound: "ED1013",
  ScheduleNotFound: "ED1014",
  TriggerNotFound: "ED1015",
  WebhookDeliveryNotFound: "ED1016",
  CanaryNotFound: "ED1017",
  InvalidName: "ED2001",
  DeploymentInvalidSettings: "ED2002",
  DeploymentInvalidParameters: "ED2003",
  ImageContentRefused: "ED2004",
  PipelineExportInvalid: "ED2005",
  PipelineSchemaUnsupported: "ED2006",
  PipelineBundleFailed: "ED2007",
  PipelineGroupInvalid: "ED2008",
  PipelineLoadFailed: "ED2009",
  PipelineTypeErrors: "ED2010",
  DeploymentCheckFailed: "ED2011",
  ConfigLoadFailed: "ED2012",
  StackInvalid: "ED2013",
  StackCycle: "ED2014",
  SessionMissing: "ED2015",
  SessionTooLarge: "ED2016",
  ResponseRefused: "ED2017",
  InvalidRequest: "ED2018",
  MethodNotAllowed: "ED2019",
  UpgradeRequired: "ED2020",
  PayloadTooLarge: "ED2021",
  UnsupportedMediaType: "ED2022",
  WebhookInvalid: "ED2023",
  WebhookSecretInvalid: "ED2024",
  DeploymentAlreadyExists: "ED3001",
  DeploymentBusy: "ED3002",
  DeploymentDeployerMismatch: "ED3003",
  DeploymentSnapshotMismatch: "ED3004",
  SnapshotInUse: "ED3005",
  LeaseLost: "ED3006",
  PortUnavailable: "ED3007",
  RegistryMismatch: "ED3008",
  ResourceNotOwned: "ED3009",
  HomeInUse: "ED3010",
  FilesInTheWay: "ED3011",
  RunNotRepeatable: "ED3012",
  SessionConflict: "ED3013",
  IdempotencyConflict: "ED3014",
  RunHasEnded: "ED3015",
  RunNotRetryable: "ED3016",
  DeploymentNotExportable: "ED3017",
  CanaryActive: "ED3018",
  CanaryUnsupported: "ED3019",
  CanaryAborted: "ED3020",
  DeploymentProvisionFailed: "ED4001",
  DeploymentDeprovisionFailed: "ED4002",
  DeploymentTimeout: "ED4003",
  EngineUnavailable: "ED4004",
  OutcomeUnknown: "ED4005",
  ImageNotBuilt: "ED4006",
  BaseImageUnavailable: "ED4007",
  ServiceManagerUnavailable: "ED4008",
  ServiceManagerFailed: "ED4009",
  StackNotRestored: "ED4010",
  ImageNotPushed: "ED4011",
  StoreError: "ED5001",
  SecretKeyError: "ED5002",
  ArtifactStoreError: "ED5003",
  SessionMisfit: "ED5004",
  SessionUnavailable: "ED5005",
  DeploymentHttpError: "ED6001",
  ServiceNotProven: "ED6002",
  Unauthorized: "ED6003",
  Forbidden: "ED6004",
  OriginRefused: "ED6005",
  TooManyFailedKeys: "ED6006",
  TooManyRuns: "ED6007",
  ServiceUnavailable: "ED6008",
  ServiceInMaintenance: "ED6009",
  InternalError: "ED6010",
  DeploymentRunFailed: "ED7001",
  RunInterrupted: "ED7002",
  RunLimitExceeded: "ED7003",
  RunTimedOut: "ED7004",
  RunDiverged: "ED7005",
  RunNotRecovered: "ED7006",
  RunContinues: "ED7007"
} as const satisfies { readonly [Tag in ErrorTag]: ErrorCode }

/**
 * The code of an error of this library; none for another value.
 *
 * @example
 * ```ts
 * import { Errors } from "effect-deployers"
 *
 * console.log(Errors.codeOf(new Errors.DeploymentNotFound({ ref: "weather" }))) // "ED1001"
 * ```
 *
 * @category guards
 * @since 0.2.0
 */
export const codeOf = (error: unknown): ErrorCode | undefined => {
  const tag = isDeployersError(error) ? error._tag : undefined
  return tag !== undefined && isTag(tag) ? codes[tag] : undefined
}

// internal

const isTag = (tag: string): tag is ErrorTag => Object.hasOwn(codes, tag)
