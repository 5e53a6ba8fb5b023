/**
 * What the engine tells about itself and about images, networks, volumes and events.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import type * as DateTime from "effect/DateTime"

/**
 * Labels that something must carry: with that value, or (`true`) with any.
 *
 * @category models
 * @since 0.1.0
 */
export type LabelFilter = Readonly<Record<string, string | true>>

/**
 * Where the engine is.
 *
 * @category models
 * @since 0.1.0
 */
export interface EngineHost {
  /** Such as `unix:///var/run/docker.sock` or `tcp://10.0.0.7:2376`. */
  readonly url: string
  /** Whether it is another machine, so that its ports and files are not ours. */
  readonly remote: boolean
  /** Name or address under which ports it publishes are reached from here; `127.0.0.1` if it is not remote. */
  readonly hostname: string
  /** Whether nobody on the way can read what is said, or be the engine: TLS, or it never leaves this machine. */
  readonly private: boolean
}

/**
 * The engine about itself.
 *
 * @category models
 * @since 0.1.0
 */
export interface EngineInfo {
  /** Stays the same as long as the engine keeps its data. */
  readonly id: string
  readonly name: string
  readonly version: string
  readonly os: string
  readonly architecture: string
  readonly cpus: number
  readonly memoryBytes: number
  readonly storageDriver: string
  readonly cgroupVersion: string
  /** Such as `name=seccomp,profile=default`. */
  readonly securityOptions: ReadonlyArray<string>
  readonly rootless: boolean
}

/**
 * Versions of the engine and of the API it speaks, such as `1.47`.
 *
 * @category models
 * @since 0.1.0
 */
export interface EngineVersion {
  readonly version: string
  readonly apiVersion: string
  readonly minApiVersion: string
  readonly os: string
  readonly architecture: string
}

/**
 * Everything that is known about one image.
 *
 * @category models
 * @since 0.1.0
 */
export interface Image {
  /** `sha256:` and the digest of its configuration. */
  readonly id: string
  /** Names such as `node:20`; none for an untagged image. */
  readonly tags: ReadonlyArray<string>
  /** Names by digest in registries. */
  readonly digests: ReadonlyArray<string>
  readonly createdAt: DateTime.Utc | undefined
  readonly sizeBytes: number
  readonly labels: Readonly<Record<string, string>>
  readonly user: string
  readonly entrypoint: ReadonlyArray<string>
  readonly command: ReadonlyArray<string>
  readonly environment: Readonly<Record<string, string>>
  readonly workingDirectory: string
  readonly exposedPorts: ReadonlyArray<string>
  /** Digests of its unpacked layers, lowest first. */
  readonly layers: ReadonlyArray<string>
  readonly os: string
  readonly architecture: string
  /** The engine's whole answer. */
  readonly raw: Readonly<Record<string, unknown>>
}

/**
 * What a list tells of an image. `createdAt` is `undefined` where the image does not say.
 *
 * @category models
 * @since 0.1.0
 */
export interface ImageSummary {
  readonly id: string
  readonly tags: ReadonlyArray<string>
  readonly labels: Readonly<Record<string, string>>
  readonly sizeBytes: number
  readonly createdAt: DateTime.Utc | undefined
}

/**
 * One step of an image's making.
 *
 * @category models
 * @since 0.1.0
 */
export interface ImageHistoryEntry {
  readonly createdBy: string
  readonly comment: string
  readonly sizeBytes: number
}

/**
 * What an engine tells while it builds, loads or pulls an image: a line of text, how far a part is, or (`Done`) the id or
 * name of what came of it. Loading several images tells several `Done`.
 *
 * @category models
 * @since 0.1.0
 */
export type ImageProgress = Data.TaggedEnum<{
  readonly Message: { readonly text: string }
  readonly Part: {
    readonly id: string
    readonly status: string
    readonly currentBytes: number | undefined
    readonly totalBytes: number | undefined
  }
  readonly Done: { readonly image: string }
}>

/**
 * Makes progress; `$is` and `$match` tell its kinds apart.
 *
 * @category constructors
 * @since 0.1.0
 */
export const ImageProgress = Data.taggedEnum<ImageProgress>()

/**
 * How an image is built. The archive holds the Dockerfile and all it copies.
 *
 * @category models
 * @since 0.1.0
 */
export interface BuildOptions {
  /** Names such as `weather:7`; default none. */
  readonly tags?: ReadonlyArray<string> | undefined
  readonly labels?: Readonly<Record<string, string>> | undefined
  /** Path in the archive; default `Dockerfile`. */
  readonly dockerfile?: string | undefined
  /** Visible in the image's history; no place for secrets. */
  readonly buildArguments?: Readonly<Record<string, string>> | undefined
  readonly target?: string | undefined
  readonly platform?: string | undefined
  /** Whether base images are looked for in their registry even if there; default `false`. */
  readonly pull?: boolean | undefined
  /** Whether steps run again that ran before; default `false`. */
  readonly noCache?: boolean | undefined
  /** Network of `RUN` steps: `default`, `host` or `none`. */
  readonly network?: string | undefined
}

/**
 * How a network is made.
 *
 * @category models
 * @since 0.1.0
 */
export interface NetworkSpec {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  /** Default `bridge`. */
  readonly driver?: string | undefined
  /** Whether nothing outside can be reached from it; default `false`. */
  readonly internal?: boolean | undefined
  readonly options?: Readonly<Record<string, string>> | undefined
}

/**
 * A network as it is.
 *
 * @category models
 * @since 0.1.0
 */
export interface Network {
  readonly id: string
  readonly name: string
  readonly driver: string
  readonly internal: boolean
  readonly labels: Readonly<Record<string, string>>
  readonly subnets: ReadonlyArray<string>
  /** Ids of running containers on it; lists do not tell them. */
  readonly containers: ReadonlyArray<string>
}

/**
 * A volume as it is.
 *
 * @category models
 * @since 0.1.0
 */
export interface Volume {
  readonly name: string
  readonly driver: string
  readonly labels: Readonly<Record<string, string>>
  /** On the engine's host. */
  readonly mountpoint: string
}

/**
 * Which events. Without `types` all kinds.
 *
 * @category models
 * @since 0.1.0
 */
export interface EventsOptions {
  readonly labels?: LabelFilter | undefined
  readonly types?: ReadonlyArray<"container" | "image" | "network" | "volume"> | undefined
  /** Such as `start`, `die`, `destroy`. */
  readonly actions?: ReadonlyArray<string> | undefined
  /** Also those since then, in milliseconds since the epoch; default only new ones. */
  readonly since?: number | undefined
}

/**
 * Something that happened in the engine.
 *
 * @category models
 * @since 0.1.0
 */
export interface EngineEvent {
  readonly type: string
  readonly action: string
  readonly id: string
  /** Name, exit code and labels of what it happened to. */
  readonly attributes: Readonly<Record<string, string>>
  readonly at: DateTime.Utc
}
