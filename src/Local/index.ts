/** Deployments as processes of this machine. */

export * as Ports from "../Flavor/Ports.js"
export * as Embedded from "./Embedded.js"
export * as LocalBackend from "./LocalBackend.js"
export * as LocalDeployer from "./LocalDeployer.js"
export * as Metadata from "./Metadata.js"
export * as Processes from "./Processes.js"
export * as ServiceManager from "./ServiceManager.js"
export * as Settings from "./Settings.js"
export * as Sockets from "./Sockets.js"
