/** The deployers that the command line selects from. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { Deployer, type Service } from "../Deployer.js"

/**
 * Flavors by name.
 *
 * @category constants
 * @since 0.1.0
 */
export const flavors = ["local", "docker", "swarm", "kubernetes"] as const

/**
 * One of {@link flavors}, as `--deployer` takes it.
 *
 * @category models
 * @since 0.1.0
 */
export type Flavor = (typeof flavors)[number]

/**
 * A deployer for each flavor. The service `Deployer` routes to the one that made a deployment.
 *
 * @category services
 * @since 0.1.0
 */
export class Deployers extends Context.Tag("effect-deployers/Cli/Deployers")<
  Deployers,
  { readonly [Name in Flavor]: Service }
>() {}

/**
 * The deployer of a flavor. Without a flavor: the deployer of the deployment, or the local one for a new deployment.
 *
 * @category accessors
 * @since 0.1.0
 */
export const chosen = (flavor: Flavor | undefined): Effect.Effect<Service, never, Deployer | Deployers> =>
  flavor === undefined ? Deployer : Effect.map(Deployers, (deployers) => deployers[flavor])
