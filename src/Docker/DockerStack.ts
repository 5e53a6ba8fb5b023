/**
 * The Docker deployer in one layer with everything it needs: the engine that the environment names, a SQLite registry, the
 * bundler, the image builder, and clients that find deployments by name, in one home folder.
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
import type { StoreError } from "../Errors/Stores.js"
import * as Ports from "../Flavor/Ports.js"
import * as Home from "../Store/Home.js"
import type { HomeBinding } from "../Store/HomeBinding.js"
import * as Ids from "../Store/Ids.js"
import type { SecretBox } from "../Store/Registry/SecretBox.js"
import * as Registry from "../Store/Registry.js"
import type * as DockerBackend from "./DockerBackend.js"
import * as DockerClient from "./DockerClient.js"
import * as DockerDeployer from "./DockerDeployer.js"
import * as ImageBuilder from "./ImageBuilder.js"

/**
 * Everything the layer provides.
 *
 * @category models
 * @since 0.1.0
 */
export type Provides =
  | Deployer
  | DockerDeployer.DockerDeployer
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
 * @since 0.1.0
 */
export interface Options extends DockerBackend.Options {
  /** The home folder; default `$DEPLOYERS_HOME`, else `~/.effect-deployers`. */
  readonly home?: string | undefined
  /** The engine; default from the environment (`DOCKER_HOST`, the Docker context, the usual sockets). */
  readonly engine?: DockerClient.Options | undefined
}

/**
 * A Docker deployer with its registry, bundler and image builder. It needs no image registry: by default images contain the
 * Node that runs this program.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Deployer, Snapshot } from "effect-deployers"
 * import { DockerStack } from "effect-deployers/Docker"
 *
 * const program = Effect.gen(function* () {
 *   const deployer = yield* Deployer.Deployer
 *   const snapshot = yield* Snapshot.fromFile("./weather.ts")
 *   return yield* deployer.getOrCreate(snapshot, { name: "weather" })
 * }).pipe(Effect.provide(DockerStack.layer()))
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options = {}): Layer.Layer<Provides, StoreError | ConfigError> => {
  const { engine, home, ...backend } = options
  return Layer.mergeAll(DockerDeployer.layer(backend), layerBundler, layerRegistry).pipe(
    Layer.provideMerge(ImageBuilder.layer()),
    Layer.provideMerge(engine === undefined ? DockerClient.layerConfig : DockerClient.layer(engine)),
    Layer.provideMerge(Registry.layerHome),
    Layer.provideMerge(
      Layer.mergeAll(home === undefined ? Home.layerConfig : Home.layer(home), Ids.layer, FetchHttpClient.layer)
    ),
    Layer.provide(Layer.mergeAll(NodeContext.layer, Ports.layer))
  )
}
