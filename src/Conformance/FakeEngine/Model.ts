/** The resources of the engine that runs nothing. */
import type * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as PubSub from "effect/PubSub"
import type * as Scope from "effect/Scope"
import type { ContainerLogLine, ContainerSpec, ContainerStatus, PublishedPort } from "../../Docker/Client/Container.js"
import type { EngineEvent, EngineHost, Network, NetworkSpec, Volume } from "../../Docker/Client/Resources.js"
import type { ArchivedFile } from "./Archives.js"

/**
 * The behaviour of containers with one specification.
 *
 * @category models
 * @since 0.1.0
 */
export interface Behaviour {
  /** True if the program exists; default `true`. A container without its program does not start. */
  readonly startable?: boolean | undefined
  /** The lines that the container writes when it starts; default none. */
  readonly logs?: ReadonlyArray<string | { readonly stream: "stdout" | "stderr"; readonly text: string }> | undefined
  /** The moment when the container ends by itself; default never. */
  readonly exit?:
    | {
        readonly code: number
        /** Since it was started; default at once. */
        readonly after?: Duration.DurationInput | undefined
        readonly oomKilled?: boolean | undefined
      }
    | undefined
  /**
   * The reaction to `SIGTERM`: the container ends with that exit code, `ignores` the signal, or has no handler (`unhandled`)
   * and ends only under an init. Default 143.
   */
  readonly onTerm?: number | "ignores" | "unhandled" | undefined
  /** The result of the health check, if the container has one; default `healthy`. */
  readonly health?: "starting" | "healthy" | "unhealthy" | undefined
}

/**
 * One container.
 *
 * @category models
 * @since 0.1.0
 */
export interface FakeContainer {
  readonly id: string
  readonly name: string
  readonly spec: ContainerSpec
  readonly imageId: string
  readonly labels: Readonly<Record<string, string>>
  readonly createdAt: DateTime.Utc
  status: ContainerStatus
  exitCode: number
  error: string | undefined
  oomKilled: boolean
  startedAt: DateTime.Utc | undefined
  finishedAt: DateTime.Utc | undefined
  restartCount: number
  pid: number | undefined
  ports: ReadonlyArray<PublishedPort>
  readonly logs: Array<ContainerLogLine>
  /** Paths of archives unpacked in it. */
  readonly archives: Array<string>
  /** True if a client stopped or killed the container, so that its restart policy does not apply. */
  stoppedByHand: boolean
  /** Opens when it is gone. */
  readonly gone: Effect.Latch
  /** Counts starts, so that what was planned for an earlier one does not happen to a later one. */
  run: number
}

/**
 * One image.
 *
 * @category models
 * @since 0.1.0
 */
export interface FakeImage {
  readonly id: string
  readonly labels: Readonly<Record<string, string>>
  readonly user: string
  readonly environment: Readonly<Record<string, string>>
  readonly entrypoint: ReadonlyArray<string>
  readonly command: ReadonlyArray<string>
  readonly layers: ReadonlyArray<string>
  readonly createdAt: DateTime.Utc | undefined
  readonly archive: Uint8Array
  readonly tags: Set<string>
  /** Names by digest in registries. */
  readonly digests: Set<string>
}

/**
 * One network.
 *
 * @category models
 * @since 0.1.0
 */
export interface FakeNetwork extends Network {
  readonly spec: NetworkSpec
}

/**
 * One volume, with what was put into it by path; `.` is the volume itself.
 *
 * @category models
 * @since 0.1.0
 */
export interface FakeVolume extends Volume {
  readonly files: Map<string, ArchivedFile>
}

/**
 * A message to waiting clients: an event, or the end of the connection.
 *
 * @category models
 * @since 0.1.0
 */
export type Signal =
  | { readonly _tag: "Event"; readonly event: EngineEvent }
  | { readonly _tag: "Line"; readonly container: string; readonly line: ContainerLogLine }
  | { readonly _tag: "Down" }

/**
 * Everything the engine knows, and how it is disturbed.
 *
 * @category models
 * @since 0.1.0
 */
export interface World {
  readonly containers: Map<string, FakeContainer>
  readonly images: Map<string, FakeImage>
  /** The images in registries, by name and by digest. */
  readonly registries: Map<string, FakeImage>
  readonly networks: Map<string, FakeNetwork>
  readonly volumes: Map<string, FakeVolume>
  readonly events: Array<EngineEvent>
  /** Ports of the host that processes outside of the engine listen on. */
  readonly takenPorts: Set<number>
  readonly signals: PubSub.PubSub<Signal>
  readonly scope: Scope.Scope
  readonly answering: Effect.Latch
  readonly deadline: Duration.Duration
  readonly host: EngineHost
  readonly operations: Array<string>
  behave: (spec: ContainerSpec) => Behaviour
  reachable: boolean
  refusing: boolean
  delay: Duration.Duration
  removalTakes: Duration.Duration
  loseReplyOf: ((operation: string) => boolean) | undefined
  nextPort: number
  nextPid: number
  nextId: number
}
