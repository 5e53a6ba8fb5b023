/**
 * Clients of deployments, for programs of Node: all of `effect-deployers/Client`, and the layer that reads the registry.
 *
 * @since 0.1.0
 */

export * from "../Client.js"
export { layerRegistry } from "./Registry.js"
