/**
 * How an instance gets its files: what it is told, its secrets, and a place for its data. The engine may see the folders
 * of this machine, or it may not.
 */
import type { PlatformError } from "@effect/platform/Error"
import type { FileSystem } from "@effect/platform/FileSystem"
import type * as Effect from "effect/Effect"
import type {
  DeploymentProvisionFailed,
  EngineUnavailable,
  OutcomeUnknown,
  ResourceNotOwned
} from "../../../Errors/Lifecycle.js"
import type { Instance, ProvisionRequest } from "../../../Flavor/Backend.js"
import type { Home } from "../../../Store/Home.js"
import type {
  ArchiveRejected,
  ContainerNotFound,
  ContainerRunning,
  CreateError,
  DockerClient,
  EngineUnreachable,
  Mount,
  QueryError,
  VolumeInUse
} from "../../DockerClient.js"
import type { ArchiveFailed } from "../../Image/LayerTar.js"
import type { DockerSettings } from "../../Settings.js"
import type { BackendContext, Identity } from "../BackendContext.js"
import type { Ingredients } from "../Hardening.js"

/** What giving and taking files work with. */
export type Needs = Home | FileSystem | DockerClient | BackendContext

/** How giving files fails. */
export type GivingError =
  | DeploymentProvisionFailed
  | ResourceNotOwned
  | OutcomeUnknown
  | CreateError
  | ContainerNotFound
  | ContainerRunning
  | ArchiveRejected
  | ArchiveFailed
  | QueryError
  | PlatformError

/** How taking files back fails. */
export type TakingError = EngineUnavailable | OutcomeUnknown | QueryError | VolumeInUse | PlatformError

/** One way to give files to instances. All of it can be repeated. */
export interface MountStrategy {
  /** As whom its containers run: the files are that user's. */
  readonly identity: (site: typeof BackendContext.Service) => Identity
  /** Fails if a container cannot see, or must not see, what the settings want it to see besides its own files. */
  readonly check: (
    request: ProvisionRequest<DockerSettings>
  ) => Effect.Effect<void, DeploymentProvisionFailed | EngineUnreachable | PlatformError, Needs>
  /** Gives an instance that is about to be made its files; answers where its container sees them. */
  readonly give: (
    request: ProvisionRequest<DockerSettings>,
    made: { readonly engineId: string; readonly image: Ingredients["image"] }
  ) => Effect.Effect<ReadonlyArray<Mount>, GivingError, Needs>
  /** Takes back what belongs to one generation. The data stays. */
  readonly take: (instance: Pick<Instance, "deploymentId" | "generation">) => Effect.Effect<void, TakingError, Needs>
  /** Takes back everything of a deployment, its data too. */
  readonly takeAll: (deployment: Pick<Instance, "deploymentId">) => Effect.Effect<void, TakingError, Needs>
}
