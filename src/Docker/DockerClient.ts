/** A container engine as a service: every call is typed, interruptible and has a deadline. */
import type { FileSystem } from "@effect/platform/FileSystem"
import type { ConfigError } from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { Ports } from "../Flavor/Ports.js"
import * as Configuration from "./Client/Configuration.js"
import type { Container, ContainerSpec } from "./Client/Container.js"
import type {
  Containers,
  CreateError,
  Engine,
  Images,
  Networks,
  StartError,
  Volumes,
  WaitError
} from "./Client/Contract.js"
import type { EngineUnreachable, QueryError } from "./Client/Errors.js"
import { make } from "./Client/Make.js"
import type { EngineEvent, EngineHost, EventsOptions } from "./Client/Resources.js"
import type { Configs, Nodes, Secrets, Services, Tasks } from "./Client/SwarmContract.js"

export type { Options } from "./Client/Configuration.js"
export * from "./Client/Container.js"
export type * from "./Client/Contract.js"
export * from "./Client/Errors.js"
export * from "./Client/Resources.js"
export * from "./Client/Swarm.js"
export type * from "./Client/SwarmContract.js"
export * from "./Client/SwarmErrors.js"

/**
 * A container engine. Nothing is loaded or connected before the first call, and no connection outlives a call.
 *
 * **Details**
 *
 * A call without an answer within its deadline (default 30 seconds; streams, builds and `wait` have none) fails: a query
 * with `EngineTimeout`, a change with `OutcomeUnknown`. Interrupting a call abandons its answer; the engine may still carry
 * it out.
 *
 * @category services
 * @since 0.1.0
 */
export class DockerClient extends Context.Tag("effect-deployers/Docker/DockerClient")<
  DockerClient,
  {
    /** The place of the engine, from the configuration alone. */
    readonly host: Effect.Effect<EngineHost, EngineUnreachable>
    readonly engine: Engine
    readonly containers: Containers
    readonly images: Images
    readonly networks: Networks
    readonly volumes: Volumes
    /** Services of the swarm that the engine manages. */
    readonly services: Services
    readonly tasks: Tasks
    readonly nodes: Nodes
    readonly secrets: Secrets
    readonly configs: Configs
    /** The events of the engine, as they happen; fails when the connection breaks. Events may be lost. */
    readonly events: (options?: EventsOptions) => Stream.Stream<EngineEvent, QueryError>
    /**
     * Starts a container that is removed, by force, when the scope closes or when it cannot be started. A generated name
     * finds the container even if the answer to its creation is lost.
     */
    readonly runScoped: (
      spec: ContainerSpec
    ) => Effect.Effect<Container, CreateError | StartError | WaitError, Scope.Scope>
  }
>() {}

/**
 * An engine at a known address.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Configuration.Options = {}): Layer.Layer<DockerClient, never, FileSystem | Ports> =>
  Layer.effect(DockerClient, make(options))

/**
 * The engine that the environment names: `DOCKER_HOST`, `DOCKER_TLS_VERIFY`, `DOCKER_CERT_PATH`, `DOCKER_API_VERSION`,
 * then `DOCKER_CONTEXT` or the current context of `DOCKER_CONFIG` (default `~/.docker`), then the usual sockets.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerConfig: Layer.Layer<DockerClient, ConfigError, FileSystem | Ports> = Layer.unwrapEffect(
  Effect.map(Configuration.config, layer)
)
