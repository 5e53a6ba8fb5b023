/**
 * The embedded defaults in one layer: local processes, a SQLite registry, the bundler, and clients that find deployments
 * by name, in one home folder. They need no other installation or service.
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
import type * as LocalBackend from "./LocalBackend.js"
import * as LocalDeployer from "./LocalDeployer.js"
import * as Processes from "./Processes.js"
import * as Sockets from "./Sockets.js"

/**
 * Everything the layer provides.
 *
 * @category models
 * @since 0.1.0
 */
export type Provides =
  | Deployer
  | LocalDeployer.LocalDeployer
  | Bundler
  | Endpoints.Endpoints
  | Registry.Stores
  | SecretBox
  | HomeBinding
  | Home.Home
  | Ids.Ids
  | HttpClient

/**
 * Options of the embedded defaults.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options extends LocalBackend.Options {
  /** The home folder; default `$DEPLOYERS_HOME`, else `~/.effect-deployers`. */
  readonly home?: string | undefined
}

/**
 * A local deployer with its registry and bundler.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Deployer, Snapshot } from "effect-deployers"
 * import { Embedded } from "effect-deployers/Local"
 *
 * const program = Effect.gen(function* () {
 *   const deployer = yield* Deployer.Deployer
 *   const snapshot = yield* Snapshot.fromFile("./weather.ts")
 *   return yield* deployer.getOrCreate(snapshot, { name: "weather" })
 * }).pipe(Effect.provide(Embedded.layer()))
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options = {}): Layer.Layer<Provides, StoreError | ConfigError> => {
  const { home, ...backend } = options
  return Layer.mergeAll(LocalDeployer.layer(backend), layerBundler, layerRegistry).pipe(
    Layer.provideMerge(Registry.layerHome),
    Layer.provideMerge(
      Layer.mergeAll(home === undefined ? Home.layerConfig : Home.layer(home), Ids.layer, FetchHttpClient.layer)
    ),
    Layer.provide(Layer.mergeAll(NodeContext.layer, Processes.layer, Ports.layer, Sockets.layer))
  )
}
