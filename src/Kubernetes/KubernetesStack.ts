/**
 * The Kubernetes deployer in one layer with everything it needs: the cluster and the engine that the environment names, a
 * SQLite registry, the bundler, the image builder, and clients that find deployments by name, in one home folder.
 */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import type { HttpClient } from "@effect/platform/HttpClient"
import * as NodeContext from "@effect/platform-node/NodeContext"
import type { ConfigError } from "effect/ConfigError"
import * as Layer from "effect/Layer"
import { layer as layerBundler } from "../Bundle/Layer.js"
import type { Bundler } from "../Bundle.js"
import type * as Endpoints from "../Client/Endpoints.js"
import { layerRegistry } from "../Client/Registry.js"
import type { Deployer } from "../Deployer.js"
import * as DockerClient from "../Docker/DockerClient.js"
import * as ImageBuilder from "../Docker/ImageBuilder.js"
import type { StoreError } from "../Errors/Stores.js"
import * as Ports from "../Flavor/Ports.js"
import * as Home from "../Store/Home.js"
import type { HomeBinding } from "../Store/HomeBinding.js"
import * as Ids from "../Store/Ids.js"
import type { SecretBox } from "../Store/Registry/SecretBox.js"
import * as Registry from "../Store/Registry.js"
import type * as KubernetesBackend from "./KubernetesBackend.js"
import * as KubernetesClient from "./KubernetesClient.js"
import * as KubernetesDeployer from "./KubernetesDeployer.js"

/**
 * Everything the layer provides.
 *
 * @category models
 * @since 0.2.0
 */
export type Provides =
  | Deployer
  | KubernetesDeployer.KubernetesDeployer
  | KubernetesClient.KubernetesClient
  | DockerClient.DockerClient
  | ImageBuilder.ImageBuilder
  | Bundler
  | Endpoints.Endpoints
  | Registry.Stores
  | SecretBox
  | HomeBinding
  | Home.Home
  | Ids.Ids
  | HttpClient

/**
 * Options of the layer.
 *
 * @category models
 * @since 0.2.0
 */
export interface Options extends KubernetesBackend.Options {
  /** The home folder; default `$DEPLOYERS_HOME`, else `~/.effect-deployers`. */
  readonly home?: string | undefined
  /** The cluster; default from the environment (`KUBECONFIG`, `~/.kube/config`, the service account of the pod). */
  readonly cluster?: KubernetesClient.Options | undefined
  /** The engine that builds images; default from the environment. */
  readonly engine?: DockerClient.Options | undefined
}

/**
 * A Kubernetes deployer with its registry, bundler and image builder.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Deployer, Snapshot } from "effect-deployers"
 * import { KubernetesStack } from "effect-deployers/Kubernetes"
 *
 * const program = Effect.gen(function* () {
 *   const deployer = yield* Deployer.Deployer
 *   const snapshot = yield* Snapshot.fromFile("./weather.ts")
 *   return yield* deployer.getOrCreate(snapshot, { name: "weather" })
 * }).pipe(
 *   Effect.provide(KubernetesStack.layer({ defaults: { imageRepository: "registry.example.com/team/weather" } }))
 * )
 * ```
 *
 * @category layers
 * @since 0.2.0
 */
export const layer = (options: Options = {}): Layer.Layer<Provides, StoreError | ConfigError> => {
  const { cluster, engine, home, ...backend } = options
  return Layer.mergeAll(KubernetesDeployer.layer(backend), layerBundler, layerRegistry).pipe(
    Layer.provideMerge(ImageBuilder.layer()),
    Layer.provideMerge(
      Layer.merge(
        engine === undefined ? DockerClient.layerConfig : DockerClient.layer(engine),
        cluster === undefined ? KubernetesClient.layerConfig : KubernetesClient.layer(cluster)
      )
    ),
    Layer.provideMerge(Registry.layerHome),
    Layer.provideMerge(
      Layer.mergeAll(home === undefined ? Home.layerConfig : Home.layer(home), Ids.layer, FetchHttpClient.layer)
    ),
    Layer.provide(Layer.mergeAll(NodeContext.layer, Ports.layer))
  )
}
