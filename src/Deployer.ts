/**
 * The deployer: lifecycle operations on deployments as typed effects. One flavor runs local processes, another Docker
 * containers; programs written against {@link Deployer} work with any.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Service, ServiceWithCanaries } from "./Deployer/Contract.js"
import type { Requirements } from "./Deployer/DeployerContext.js"
import { makeForAny, makeWithCanaries } from "./Deployer/Make.js"
import type { Backend, BackendWithCanary } from "./Flavor/Backend.js"
import type * as Settings from "./Settings.js"

export * from "./Deployer/Contract.js"
export type { Requirements } from "./Deployer/DeployerContext.js"
export { make, makeWithCanaries } from "./Deployer/Make.js"
export { route } from "./Deployer/Router.js"
export type {
  Backend,
  BackendDeprovisionError,
  BackendPrepareError,
  BackendProvisionError,
  BackendWithCanary,
  LogsOptions,
  PrepareProgress
} from "./Flavor/Backend.js"
export type { Canary, ShareRequest } from "./Flavor/Canary.js"
export type { Found, Instance, Inventory, PreviewRequest, ProvisionRequest } from "./Flavor/Instance.js"

/**
 * The deployer a program works with. Flavors also offer themselves under a tag of their own with all of their settings.
 *
 * @category services
 * @since 0.1.0
 */
export class Deployer extends Context.Tag("effect-deployers/Deployer")<Deployer, Service>() {}

/**
 * A deployer of a backend as a layer: under the tag of its flavor with all of its settings, and as {@link Deployer}.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = <I, S extends Settings.Deployment, SI extends Settings.DeploymentInput, E, R>(
  tag: Context.Tag<I, Service<SI>>,
  backend: Effect.Effect<Backend<S, SI>, E, R>
): Layer.Layer<I | Deployer, E, R | Requirements> =>
  Layer.effectContext(
    Effect.map(Effect.flatMap(backend, makeForAny), (deployer) =>
      Context.make(tag, deployer).pipe(Context.add(Deployer, deployer))
    )
  )

/**
 * The same for a flavor that can lead a share of the callers to a candidate.
 *
 * @category layers
 * @since 0.2.0
 */
export const layerWithCanaries = <I, S extends Settings.Deployment, SI extends Settings.DeploymentInput, E, R>(
  tag: Context.Tag<I, ServiceWithCanaries<SI>>,
  backend: Effect.Effect<BackendWithCanary<S, SI>, E, R>
): Layer.Layer<I | Deployer, E, R | Requirements> =>
  Layer.effectContext(
    Effect.map(Effect.flatMap(backend, makeWithCanaries), (deployer) =>
      Context.make(tag, deployer).pipe(Context.add(Deployer, deployer))
    )
  )
