/**
 * The contract for the files of an instance: its configuration, its secrets, and a place for its data. An engine may or may
 * not see the folders of this machine.
 */
import type { PlatformError } from "@effect/platform/Error"
import type { FileSystem } from "@effect/platform/FileSystem"
import type * as Effect from "effect/Effect"
import type { Intake } from "../../../Deployment/Intake.js"
import type {
  DeploymentProvisionFailed,
  EngineUnavailable,
  OutcomeUnknown,
  ResourceNotOwned
} from "../../../Errors/Lifecycle.js"
import type { Instance, Keys } from "../../../Flavor/Instance.js"
import type { Home } from "../../../Store/Home.js"
import type {
  ArchiveRejected,
  ContainerNotFound,
  ContainerRunning,
  CreateError,
  DockerClient,
  EngineUnreachable,
  Mount,
  NameConflict,
  QueryError,
  VolumeInUse
} from "../../DockerClient.js"
import type { ArchiveFailed } from "../../Image/LayerTar.js"
import type { BackendContext, Identity } from "../BackendContext.js"
import type { Parts, Request } from "../ServiceContainer.js"

/** The services that files need. */
export type Needs = Home | FileSystem | DockerClient | BackendContext

/** The failures of `write`. */
export type WriteError =
  | DeploymentProvisionFailed
  | ResourceNotOwned
  | Exclude<CreateError, NameConflict>
  | ContainerNotFound
  | ContainerRunning
  | ArchiveRejected
  | ArchiveFailed
  | QueryError
  | PlatformError

/** The failures of `writeIntake`. */
export type IntakeError =
  | EngineUnavailable
  | OutcomeUnknown
  | QueryError
  | ContainerNotFound
  | ArchiveRejected
  | ArchiveFailed
  | PlatformError

/** The failures of `remove` and `removeAll`. */
export type RemoveError = EngineUnavailable | OutcomeUnknown | QueryError | VolumeInUse | PlatformError

/** One way to give files to instances. Every operation can be repeated. */
export interface MountStrategy {
  /** The user of its containers, who owns the files. */
  readonly identity: (context: typeof BackendContext.Service) => Identity
  /** Fails if a volume of the settings is missing, or refused because of the place it leads to. */
  readonly check: (
    request: Request
  ) => Effect.Effect<void, DeploymentProvisionFailed | EngineUnreachable | PlatformError, Needs>
  /** Writes the files of an instance before its container exists, and returns their mounts. */
  readonly write: (
    request: Request,
    made: { readonly engineId: string; readonly image: Parts["image"] }
  ) => Effect.Effect<ReadonlyArray<Mount>, WriteError, Needs>
  /** Gives other keys to the instances of a deployment; false if they cannot get them while they run. */
  readonly updateKeys: (
    deployment: Pick<Instance, "deploymentId">,
    keys: Keys
  ) => Effect.Effect<boolean, PlatformError, Needs>
  /** Gives the intake of a deployment to its instances. */
  readonly writeIntake: (
    instance: Pick<Instance, "deploymentId" | "generation">,
    intake: Intake | undefined
  ) => Effect.Effect<void, IntakeError, Needs>
  /** Removes the files of one generation. The data stays. */
  readonly remove: (instance: Pick<Instance, "deploymentId" | "generation">) => Effect.Effect<void, RemoveError, Needs>
  /** Removes all files of a deployment, its data included. */
  readonly removeAll: (deployment: Pick<Instance, "deploymentId">) => Effect.Effect<void, RemoveError, Needs>
}
