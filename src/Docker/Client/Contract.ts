/** The operations of a container engine, by kind of resource. */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as Stream from "effect/Stream"
import type { Container, ContainerLogLine, ContainerLogsOptions, ContainerSpec, ContainerSummary } from "./Container.js"
import type {
  ArchiveRejected,
  ChangeError,
  ContainerNotFound,
  ContainerNotRunning,
  ContainerRunning,
  ImageBuildFailed,
  ImageInUse,
  ImageLoadFailed,
  ImageNotFound,
  ImageUnavailable,
  NameConflict,
  NetworkInUse,
  NetworkNotFound,
  PortConflict,
  QueryError,
  RegistryFailed,
  SpecRejected,
  StartRejected,
  VolumeInUse
} from "./Errors.js"
import type {
  BuildOptions,
  EngineInfo,
  EngineVersion,
  Image,
  ImageHistoryEntry,
  ImageProgress,
  ImageSummary,
  LabelFilter,
  Network,
  NetworkSpec,
  Volume
} from "./Resources.js"

/**
 * The failures of `containers.create`. No container is left, unless the outcome is unknown.
 *
 * @category errors
 * @since 0.1.0
 */
export type CreateError = NameConflict | ImageUnavailable | SpecRejected | ChangeError

/**
 * The failures of `containers.start`.
 *
 * @category errors
 * @since 0.1.0
 */
export type StartError = ContainerNotFound | PortConflict | StartRejected | ChangeError

/**
 * The failures of `containers.wait`.
 *
 * @category errors
 * @since 0.1.0
 */
export type WaitError = ContainerNotFound | QueryError

/**
 * A tar archive in pieces. A failure of the archive is a failure of the operation that reads it.
 *
 * @category models
 * @since 0.1.0
 */
export type Archive<E = never, R = never> = Stream.Stream<Uint8Array, E, R>

/**
 * The engine itself.
 *
 * @category models
 * @since 0.1.0
 */
export interface Engine {
  /** Succeeds if the engine answers; returns the version of its API. */
  readonly ping: Effect.Effect<string, QueryError>
  readonly info: Effect.Effect<EngineInfo, QueryError>
  readonly version: Effect.Effect<EngineVersion, QueryError>
}

/**
 * Containers, by id or name.
 *
 * @category models
 * @since 0.1.0
 */
export interface Containers {
  /** Creates a container without starting it; returns its id. */
  readonly create: (spec: ContainerSpec) => Effect.Effect<string, CreateError>
  /** Starts it; a running container is a success. After a failure the container still exists, not running. */
  readonly start: (container: string) => Effect.Effect<void, StartError>
  /**
   * Sends the stop signal, waits up to `grace` (whole seconds; default the container's own), then kills it. A container
   * that is not running or does not exist is a success.
   */
  readonly stop: (
    container: string,
    options?: { readonly grace?: Duration.DurationInput | undefined }
  ) => Effect.Effect<void, ChangeError>
  /** Sends a signal, default `SIGKILL`. The engine does not restart the container after that. */
  readonly kill: (
    container: string,
    signal?: string
  ) => Effect.Effect<void, ContainerNotFound | ContainerNotRunning | ChangeError>
  /** Pauses its processes. */
  readonly pause: (container: string) => Effect.Effect<void, ContainerNotFound | ContainerNotRunning | ChangeError>
  /** Resumes its processes. */
  readonly unpause: (container: string) => Effect.Effect<void, ContainerNotFound | ContainerNotRunning | ChangeError>
  /**
   * Removes it and waits until it is gone, also when another removal is in progress. A missing container is a success.
   * `force` (default `false`) kills it first; `volumes` (default `true`) removes its unnamed volumes too.
   */
  readonly remove: (
    container: string,
    options?: { readonly force?: boolean | undefined; readonly volumes?: boolean | undefined }
  ) => Effect.Effect<void, ContainerRunning | ChangeError>
  /** Inspects one container. */
  readonly inspect: (container: string) => Effect.Effect<Container, ContainerNotFound | QueryError>
  /** All containers with these labels, in any state, newest first. */
  readonly list: (labels: LabelFilter) => Effect.Effect<ReadonlyArray<ContainerSummary>, QueryError>
  /** Waits, without a deadline, until it is not running (default) or removed; returns its exit code. */
  readonly wait: (
    container: string,
    options?: { readonly until?: "not-running" | "removed" | undefined }
  ) => Effect.Effect<number, WaitError>
  /** Its log, up to now or until the container exits. */
  readonly logs: (
    container: string,
    options?: ContainerLogsOptions
  ) => Stream.Stream<ContainerLogLine, ContainerNotFound | QueryError>
  /** Unpacks an archive in a folder of it, with owners and permissions. The container need not be running. */
  readonly putArchive: <E, R>(
    container: string,
    path: string,
    archive: Archive<E, R>
  ) => Effect.Effect<void, E | ContainerNotFound | ArchiveRejected | ChangeError, R>
}

/**
 * Images, by name, digest or id.
 *
 * @category models
 * @since 0.1.0
 */
export interface Images {
  /** Inspects one image. */
  readonly inspect: (image: string) => Effect.Effect<Image, ImageNotFound | QueryError>
  /** The steps of its build, newest first. */
  readonly history: (image: string) => Effect.Effect<ReadonlyArray<ImageHistoryEntry>, ImageNotFound | QueryError>
  /** All images with these labels. */
  readonly list: (labels: LabelFilter) => Effect.Effect<ReadonlyArray<ImageSummary>, QueryError>
  /** Adds a name, such as `weather:7`, and takes that name from another image. */
  readonly tag: (image: string, name: string) => Effect.Effect<void, ImageNotFound | SpecRejected | ChangeError>
  /** Removes the name, and with its last name the image. A missing image is a success. `force`: default `false`. */
  readonly remove: (
    image: string,
    options?: { readonly force?: boolean | undefined }
  ) => Effect.Effect<void, ImageInUse | ChangeError>
  /** Loads images from an archive in the format of `save`. */
  readonly load: <E, R>(archive: Archive<E, R>) => Stream.Stream<ImageProgress, E | ImageLoadFailed | ChangeError, R>
  /** Creates an image of one layer from an archive of its files; `changes` are lines of a Dockerfile. Returns its id. */
  readonly import: <E, R>(
    archive: Archive<E, R>,
    options?: {
      readonly tag?: string | undefined
      readonly changes?: ReadonlyArray<string> | undefined
      readonly message?: string | undefined
    }
  ) => Effect.Effect<string, E | ImageLoadFailed | ChangeError, R>
  /** Builds an image from an archive with the Dockerfile and the files it copies. The last `Done` has the id. */
  readonly build: <E, R>(
    context: Archive<E, R>,
    options?: BuildOptions
  ) => Stream.Stream<ImageProgress, E | ImageBuildFailed | ChangeError, R>
  /** Pulls an image from its registry, with the credentials of the Docker command line. `Done` has its name. */
  readonly pull: (
    image: string,
    options?: { readonly platform?: string | undefined }
  ) => Stream.Stream<ImageProgress, ImageUnavailable | ChangeError>
  /**
   * Pushes the image of a name, such as `registry.example:5000/team/app:7`, to its registry, with the credentials of the
   * Docker command line. `Done` has its name by digest. Layers that are there are not sent.
   */
  readonly push: (image: string) => Stream.Stream<ImageProgress, RegistryFailed | ChangeError>
  /** The digest of a name in its registry; none if the registry does not have it. */
  readonly digestInRegistry: (image: string) => Effect.Effect<Option.Option<string>, RegistryFailed | QueryError>
  /** The archive of an image with all its layers. */
  readonly save: (image: string) => Stream.Stream<Uint8Array, ImageNotFound | QueryError>
}

/**
 * Networks, by id or name.
 *
 * @category models
 * @since 0.1.0
 */
export interface Networks {
  /** Creates a network; returns its id. */
  readonly create: (spec: NetworkSpec) => Effect.Effect<string, NameConflict | SpecRejected | ChangeError>
  /** Inspects one network, with its containers. */
  readonly inspect: (network: string) => Effect.Effect<Network, NetworkNotFound | QueryError>
  /** All networks with these labels, without their containers. */
  readonly list: (labels: LabelFilter) => Effect.Effect<ReadonlyArray<Network>, QueryError>
  /** Removes it. A missing network is a success. */
  readonly remove: (network: string) => Effect.Effect<void, NetworkInUse | ChangeError>
}

/**
 * Volumes, by name.
 *
 * @category models
 * @since 0.1.0
 */
export interface Volumes {
  /** Creates a volume, or returns the existing one of that name. */
  readonly create: (spec: {
    readonly name: string
    readonly labels: Readonly<Record<string, string>>
  }) => Effect.Effect<Volume, SpecRejected | ChangeError>
  /** All volumes with these labels. */
  readonly list: (labels: LabelFilter) => Effect.Effect<ReadonlyArray<Volume>, QueryError>
  /** Removes it. A missing volume is a success. `force`: default `false`. */
  readonly remove: (
    volume: string,
    options?: { readonly force?: boolean | undefined }
  ) => Effect.Effect<void, VolumeInUse | ChangeError>
}
