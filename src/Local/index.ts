/**
 * Deployments as processes of this machine.
 *
 * @since 0.1.0
 */
export * as Embedded from "./Embedded.js"
export * as LocalBackend from "./LocalBackend.js"
export * as LocalDeployer from "./LocalDeployer.js"
export * as Metadata from "./Metadata.js"
export * as Ports from "./Ports.js"
export * as Processes from "./Processes.js"
export * as Settings from "./Settings.js"
