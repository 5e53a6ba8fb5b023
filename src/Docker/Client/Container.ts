/** Containers: the specification of one, and the engine's answers about one. */
import type * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"

/**
 * A port of a container and the place on the host where it is published.
 *
 * @category models
 * @since 0.1.0
 */
export interface PortSpec {
  /** Port inside the container. */
  readonly container: number
  /** Port of the host; default another one at each start, which the engine chooses. */
  readonly host?: number | undefined
  /** Address of the host it is bound to; default `127.0.0.1`. */
  readonly address?: string | undefined
  /** Default `tcp`. */
  readonly protocol?: "tcp" | "udp" | undefined
}

/**
 * A folder or volume of the host, or a new file system in memory, inside a container.
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
      /** Name of the volume, which is created if it does not exist. */
      readonly source: string
      readonly target: string
      readonly readOnly?: boolean | undefined
      /** Labels of a volume that is created. */
      readonly labels?: Readonly<Record<string, string>> | undefined
      /** Fill an empty volume with the files of the image at `target`, with their owner; default `true`. */
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
      /** Allow to run programs on it; default `false`. */
      readonly exec?: boolean | undefined
    }

/**
 * The condition under which the engine restarts a container.
 *
 * @category models
 * @since 0.1.0
 */
export type RestartPolicy =
  | { readonly name: "no" | "always" | "unless-stopped" }
  | { readonly name: "on-failure"; readonly maximumRetryCount: number }

/**
 * The limits of one container. Without a field there is no limit.
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
  /** `all`, or a number of GPUs. */
  readonly gpus?: "all" | number | undefined
  readonly ulimits?: ReadonlyArray<{ readonly name: string; readonly soft: number; readonly hard: number }> | undefined
}

/**
 * A command that the engine runs inside the container to check its health. `none` disables the check of the image.
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
 * The specification of a container.
 *
 * @category models
 * @since 0.1.0
 */
export interface ContainerSpec {
  /** At least two characters; default a name that the engine chooses. */
  readonly name?: string | undefined
  /** Name, digest or id of an image the engine has. */
  readonly image: string
  readonly labels: Readonly<Record<string, string>>
  /** Replaces the image's entry point. */
  readonly entrypoint?: ReadonlyArray<string> | undefined
  /** Replaces the image's command. */
  readonly command?: ReadonlyArray<string> | undefined
  /** Every user of the engine can read them, so they must not contain secrets. */
  readonly environment?: Readonly<Record<string, string>> | undefined
  /** `uid:gid` or a name; default the image's. */
  readonly user?: string | undefined
  readonly groups?: ReadonlyArray<string> | undefined
  readonly workingDirectory?: string | undefined
  readonly hostname?: string | undefined
  /** Default the image's, or `SIGTERM`. */
  readonly stopSignal?: string | undefined
  /** Time between the stop signal and `SIGKILL`, in whole seconds. */
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
  /** Run a small init as process 1, which forwards signals and collects ended processes; default `false`. */
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
 * The phase of a container. `unknown` stands for the word of a newer engine.
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
 * The result of the engine's own health check.
 *
 * @category models
 * @since 0.1.0
 */
export interface ContainerHealth {
  readonly status: "none" | "starting" | "healthy" | "unhealthy" | "unknown"
  readonly failingStreak: number
  /** The output of the last check. */
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
  /** Of the last exit; 0 before the first one. */
  readonly exitCode: number
  /** The reason why it could not be started. */
  readonly error: string | undefined
  readonly oomKilled: boolean
  /** On the engine's host, while it is running. */
  readonly pid: number | undefined
  readonly startedAt: DateTime.Utc | undefined
  readonly finishedAt: DateTime.Utc | undefined
  readonly health: ContainerHealth | undefined
}

/**
 * One port and its place on the host. A port of the host is `undefined` before the engine has chosen it.
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
 * One mount in the engine's answer.
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
 * An inspected container.
 *
 * @category models
 * @since 0.1.0
 */
export interface Container {
  readonly id: string
  readonly name: string
  readonly createdAt: DateTime.Utc | undefined
  /** The image in the specification. */
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
  /** The published ports; none while it is not running. */
  readonly ports: ReadonlyArray<PublishedPort>
  /** The ports in the specification. */
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
 * One container of a list.
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
 * A selection of the lines of a log, oldest first.
 *
 * @category models
 * @since 0.1.0
 */
export interface ContainerLogsOptions {
  /** Only the last so many lines; default all. */
  readonly tail?: number | undefined
  /** Only lines at or after this time, in milliseconds since the epoch. */
  readonly since?: number | undefined
  /** Wait for new lines until the container exits; default `false`. */
  readonly follow?: boolean | undefined
  /** Include the time of each line; default `true`. */
  readonly timestamps?: boolean | undefined
}

/**
 * One line of a container's log, without its end. Very long lines come in pieces.
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
