/**
 * The whole deployer on an in-memory engine and registry: the layer to swap in when testing programs that deploy.
 *
 * @since 0.1.0
 */
import type { HttpClient } from "@effect/platform/HttpClient"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Deployer, make, type Service } from "../Deployer.js"
import type { StoreError } from "../Errors/Stores.js"
import type { Draft } from "../Snapshot/Model.js"
import { PipelineSpec } from "../Snapshot/PipelineSpec.js"
import * as Ids from "../Store/Ids.js"
import * as Registry from "../Store/Registry.js"
import type { SecretBox } from "../Store/SecretBox.js"
import * as InMemoryBackend from "./InMemoryBackend.js"
import * as InMemoryEngine from "./InMemoryEngine.js"

/**
 * Everything the layer provides.
 *
 * @category models
 * @since 0.1.0
 */
export type Provides =
  | Deployer
  | InMemoryDeployer
  | InMemoryEngine.InMemoryEngine
  | Registry.Stores
  | SecretBox
  | Ids.Ids
  | HttpClient

/**
 * The in-memory deployer with all of its settings.
 *
 * @category services
 * @since 0.1.0
 */
export class InMemoryDeployer extends Context.Tag("effect-deployers/Testing/InMemoryDeployer")<
  InMemoryDeployer,
  Service<InMemoryBackend.InMemorySettingsInput>
>() {}

/**
 * A deployer that runs nothing, with its engine and stores at hand.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<Provides, StoreError> = Layer.suspend(() => layerOn).pipe(
  Layer.provideMerge(Layer.merge(InMemoryEngine.layer, Ids.layerTest))
)

/**
 * The same on an engine and ids that are provided, with a registry of its own: to try what happens when a registry is lost.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerOn: Layer.Layer<
  Exclude<Provides, InMemoryEngine.InMemoryEngine | HttpClient | Ids.Ids>,
  StoreError,
  InMemoryEngine.InMemoryEngine | HttpClient | Ids.Ids
> = Layer.effectContext(
  Effect.map(Effect.flatMap(InMemoryBackend.make(), make), (deployer) =>
    Context.make(InMemoryDeployer, deployer).pipe(Context.add(Deployer, deployer))
  )
).pipe(Layer.provideMerge(Registry.layerMemory))

/**
 * A snapshot draft without a bundle, which the in-memory flavor does not need.
 *
 * @category constructors
 * @since 0.1.0
 */
export const draft = (pipelineName: string, digest: string = pipelineName): Draft => ({
  pipelineName,
  spec: new PipelineSpec({ name: pipelineName, input: { type: "object" }, output: { type: "object" }, serving: {} }),
  settings: {},
  bundle: { digest, externals: [] },
  source: { file: `${pipelineName}.ts`, export: pipelineName }
})
