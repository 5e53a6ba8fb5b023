/** Services of a swarm, and the engine's answers about services, tasks, nodes, secrets and configs. */
import * as Data from "effect/Data"
import type * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import type { ContainerSpec, Healthcheck, Mount } from "./Container.js"

/**
 * A secret or a config of the swarm as a file of a container.
 *
 * @category models
 * @since 0.2.0
 */
export interface SwarmFile {
  readonly id: string
  readonly name: string
  /** Path inside the container; a secret without a folder in it is in `/run/secrets`. */
  readonly target: string
  readonly uid: number
  readonly gid: number
  readonly mode: number
}

/**
 * The containers of a service.
 *
 * @category models
 * @since 0.2.0
 */
export interface ServiceContainer
  extends Pick<
    ContainerSpec,
    | "entrypoint"
    | "command"
    | "environment"
    | "user"
    | "workingDirectory"
    | "stopSignal"
    | "stopGrace"
    | "dns"
    | "readOnlyRoot"
    | "capDrop"
    | "init"
  > {
  /** An id `sha256:...` of a local image, which is never pulled, or a reference by digest. */
  readonly image: string
  /** The labels of each task and its container. */
  readonly labels: Readonly<Record<string, string>>
  readonly groups?: ReadonlyArray<string> | undefined
  /** Lines of the hosts file, as `address name`. */
  readonly hosts?: ReadonlyArray<string> | undefined
  readonly openFiles?: number | undefined
  readonly mounts?: ReadonlyArray<Mount> | undefined
  readonly secrets?: ReadonlyArray<SwarmFile> | undefined
  readonly configs?: ReadonlyArray<SwarmFile> | undefined
  /** A task is running only after the first success. */
  readonly healthcheck?: Healthcheck | undefined
}

/**
 * The pace and the order of an update. The new task of a place is started before the old one stops.
 *
 * @category models
 * @since 0.2.0
 */
export interface UpdatePace {
  /** The places that change at the same time. */
  readonly parallelism: number
  /** The time after the start of a task in which its end is a failure of the update. */
  readonly monitor: Duration.DurationInput
  readonly onFailure: "rollback" | "pause"
}

/**
 * The specification of a service.
 *
 * @category models
 * @since 0.2.0
 */
export interface ServiceSpec {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly container: ServiceContainer
  /** The number of tasks, or one on each node. */
  readonly replicas: number | "everyNode"
  readonly limits?:
    | {
        readonly cpus?: number | undefined
        readonly memoryBytes?: number | undefined
        readonly pids?: number | undefined
      }
    | undefined
  readonly restart: {
    readonly condition: "any" | "on-failure" | "none"
    readonly delay?: Duration.DurationInput | undefined
    readonly maxAttempts?: number | undefined
  }
  /** Such as `node.role==worker`. */
  readonly constraints?: ReadonlyArray<string> | undefined
  /** Names of overlay networks. */
  readonly networks?: ReadonlyArray<string> | undefined
  readonly log?: ContainerSpec["log"]
  /** A published port: at each node with a task (`host`), or through the routing mesh (`ingress`). */
  readonly ports?:
    | ReadonlyArray<{
        readonly container: number
        readonly host?: number | undefined
        readonly mode: "host" | "ingress"
      }>
    | undefined
  readonly update?: UpdatePace | undefined
  /** Names resolve to the tasks (`dnsrr`) or to one address of the kernel's balancer (`vip`). */
  readonly endpoint: "dnsrr" | "vip"
}

/**
 * A change of a service. Fields that it does not name stay.
 *
 * @category models
 * @since 0.2.0
 */
export type ServiceChange = Data.TaggedEnum<{
  /** Another specification. `restart` replaces the tasks even if nothing differs. */
  readonly Replace: { readonly spec: ServiceSpec; readonly restart: boolean }
  readonly Scale: { readonly replicas: number }
  /** Adds labels of the service; its tasks go on. */
  readonly Label: { readonly labels: Readonly<Record<string, string>> }
  /** Another config at the path of the same target. */
  readonly Reconfigure: { readonly config: SwarmFile }
  /** The specification before the last change. */
  readonly Rollback: Record<never, never>
}>

/**
 * Constructors of changes.
 *
 * @category constructors
 * @since 0.2.0
 */
export const ServiceChange = Data.taggedEnum<ServiceChange>()

/**
 * The state of the last update of a service.
 *
 * @category models
 * @since 0.2.0
 */
export type UpdateState =
  | "updating"
  | "paused"
  | "completed"
  | "rollback_started"
  | "rollback_paused"
  | "rollback_completed"
  | "unknown"

/**
 * An inspected service.
 *
 * @category models
 * @since 0.2.0
 */
export interface Service {
  readonly id: string
  readonly name: string
  /** The number of its last change, which the next change has to name. */
  readonly version: number
  readonly createdAt: DateTime.Utc | undefined
  readonly labels: Readonly<Record<string, string>>
  readonly image: string
  /** The number of tasks; `undefined` for one on each node. */
  readonly replicas: number | undefined
  readonly constraints: ReadonlyArray<string>
  /** Its published ports. */
  readonly ports: ReadonlyArray<{
    readonly container: number
    readonly host: number | undefined
    readonly mode: string
  }>
  /** The ids of its secrets and configs. */
  readonly secrets: ReadonlyArray<string>
  readonly configs: ReadonlyArray<string>
  /** The labels before the last change; none if that cannot be rolled back. */
  readonly previousLabels: Readonly<Record<string, string>> | undefined
  readonly update: { readonly state: UpdateState; readonly message: string } | undefined
  /** The engine's whole answer. */
  readonly raw: Readonly<Record<string, unknown>>
}

/**
 * The states of a task, in their order.
 *
 * @category models
 * @since 0.2.0
 */
export type TaskState =
  | "new"
  | "pending"
  | "assigned"
  | "accepted"
  | "preparing"
  | "ready"
  | "starting"
  | "running"
  | "complete"
  | "shutdown"
  | "failed"
  | "rejected"
  | "remove"
  | "orphaned"
  | "unknown"

/**
 * A task: one container of a service, which is never started again.
 *
 * @category models
 * @since 0.2.0
 */
export interface Task {
  readonly id: string
  readonly serviceId: string
  /** The place among the replicas, from 1; 0 for one on each node. */
  readonly slot: number
  readonly nodeId: string | undefined
  /** The labels of its container. */
  readonly labels: Readonly<Record<string, string>>
  readonly state: TaskState
  readonly desired: TaskState
  readonly message: string
  /** The failure in the words of the engine. */
  readonly error: string | undefined
  /** The time of its state, by the clock of the node that reported it. */
  readonly at: DateTime.Utc | undefined
  readonly createdAt: DateTime.Utc | undefined
  readonly containerId: string | undefined
  readonly exitCode: number | undefined
}

/**
 * A node of a swarm.
 *
 * @category models
 * @since 0.2.0
 */
export interface SwarmNode {
  readonly id: string
  readonly hostname: string
  readonly role: "manager" | "worker"
  readonly availability: "active" | "pause" | "drain"
  readonly state: "ready" | "down" | "disconnected" | "unknown"
  /** Its address, as the managers see it. */
  readonly address: string
  readonly labels: Readonly<Record<string, string>>
  readonly os: string
  readonly architecture: string
}

/**
 * A secret or a config, without its content.
 *
 * @category models
 * @since 0.2.0
 */
export interface SwarmObject {
  readonly id: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly createdAt: DateTime.Utc | undefined
}

/**
 * The swarm that an engine belongs to.
 *
 * @category models
 * @since 0.2.0
 */
export interface SwarmMembership {
  /** The id of the swarm; only managers know it. */
  readonly clusterId: string | undefined
  readonly nodeId: string
  /** The address of the node. */
  readonly nodeAddress: string
  /** True for a manager that can carry out changes. */
  readonly isManager: boolean
  /** The fault of the membership, in the words of the engine. */
  readonly error: string | undefined
}
