/** Deployments as services of a Docker swarm. */
export * as DockerClient from "../Docker/DockerClient.js"
export * as ImageBuilder from "../Docker/ImageBuilder.js"
export * as Ports from "../Flavor/Ports.js"
export * as Metadata from "./Metadata.js"
export * as Settings from "./Settings.js"
export * as SwarmBackend from "./SwarmBackend.js"
export * as SwarmDeployer from "./SwarmDeployer.js"
export * as SwarmStack from "./SwarmStack.js"
