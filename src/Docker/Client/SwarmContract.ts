/** The operations of a swarm, by kind of resource. Every one needs an engine that is a manager. */
import type * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import type * as Stream from "effect/Stream"
import type { ContainerLogLine, ContainerLogsOptions } from "./Container.js"
import type { ChangeError, NameConflict, QueryError, SpecRejected } from "./Errors.js"
import type { LabelFilter } from "./Resources.js"
import type { Service, ServiceChange, ServiceSpec, SwarmNode, SwarmObject, Task } from "./Swarm.js"
import type { ServiceNotFound, SwarmObjectInUse, UpdateOutOfSequence } from "./SwarmErrors.js"

/**
 * Services, by id or name.
 *
 * @category models
 * @since 0.2.0
 */
export interface Services {
  /** Creates a service; returns its id. Its tasks start later. */
  readonly create: (spec: ServiceSpec) => Effect.Effect<string, NameConflict | SpecRejected | ChangeError>
  /** A service by its name or id. */
  readonly inspect: (service: string) => Effect.Effect<Service, ServiceNotFound | QueryError>
  /** All services with these labels. */
  readonly list: (labels: LabelFilter) => Effect.Effect<ReadonlyArray<Service>, QueryError>
  /** Changes a service as it was inspected; fails if another change came first. Its tasks follow later. */
  readonly update: (
    service: Service,
    change: ServiceChange
  ) => Effect.Effect<void, ServiceNotFound | UpdateOutOfSequence | SpecRejected | ChangeError | QueryError>
  /** Removes it; its tasks stop later. A missing service is a success. */
  readonly remove: (service: string) => Effect.Effect<void, ChangeError>
  /** The log of all of its tasks on all nodes, up to now or until interrupted. */
  readonly logs: (
    service: string,
    options?: ContainerLogsOptions
  ) => Stream.Stream<TaskLogLine, ServiceNotFound | QueryError>
}

/**
 * A line of the log of a service.
 *
 * @category models
 * @since 0.2.0
 */
export interface TaskLogLine extends ContainerLogLine {
  /** The id of its task. */
  readonly taskId: string
}

/**
 * Tasks of a swarm.
 *
 * @category models
 * @since 0.2.0
 */
export interface Tasks {
  /** The tasks of a service, ended ones included as long as the swarm keeps them; of a missing service none. */
  readonly list: (service: string) => Effect.Effect<ReadonlyArray<Task>, QueryError>
  /** The log of one task; empty if its container is gone. */
  readonly logs: (task: string, options?: ContainerLogsOptions) => Stream.Stream<ContainerLogLine, QueryError>
}

/**
 * Nodes of a swarm.
 *
 * @category models
 * @since 0.2.0
 */
export interface Nodes {
  readonly list: Effect.Effect<ReadonlyArray<SwarmNode>, QueryError>
}

/**
 * Secrets or configs of a swarm. They never change.
 *
 * @category models
 * @since 0.2.0
 */
export interface SwarmObjects<Content> {
  /** Creates one; returns its id. */
  readonly create: (spec: {
    readonly name: string
    readonly labels: Readonly<Record<string, string>>
    readonly content: Content
  }) => Effect.Effect<string, NameConflict | SpecRejected | ChangeError>
  /** All with these labels. */
  readonly list: (labels: LabelFilter) => Effect.Effect<ReadonlyArray<SwarmObject>, QueryError>
  /** Removes it. A missing one is a success. */
  readonly remove: (id: string) => Effect.Effect<void, SwarmObjectInUse | ChangeError>
}

/**
 * Secrets: texts that the swarm keeps encrypted and returns to no caller.
 *
 * @category models
 * @since 0.2.0
 */
export type Secrets = SwarmObjects<Redacted.Redacted>

/**
 * Configs: texts that every manager can read.
 *
 * @category models
 * @since 0.2.0
 */
export type Configs = SwarmObjects<string>
