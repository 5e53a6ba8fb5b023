/** The parts of a flavor that a simulation of its deployers needs. */
import type { HttpClient } from "@effect/platform/HttpClient"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Service } from "../../Deployer.js"
import type { Backend } from "../../Flavor/Backend.js"
import type * as Settings from "../../Settings.js"
import type { Stores } from "../../Store/Registry.js"
import type { Injector } from "../../Testing/Faults.js"
import type { Behaviour } from "../../Testing/InMemoryEngine.js"

/**
 * An instance that exists, also if no registry knows it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Reality {
  readonly key: string
  readonly deploymentId: string
  readonly generation: number
  readonly status: "running" | "paused" | "ended"
  /** True if the instance answers its callers now. */
  readonly answers: boolean
  /** True if the instance answers only some requests. */
  readonly flaky: boolean
  /** True if the door of the deployment leads to the instance, or if it has no door; default `true`. */
  readonly led?: boolean | undefined
}

/**
 * An engine that survives the controllers working on it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Engine {
  /** Reaches the instances. */
  readonly http: HttpClient
  /** All instances of all deployments. */
  readonly instances: Effect.Effect<ReadonlyArray<Reality>>
  /** The number of changes requested from the engine so far. */
  readonly mutations: Effect.Effect<number>
  /** Names of everything there is of a deployment: instances, networks, files. */
  readonly leftovers: (deploymentId: string) => Effect.Effect<ReadonlyArray<string>>
  /** Sets the behaviour of a pipeline's instances that start from now on. */
  readonly behave: (pipelineName: string, behaviour: Behaviour) => Effect.Effect<void>
  /** Ends an instance behind the controllers' backs; it stays there, ended. */
  readonly kill: (key: string) => Effect.Effect<void>
  /** Takes an instance away behind the controllers' backs. */
  readonly remove: (key: string) => Effect.Effect<void>
  /** Freezes an instance: it is there and does not answer. */
  readonly pause: (key: string) => Effect.Effect<void>
  /** Lets a frozen instance go on. */
  readonly unpause: (key: string) => Effect.Effect<void>
  /** Ends the engine and starts it again; instances may come back or not, as on a real one. */
  readonly restart: (how: "SIGTERM" | "SIGKILL") => Effect.Effect<void>
  /** True if the foreign resource, which exists from the start, is unchanged. */
  readonly foreignIsUntouched: Effect.Effect<boolean>
  /** Removes the foreign resource, for a planted bug. */
  readonly harmForeign: Effect.Effect<void>
}

/**
 * An engine and how controllers work on it.
 *
 * @category models
 * @since 0.1.0
 */
export interface SimulatedEngine<S extends Settings.Deployment, SI extends Settings.DeploymentInput> extends Engine {
  /**
   * The backend of one controller. Calls of the engine are wrapped with its faults under the name `engine`; `watch` is put
   * around the backend itself, next to the engine.
   */
  readonly backend: (
    faults: Injector,
    watch: (backend: Backend<S, SI>) => Backend<S, SI>
  ) => Effect.Effect<Backend<S, SI>, never, Stores>
}

/**
 * A flavor to simulate.
 *
 * @category models
 * @since 0.1.0
 */
export interface Flavor<S extends Settings.Deployment, SI extends Settings.DeploymentInput> {
  readonly name: string
  /** A new, empty engine. */
  readonly make: Effect.Effect<SimulatedEngine<S, SI>, never, Scope.Scope | Stores>
  /** Settings with which two generations need the same port. */
  readonly fixedPort: SI
  /** The deployer as one of any flavor: itself. */
  readonly general: (deployer: Service<SI>) => Service
}
