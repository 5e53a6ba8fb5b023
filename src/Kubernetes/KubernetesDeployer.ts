/** The deployer of the Kubernetes flavor. */
import type { FileSystem } from "@effect/platform/FileSystem"
import type { ConfigError } from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Layer from "effect/Layer"
import type { Requirements as DeployerRequirements } from "../Deployer/DeployerContext.js"
import { type Deployer, layerWithCanaries, type ServiceWithCanaries } from "../Deployer.js"
import type { DockerClient } from "../Docker/DockerClient.js"
import type { ImageBuilder } from "../Docker/ImageBuilder.js"
import type { Home } from "../Store/Home.js"
import * as KubernetesBackend from "./KubernetesBackend.js"
import { type KubernetesClient, layerConfig as layerClientConfig } from "./KubernetesClient.js"
import type { KubernetesSettingsInput } from "./Settings.js"

/**
 * The Kubernetes deployer with all of its settings. Programs that work with any flavor use the same deployer as `Deployer`.
 *
 * @category services
 * @since 0.2.0
 */
export class KubernetesDeployer extends Context.Tag("effect-deployers/Kubernetes/KubernetesDeployer")<
  KubernetesDeployer,
  ServiceWithCanaries<KubernetesSettingsInput>
>() {}

/**
 * The services that the layer needs besides the client of the cluster. The engine builds images and pushes them.
 *
 * @category models
 * @since 0.2.0
 */
export type Requirements = DeployerRequirements | Home | FileSystem | DockerClient | ImageBuilder

/**
 * Deploys to a cluster. Every dependency can be replaced; `KubernetesStack.layer` has all of them.
 *
 * @category layers
 * @since 0.2.0
 */
export const layer = (
  options: KubernetesBackend.Options = {}
): Layer.Layer<Deployer | KubernetesDeployer, never, Requirements | KubernetesClient> =>
  layerWithCanaries(KubernetesDeployer, KubernetesBackend.make(options))

/**
 * Deploys to the cluster that the environment names; see `KubernetesClient.layerConfig`.
 *
 * @category layers
 * @since 0.2.0
 */
export const layerConfig = (
  options: KubernetesBackend.Options = {}
): Layer.Layer<Deployer | KubernetesDeployer | KubernetesClient, ConfigError, Requirements> =>
  Layer.provideMerge(layer(options), layerClientConfig)
