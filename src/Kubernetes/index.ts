/** Deployments in a Kubernetes cluster. */
export * as Containerized from "../Containerized.js"
export * as KubernetesBackend from "./KubernetesBackend.js"
export * as KubernetesClient from "./KubernetesClient.js"
export * as KubernetesDeployer from "./KubernetesDeployer.js"
export * as KubernetesStack from "./KubernetesStack.js"
export * as Labels from "./Labels.js"
export * as Metadata from "./Metadata.js"
export * as Settings from "./Settings.js"
