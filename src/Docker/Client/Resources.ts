/** The engine's answers about itself, images, networks, volumes and events. */
import * as Data from "effect/Data"
import type * as DateTime from "effect/DateTime"
import type { SwarmMembership } from "./Swarm.js"

/**
 * The labels that a resource must have: with that value, or (`true`) with any value.
 *
 * @category models
 * @since 0.1.0
 */
export type LabelFilter = Readonly<Record<string, string | true>>

/**
 * The place of the engine.
 *
 * @category models
 * @since 0.1.0
 */
export interface EngineHost {
  /** Such as `unix:///var/run/docker.sock` or `tcp://10.0.0.7:2376`. */
  readonly url: string
  /** True for another machine, whose ports and files are not those of this one. */
  readonly remote: boolean
  /** Name or address of its published ports, as seen from here; `127.0.0.1` if it is not remote. */
  readonly hostname: string
  /** True if the network can neither read nor forge the traffic: it uses TLS or stays on this machine. */
  readonly private: boolean
}

/**
 * The engine.
 *
 * @category models
 * @since 0.1.0
 */
export interface EngineInfo {
  /** The same as long as the engine has its data. */
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
  /** The clock of the engine, if it reports the time. */
  readonly time: DateTime.Utc | undefined
  /** Its swarm; none if it belongs to none. */
  readonly swarm: SwarmMembership | undefined
}

/**
 * Versions of the engine and of its API, such as `1.47`.
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
 * An inspected image.
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
 * One image of a list. `createdAt` is `undefined` if the image has no time.
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
 * One step of the build of an image.
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
 * The progress of a build, a load or a pull: a line of text, the state of a part, or (`Done`) the id or name of the
 * resulting image. A load of several images has several `Done`.
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
 * Constructors of progress; `$is` and `$match` distinguish its kinds.
 *
 * @category constructors
 * @since 0.1.0
 */
export const ImageProgress = Data.taggedEnum<ImageProgress>()

/**
 * The options of a build. The archive contains the Dockerfile and all files that it copies.
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
  /** Visible in the image's history, so they must not contain secrets. */
  readonly buildArguments?: Readonly<Record<string, string>> | undefined
  readonly target?: string | undefined
  readonly platform?: string | undefined
  /** Ask the registry for a newer base image; default `false`. */
  readonly pull?: boolean | undefined
  /** Ignore the results of earlier builds; default `false`. */
  readonly noCache?: boolean | undefined
  /** Network of `RUN` steps: `default`, `host` or `none`. */
  readonly network?: string | undefined
}

/**
 * The specification of a network.
 *
 * @category models
 * @since 0.1.0
 */
export interface NetworkSpec {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  /** Default `bridge`. */
  readonly driver?: string | undefined
  /** Block traffic to the outside; default `false`. */
  readonly internal?: boolean | undefined
  readonly options?: Readonly<Record<string, string>> | undefined
}

/**
 * A network.
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
  /** Ids of its running containers; empty in lists. */
  readonly containers: ReadonlyArray<string>
}

/**
 * A volume.
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
 * A selection of events. Without `types` all kinds.
 *
 * @category models
 * @since 0.1.0
 */
export interface EventsOptions {
  readonly labels?: LabelFilter | undefined
  readonly types?: ReadonlyArray<"container" | "image" | "network" | "volume" | "service"> | undefined
  /** Such as `start`, `die`, `destroy`. */
  readonly actions?: ReadonlyArray<string> | undefined
  /** Include events since this time, in milliseconds since the epoch; default only new ones. */
  readonly since?: number | undefined
}

/**
 * An event of the engine.
 *
 * @category models
 * @since 0.1.0
 */
export interface EngineEvent {
  readonly type: string
  readonly action: string
  readonly id: string
  /** Name, exit code and labels of its resource. */
  readonly attributes: Readonly<Record<string, string>>
  readonly at: DateTime.Utc
}
