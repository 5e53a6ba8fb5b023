/**
 * Containers: what one is made of, and what the engine tells about one.
 *
 * @since 0.1.0
 */
import type * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"

/**
 * A port of a container and where it is published on the host.
 *
 * @category models
 * @since 0.1.0
 */
export interface PortSpec {
  /** Port inside the container. */
  readonly container: number
  /** Port of the host; default one that the engine chooses anew at each start. */
  readonly host?: number | undefined
  /** Address of the host it is bound to; default `127.0.0.1`. */
  readonly address?: string | undefined
  /** Default `tcp`. */
  readonly protocol?: "tcp" | "udp" | undefined
}

/**
 * Something of the host, or a fresh memory file system, that a container sees.
 *
 * @category models
 * @since 0.1.0
 */
export type Mount =
  | {
      readonly type: "bind"
      /** Must exist on the engine's host. */
      readonly source: string
      readonly target: string
      readonly readOnly?: boolean | undefined
    }
  | {
      readonly type: "volume"
      /** Name of the volume; made if it does not exist. */
      readonly source: string
      readonly target: string
      readonly readOnly?: boolean | undefined
      /** Labels of the volume, if it is made. */
      readonly labels?: Readonly<Record<string, string>> | undefined
      /** Whether an empty volume first gets what the image has at `target`, with its owner; default `true`. */
      readonly copy?: boolean | undefined
    }
  | {
      readonly type: "tmpfs"
      readonly target: string
      readonly sizeBytes: number
      /** Permissions; default `0o1777`. */
      readonly mode?: number | undefined
      /** Owner; default root. */
      readonly uid?: number | undefined
      readonly gid?: number | undefined
      /** Whether programs on it can be run; default `false`. */
      readonly exec?: boolean | undefined
    }

/**
 * When the engine starts a container again on its own.
 *
 * @category models
 * @since 0.1.0
 */
export type RestartPolicy =
  | { readonly name: "no" | "always" | "unless-stopped" }
  | { readonly name: "on-failure"; readonly maximumRetryCount: number }

/**
 * What one container may use. What is not said is not limited.
 *
 * @category models
 * @since 0.1.0
 */
export interface Resources {
  readonly memoryBytes?: number | undefined
  /** Memory and swap together; the same as `memoryBytes` means no swap. */
  readonly memorySwapBytes?: number | undefined
  /** Processors, such as `0.5`. */
  readonly cpus?: number | undefined
  /** Weight against other containers. */
  readonly cpuShares?: number | undefined
  readonly pids?: number | undefined
  readonly ulimits?: ReadonlyArray<{ readonly name: string; readonly soft: number; readonly hard: number }> | undefined
}

/**
 * A command the engine runs inside to see whether the container is healthy. `none` switches the image's own off.
 *
 * @category models
 * @since 0.1.0
 */
export type Healthcheck =
  | "none"
  | {
      /** Program and arguments, without a shell. */
      readonly command: ReadonlyArray<string>
      readonly interval?: Duration.DurationInput | undefined
      readonly timeout?: Duration.DurationInput | undefined
      readonly startPeriod?: Duration.DurationInput | undefined
      readonly retries?: number | undefined
    }

/**
 * What a container is made of.
 *
 * @category models
 * @since 0.1.0
 */
export interface ContainerSpec {
  /** At least two characters; default one that the engine makes up. */
  readonly name?: string | undefined
  /** Name, digest or id of an image the engine has. */
  readonly image: string
  readonly labels: Readonly<Record<string, string>>
  /** Replaces the image's entry point. */
  readonly entrypoint?: ReadonlyArray<string> | undefined
  /** Replaces the image's command. */
  readonly command?: ReadonlyArray<string> | undefined
  /** Readable by whoever may ask the engine; no place for secrets. */
  readonly environment?: Readonly<Record<string, string>> | undefined
  /** `uid:gid` or a name; default the image's. */
  readonly user?: string | undefined
  readonly groups?: ReadonlyArray<string> | undefined
  readonly workingDirectory?: string | undefined
  readonly hostname?: string | undefined
  /** Default the image's, or `SIGTERM`. */
  readonly stopSignal?: string | undefined
  /** How long the engine waits between the stop signal and `SIGKILL`; whole seconds. */
  readonly stopGrace?: Duration.DurationInput | undefined
  readonly tty?: boolean | undefined
  readonly ports?: ReadonlyArray<PortSpec> | undefined
  readonly mounts?: ReadonlyArray<Mount> | undefined
  /** Name or id of a network, or `none`; default the engine's bridge. */
  readonly network?: string | undefined
  /** Other names on that network. */
  readonly networkAliases?: ReadonlyArray<string> | undefined
  /** Lines of `/etc/hosts`, as `name:address`. */
  readonly extraHosts?: ReadonlyArray<string> | undefined
  readonly dns?: ReadonlyArray<string> | undefined
  /** Default `no`. */
  readonly restartPolicy?: RestartPolicy | undefined
  readonly resources?: Resources | undefined
  readonly readOnlyRoot?: boolean | undefined
  readonly capDrop?: ReadonlyArray<string> | undefined
  readonly capAdd?: ReadonlyArray<string> | undefined
  /** Such as `no-new-privileges`. */
  readonly securityOptions?: ReadonlyArray<string> | undefined
  /** Whether a small init is process 1, which passes signals on and reaps; default `false`. */
  readonly init?: boolean | undefined
  readonly ipcMode?: string | undefined
  readonly shmSizeBytes?: number | undefined
  readonly sysctls?: Readonly<Record<string, string>> | undefined
  readonly runtime?: string | undefined
  readonly platform?: string | undefined
  /** Default the engine's own. */
  readonly log?:
    | { readonly driver: string; readonly options?: Readonly<Record<string, string>> | undefined }
    | undefined
  readonly healthcheck?: Healthcheck | undefined
}

/**
 * Where a container is in its life. `unknown` is a word of a newer engine.
 *
 * @category models
 * @since 0.1.0
 */
export type ContainerStatus =
  | "created"
  | "running"
  | "paused"
  | "restarting"
  | "removing"
  | "exited"
  | "dead"
  | "unknown"

/**
 * What the engine's own health check found.
 *
 * @category models
 * @since 0.1.0
 */
export interface ContainerHealth {
  readonly status: "none" | "starting" | "healthy" | "unhealthy" | "unknown"
  readonly failingStreak: number
  /** What the last check printed. */
  readonly lastOutput: string | undefined
}

/**
 * State of a container.
 *
 * @category models
 * @since 0.1.0
 */
export interface ContainerState {
  readonly status: ContainerStatus
  /** Of the last time it ended; 0 while it never did. */
  readonly exitCode: number
  /** Why it could not be started. */
  readonly error: string | undefined
  readonly oomKilled: boolean
  /** On the engine's host; only while it runs. */
  readonly pid: number | undefined
  readonly startedAt: DateTime.Utc | undefined
  readonly finishedAt: DateTime.Utc | undefined
  readonly health: ContainerHealth | undefined
}

/**
 * One port and where it is bound on the host. A port of the host is `undefined` as long as the engine has not chosen it.
 *
 * @category models
 * @since 0.1.0
 */
export interface PublishedPort {
  readonly container: number
  readonly protocol: string
  readonly address: string
  readonly host: number | undefined
}

/**
 * One mount as the engine sees it.
 *
 * @category models
 * @since 0.1.0
 */
export interface MountInfo {
  readonly type: string
  readonly name: string | undefined
  readonly source: string
  readonly target: string
  readonly readOnly: boolean
}

/**
 * Everything that is known about one container.
 *
 * @category models
 * @since 0.1.0
 */
export interface Container {
  readonly id: string
  readonly name: string
  readonly createdAt: DateTime.Utc | undefined
  /** As it was said when the container was made. */
  readonly image: string
  /** Digest of the image's configuration. */
  readonly imageId: string
  readonly labels: Readonly<Record<string, string>>
  readonly environment: Readonly<Record<string, string>>
  readonly user: string
  readonly tty: boolean
  readonly state: ContainerState
  readonly restartCount: number
  readonly restartPolicy: { readonly name: string; readonly maximumRetryCount: number }
  /** Where its ports are bound now; none while it does not run. */
  readonly ports: ReadonlyArray<PublishedPort>
  /** Where its ports shall be bound. */
  readonly requestedPorts: ReadonlyArray<PublishedPort>
  readonly mounts: ReadonlyArray<MountInfo>
  readonly networks: ReadonlyArray<{
    readonly name: string
    readonly id: string
    readonly address: string | undefined
  }>
  /** The engine's whole answer. */
  readonly raw: Readonly<Record<string, unknown>>
}

/**
 * One line of a list of containers.
 *
 * @category models
 * @since 0.1.0
 */
export interface ContainerSummary {
  readonly id: string
  readonly name: string
  readonly image: string
  readonly imageId: string
  readonly labels: Readonly<Record<string, string>>
  readonly status: ContainerStatus
  readonly createdAt: DateTime.Utc | undefined
}

/**
 * Which lines of a container's log, oldest first.
 *
 * @category models
 * @since 0.1.0
 */
export interface ContainerLogsOptions {
  /** Only the last so many lines; default all. */
  readonly tail?: number | undefined
  /** Only lines at or after this time, in milliseconds since the epoch. */
  readonly since?: number | undefined
  /** Keep going until the container ends; default `false`. */
  readonly follow?: boolean | undefined
  /** Whether lines carry their time; default `true`. */
  readonly timestamps?: boolean | undefined
}

/**
 * One line a container wrote, without its end. Very long lines come in pieces.
 *
 * @category models
 * @since 0.1.0
 */
export interface ContainerLogLine {
  /** A terminal has only `stdout`. */
  readonly stream: "stdout" | "stderr"
  readonly at: DateTime.Utc | undefined
  readonly text: string
}
