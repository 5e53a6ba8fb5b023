/** The in-memory flavor with the fixture that the deployer suite needs. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Deployer, make } from "../Deployer.js"
import type { StoreError } from "../Errors/Stores.js"
import { SnapshotStore } from "../Store/SnapshotStore.js"
import * as InMemoryBackend from "../Testing/InMemoryBackend.js"
import * as InMemoryDeployer from "../Testing/InMemoryDeployer.js"
import * as InMemoryEngine from "../Testing/InMemoryEngine.js"
import { DeployerFixture, onEmptyRegistry } from "./DeployerFixture.js"

/**
 * The in-memory deployer with its fixture.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<InMemoryDeployer.Provides | DeployerFixture, StoreError> = Layer.provideMerge(
  Layer.scoped(
    DeployerFixture,
    Effect.gen(function* () {
      const engine = yield* InMemoryEngine.InMemoryEngine
      const snapshots = yield* SnapshotStore
      yield* engine.behave("crashing", "crashes")
      yield* engine.behave("silent", "silent")
      const ofDeployment = (id: string) =>
        Array.from(engine.instances.values()).filter(({ key }) => key.startsWith(`${id}/`))
      return {
        healthy: yield* snapshots.put(InMemoryDeployer.draft("healthy", "one")),
        another: yield* snapshots.put(InMemoryDeployer.draft("healthy", "two")),
        crashing: yield* snapshots.put(InMemoryDeployer.draft("crashing")),
        silent: yield* snapshots.put(InMemoryDeployer.draft("silent")),
        onEmptyRegistry: yield* onEmptyRegistry(Layer.effect(Deployer, Effect.flatMap(InMemoryBackend.make(), make))),
        kill: ({ generation, id }) => engine.crash(`${id}/${generation}`),
        answers: ({ url }) =>
          Effect.sync(() =>
            Array.from(engine.instances.values()).some(
              ({ alive, behaviour, port }) => alive && behaviour === "healthy" && url === `http://127.0.0.1:${port}`
            )
          ),
        isReady: ({ id }) => Effect.sync(() => engine.intakes.of(id)?._tag !== "Maintenance"),
        instances: ({ id }) => Effect.sync(() => ofDeployment(id).map(({ key }) => key))
      }
    })
  ),
  InMemoryDeployer.layer
)
