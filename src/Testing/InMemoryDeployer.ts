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
import * as Ids from "../Ids.js"
import type { Draft } from "../Snapshot/Model.js"
import { PipelineSpec } from "../Snapshot/PipelineSpec.js"
import * as Registry from "../Store/Registry.js"
import type { SecretBox } from "../Store/SecretBox.js"
import { SnapshotStore } from "../Store/SnapshotStore.js"
import { DeployerFixture } from "./DeployerFixture.js"
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

/**
 * The layer with what the deployer suite asks for.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerSuite: Layer.Layer<Provides | DeployerFixture, StoreError> = Layer.provideMerge(
  Layer.effect(
    DeployerFixture,
    Effect.gen(function* () {
      const engine = yield* InMemoryEngine.InMemoryEngine
      const snapshots = yield* SnapshotStore
      yield* engine.behave("crashing", "crashes")
      yield* engine.behave("silent", "silent")
      const ofDeployment = (id: string) =>
        Array.from(engine.instances.values()).filter(({ key }) => key.startsWith(`${id}/`))
      return {
        healthy: yield* snapshots.put(draft("healthy", "one")),
        another: yield* snapshots.put(draft("healthy", "two")),
        crashing: yield* snapshots.put(draft("crashing")),
        silent: yield* snapshots.put(draft("silent")),
        kill: ({ generation, id }) => engine.crash(`${id}/${generation}`),
        answers: ({ url }) =>
          Effect.sync(() =>
            Array.from(engine.instances.values()).some(
              ({ alive, behaviour, port }) => alive && behaviour === "healthy" && url === `http://127.0.0.1:${port}`
            )
          ),
        instances: ({ id }) => Effect.sync(() => ofDeployment(id).map(({ key }) => key))
      }
    })
  ),
  layer
)
