/**
 * The deployer: lifecycle operations on deployments as typed effects. One flavor runs local processes, another Docker
 * containers; programs written against {@link Deployer} work with any.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type { Service } from "./Deployer/Contract.js"

export * from "./Deployer/Contract.js"
export type { Requirements } from "./Deployer/DeployerContext.js"
export { make } from "./Deployer/Make.js"
export { route } from "./Deployer/Router.js"
export * from "./Flavor/Backend.js"

/**
 * The deployer a program works with. Flavors also offer themselves under a tag of their own with all of their settings.
 *
 * @category services
 * @since 0.1.0
 */
export class Deployer extends Context.Tag("effect-deployers/Deployer")<Deployer, Service>() {}
