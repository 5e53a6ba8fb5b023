/**
 * The deployer: lifecycle operations on deployments as typed effects. One flavor runs local processes, another Docker
 * containers; programs written against {@link Deployer} work with any.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type { Service } from "./Deployer/Contract.js"

export * from "./Deployer/Backend.js"
export * from "./Deployer/Contract.js"
export type { Requirements } from "./Deployer/Kit.js"
export { make } from "./Deployer/make.js"
export { route } from "./Deployer/route.js"

/**
 * The deployer a program works with. Flavors also offer themselves under a tag of their own with all of their settings.
 *
 * @category services
 * @since 0.1.0
 */
export class Deployer extends Context.Tag("effect-deployers/Deployer")<Deployer, Service>() {}
