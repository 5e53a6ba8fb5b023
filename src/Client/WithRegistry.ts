/**
 * Clients of deployments, for programs of Node: all of `effect-deployers/Client`, and the layer that reads the registry.
 */

export * from "../Client.js"
export { layerRegistry } from "./Registry.js"
