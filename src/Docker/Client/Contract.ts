/**
 * What can be asked of a container engine, by the kind of thing it is about.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
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
 * How making a container fails; none is left behind unless the outcome is unknown.
 *
 * @category errors
 * @since 0.1.0
 */
export type CreateError = NameConflict | ImageUnavailable | SpecRejected | ChangeError

/**
 * How starting a container fails.
 *
 * @category errors
 * @since 0.1.0
 */
export type StartError = ContainerNotFound | PortConflict | StartRejected | ChangeError

/**
 * How waiting for a container fails.
 *
 * @category errors
 * @since 0.1.0
 */
export type WaitError = ContainerNotFound | QueryError

/**
 * A tar archive in pieces. What its source fails with comes out of the operation that reads it.
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
  /** Succeeds if the engine answers; tells the version of its API. */
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
  /** Makes a container and answers its id; does not start it. */
  readonly create: (spec: ContainerSpec) => Effect.Effect<string, CreateError>
  /** Starts it; one that runs already is left as it is. When it fails the container stays, not running. */
  readonly start: (container: string) => Effect.Effect<void, StartError>
  /**
   * Asks it to stop, waits up to `grace` (whole seconds; default the container's own), then kills it. One that does not
   * run, or does not exist, is stopped.
   */
  readonly stop: (
    container: string,
    options?: { readonly grace?: Duration.DurationInput | undefined }
  ) => Effect.Effect<void, ChangeError>
  /** Sends a signal, default `SIGKILL`. The engine then does not restart it by policy. */
  readonly kill: (
    container: string,
    signal?: string
  ) => Effect.Effect<void, ContainerNotFound | ContainerNotRunning | ChangeError>
  /** Freezes its processes. */
  readonly pause: (container: string) => Effect.Effect<void, ContainerNotFound | ContainerNotRunning | ChangeError>
  /** Lets its processes go on. */
  readonly unpause: (container: string) => Effect.Effect<void, ContainerNotFound | ContainerNotRunning | ChangeError>
  /**
   * Removes it and waits until it is gone, whoever removes it. One that does not exist is removed. `force` (default
   * `false`) kills it first; `volumes` (default `true`) removes its unnamed volumes too.
   */
  readonly remove: (
    container: string,
    options?: { readonly force?: boolean | undefined; readonly volumes?: boolean | undefined }
  ) => Effect.Effect<void, ContainerRunning | ChangeError>
  /** What the engine knows of one container. */
  readonly inspect: (container: string) => Effect.Effect<Container, ContainerNotFound | QueryError>
  /** All containers with these labels, whatever their state, newest first. */
  readonly list: (labels: LabelFilter) => Effect.Effect<ReadonlyArray<ContainerSummary>, QueryError>
  /** Waits, without a deadline, until it does not run (default) or is removed; answers its exit code. */
  readonly wait: (
    container: string,
    options?: { readonly until?: "not-running" | "removed" | undefined }
  ) => Effect.Effect<number, WaitError>
  /** Its log; ends with the container, or at what there is now. */
  readonly logs: (
    container: string,
    options?: ContainerLogsOptions
  ) => Stream.Stream<ContainerLogLine, ContainerNotFound | QueryError>
  /** Unpacks an archive in a folder of it, with owners and permissions; the container need not run. */
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
  /** What the engine knows of one image. */
  readonly inspect: (image: string) => Effect.Effect<Image, ImageNotFound | QueryError>
  /** The steps it was made in, newest first. */
  readonly history: (image: string) => Effect.Effect<ReadonlyArray<ImageHistoryEntry>, ImageNotFound | QueryError>
  /** All images with these labels. */
  readonly list: (labels: LabelFilter) => Effect.Effect<ReadonlyArray<ImageSummary>, QueryError>
  /** Gives it one more name, such as `weather:7`; takes that name from another image. */
  readonly tag: (image: string, name: string) => Effect.Effect<void, ImageNotFound | SpecRejected | ChangeError>
  /** Removes the name, and the image with its last name. One that does not exist is removed. `force`: default `false`. */
  readonly remove: (
    image: string,
    options?: { readonly force?: boolean | undefined }
  ) => Effect.Effect<void, ImageInUse | ChangeError>
  /** Loads images from an archive as `save` makes them. */
  readonly load: <E, R>(archive: Archive<E, R>) => Stream.Stream<ImageProgress, E | ImageLoadFailed | ChangeError, R>
  /** Makes an image of one layer from an archive of its files; `changes` are lines of a Dockerfile. Answers its id. */
  readonly import: <E, R>(
    archive: Archive<E, R>,
    options?: {
      readonly tag?: string | undefined
      readonly changes?: ReadonlyArray<string> | undefined
      readonly message?: string | undefined
    }
  ) => Effect.Effect<string, E | ImageLoadFailed | ChangeError, R>
  /** Builds an image of an archive that holds the Dockerfile and what it copies. The last `Done` tells the id. */
  readonly build: <E, R>(
    context: Archive<E, R>,
    options?: BuildOptions
  ) => Stream.Stream<ImageProgress, E | ImageBuildFailed | ChangeError, R>
  /** Fetches an image from its registry. `Done` tells its name. */
  readonly pull: (
    image: string,
    options?: { readonly platform?: string | undefined }
  ) => Stream.Stream<ImageProgress, ImageUnavailable | ChangeError>
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
  /** Makes a network and answers its id. */
  readonly create: (spec: NetworkSpec) => Effect.Effect<string, NameConflict | SpecRejected | ChangeError>
  /** What the engine knows of one network, with the containers on it. */
  readonly inspect: (network: string) => Effect.Effect<Network, NetworkNotFound | QueryError>
  /** All networks with these labels, without their containers. */
  readonly list: (labels: LabelFilter) => Effect.Effect<ReadonlyArray<Network>, QueryError>
  /** Removes it. One that does not exist is removed. */
  readonly remove: (network: string) => Effect.Effect<void, NetworkInUse | ChangeError>
}

/**
 * Volumes, by name.
 *
 * @category models
 * @since 0.1.0
 */
export interface Volumes {
  /** Makes a volume, or leaves one of that name as it is. */
  readonly create: (spec: {
    readonly name: string
    readonly labels: Readonly<Record<string, string>>
  }) => Effect.Effect<Volume, SpecRejected | ChangeError>
  /** All volumes with these labels. */
  readonly list: (labels: LabelFilter) => Effect.Effect<ReadonlyArray<Volume>, QueryError>
  /** Removes it. One that does not exist is removed. `force`: default `false`. */
  readonly remove: (
    volume: string,
    options?: { readonly force?: boolean | undefined }
  ) => Effect.Effect<void, VolumeInUse | ChangeError>
}
