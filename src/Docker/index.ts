/**
 * Deployments as containers of a Docker engine.
 *
 * @since 0.1.0
 */
export * as Containerized from "../Containerized.js"
export * as Ports from "../Flavor/Ports.js"
export * as DockerBackend from "./DockerBackend.js"
export * as DockerClient from "./DockerClient.js"
export * as DockerDeployer from "./DockerDeployer.js"
export * as DockerStack from "./DockerStack.js"
export * as ImageBuilder from "./ImageBuilder.js"
export * as Labels from "./Labels.js"
export * as Metadata from "./Metadata.js"
export * as Settings from "./Settings.js"
