/** The whole deployer on an in-memory engine and registry: the layer to swap in when testing programs that deploy. */
import { createHash } from "node:crypto"
import type { HttpClient } from "@effect/platform/HttpClient"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Bundler } from "../Bundle/Contract.js"
import type * as Endpoints from "../Client/Endpoints.js"
import { layerRegistry } from "../Client/Registry.js"
import { Deployer, makeWithCanaries, type ServiceWithCanaries } from "../Deployer.js"
import type { PipelineSchemaUnsupported } from "../Errors/Descriptions.js"
import type { StoreError } from "../Errors/Stores.js"
import type * as Pipeline from "../Pipeline.js"
import type * as Settings from "../Settings.js"
import type { Draft, Snapshot } from "../Snapshot/Model.js"
import { compile, PipelineSpec } from "../Snapshot/Spec.js"
import * as Ids from "../Store/Ids.js"
import type { SecretBox } from "../Store/Registry/SecretBox.js"
import * as Registry from "../Store/Registry.js"
import { SnapshotStore } from "../Store/SnapshotStore.js"
import * as InMemoryBackend from "./InMemoryBackend.js"
import * as InMemoryBundler from "./InMemoryBundler.js"
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
  | Bundler
  | Endpoints.Endpoints
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
  ServiceWithCanaries<InMemoryBackend.InMemorySettingsInput>
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
> = Layer.mergeAll(
  Layer.effectContext(
    Effect.map(Effect.flatMap(InMemoryBackend.make(), makeWithCanaries), (deployer) =>
      Context.make(InMemoryDeployer, deployer).pipe(Context.add(Deployer, deployer))
    )
  ),
  InMemoryBundler.layer,
  layerRegistry
).pipe(Layer.provideMerge(Registry.layerMemory))

/**
 * Stores a snapshot of a pipeline that is at hand, without a file. The same pipeline is the same snapshot.
 *
 * @example
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { Client, Deployer, Pipeline } from "effect-deployers"
 * import { InMemoryDeployer } from "effect-deployers/Testing"
 *
 * const greet = Pipeline.make("greet", {
 *   input: Schema.Struct({ name: Schema.String }),
 *   output: Schema.String,
 *   run: ({ name }) => Effect.succeed(`Hello, ${name}!`)
 * })
 *
 * const program = Effect.gen(function* () {
 *   const deployer = yield* Deployer.Deployer
 *   const snapshot = yield* InMemoryDeployer.snapshot(greet)
 *   yield* deployer.provision(snapshot, { name: "greeter" })
 *   return yield* Client.make(greet, "greeter").invoke({ name: "Ada" })
 * }).pipe(Effect.provide(InMemoryDeployer.layer))
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const snapshot = (
  pipeline: Pipeline.Any,
  options: { readonly settings?: Settings.DeploymentInput | undefined } = {}
): Effect.Effect<Snapshot, PipelineSchemaUnsupported | StoreError, InMemoryEngine.InMemoryEngine | SnapshotStore> =>
  Effect.gen(function* () {
    const { pipelines } = yield* InMemoryEngine.InMemoryEngine
    const store = yield* SnapshotStore
    const spec = yield* compile(pipeline)
    const digest = digestOf(pipelines, pipeline)
    pipelines.set(digest, pipeline)
    return yield* store.put({
      pipelineName: pipeline.name,
      spec,
      settings: options.settings ?? {},
      bundle: { digest, externals: [] },
      source: { file: "in memory", export: pipeline.name }
    })
  })

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

// internal

const digestOf = (known: ReadonlyMap<string, Pipeline.Any>, pipeline: Pipeline.Any): string =>
  Array.from(known).find(([, one]) => one === pipeline)?.[0] ??
  createHash("sha256").update(`${pipeline.name} ${known.size}`).digest("hex")
