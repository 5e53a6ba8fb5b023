/** A process that dies in a canary, at each step that another process can find it in. */
import { assert, describe, it } from "@effect/vitest"
import { Context, Deferred, Effect, Fiber, Layer } from "effect"
import { Deployer, Ids } from "effect-deployers"
import { InMemoryBackend, InMemoryDeployer, InMemoryEngine } from "effect-deployers/Testing"
import { Holder } from "../../src/Deployer/Leases.js"
import { DeploymentStore } from "../../src/Store/DeploymentStore.js"
import * as Registry from "../../src/Store/Registry.js"
import { SnapshotStore } from "../../src/Store/SnapshotStore.js"

type Step = "offer" | "commit" | "withdraw" | "finish"

/** The step before which the process stands still, and the moment at which it does. */
class Freezer extends Context.Tag("test/Freezer")<
  Freezer,
  { at: Step | undefined; readonly reached: Deferred.Deferred<void> }
>() {}

const freezing = Layer.effect(
  DeploymentStore,
  Effect.gen(function* () {
    const store = yield* DeploymentStore
    const freezer = yield* Freezer
    const frozen =
      <A extends ReadonlyArray<unknown>, B, E>(step: Step, write: (...args: A) => Effect.Effect<B, E>) =>
      (...args: A) =>
        Effect.suspend(() =>
          freezer.at === step
            ? Effect.zipRight(Deferred.succeed(freezer.reached, undefined), Effect.never)
            : write(...args)
        )
    return {
      ...store,
      offer: frozen("offer", store.offer),
      commit: frozen("commit", store.commit),
      withdraw: frozen("withdraw", store.withdraw),
      finish: frozen("finish", store.finish)
    }
  })
)

const world = Layer.effect(
  InMemoryDeployer.InMemoryDeployer,
  Effect.flatMap(InMemoryBackend.make(), Deployer.makeWithCanaries)
).pipe(
  Layer.provideMerge(freezing),
  Layer.provideMerge(Layer.mergeAll(Registry.layerMemory, Layer.effect(Freezer, newFreezer()))),
  Layer.provideMerge(Layer.merge(InMemoryEngine.layer, Ids.layerTest)),
  // Every other holder of a lease is a process that died.
  Layer.provide(Layer.succeed(Holder, { process: "here:1", actor: "me@here", isDead: () => Effect.succeed(true) }))
)

function newFreezer() {
  return Effect.map(Deferred.make<void>(), (reached) => ({ at: undefined as Step | undefined, reached }))
}

/** The state after a process died before a step of an operation on a deployment, and another one reconciled. */
const stateAfter = (step: Step, operation: "deploy" | "promote" | "abort") =>
  Effect.gen(function* () {
    const deployer = yield* InMemoryDeployer.InMemoryDeployer
    const freezer = yield* Freezer
    const snapshots = yield* SnapshotStore
    const { instances, shares } = yield* InMemoryEngine.InMemoryEngine
    yield* deployer.provision(yield* snapshots.put(InMemoryDeployer.draft("a", "one")), { name: "a" })
    const two = yield* snapshots.put(InMemoryDeployer.draft("a", "two"))
    const deploy = deployer.canaries.deploy(two, { name: "a", percent: 10 })
    if (operation !== "deploy") yield* deploy
    freezer.at = step
    const { abort, promote } = deployer.canaries
    const doomed = operation === "deploy" ? deploy : operation === "promote" ? promote("a") : abort("a")
    const fiber = yield* Effect.forkDaemon(doomed)
    yield* Deferred.await(freezer.reached)
    freezer.at = undefined
    if (operation === "deploy") shares.clear()
    const { actions } = yield* deployer.reconcile
    const again = yield* deployer.reconcile
    assert.deepStrictEqual(again.actions, [])
    yield* Fiber.interruptFork(fiber)
    const { candidate, generation } = yield* deployer.get("a")
    return {
      actions: actions.map(({ action, detail }) => `${action} ${detail}`),
      generation,
      candidate: candidate?.generation,
      serving: Array.from(instances.values(), ({ request }) => request.generation),
      shares: shares.size
    }
  }).pipe(Effect.provide(world))

describe("a process that dies in a canary", () => {
  it.effect("before it offered the candidate: the candidate goes", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* stateAfter("offer", "deploy"), {
        actions: ["finish the interrupted canary of generation 2"],
        generation: 1,
        candidate: undefined,
        serving: [1],
        shares: 0
      })
    })
  )

  it.effect("after it offered the candidate: the candidate gets its callers", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* stateAfter("finish", "deploy"), {
        actions: ["finish the interrupted canary of generation 2"],
        generation: 1,
        candidate: 2,
        serving: [1, 2],
        shares: 1
      })
    })
  )

  it.effect("before it promoted the candidate: the canary goes on", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* stateAfter("commit", "promote"), {
        actions: ["undo the interrupted promote of generation 2"],
        generation: 1,
        candidate: 2,
        serving: [1, 2],
        shares: 1
      })
    })
  )

  it.effect("after it promoted the candidate: the old version goes", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* stateAfter("finish", "promote"), {
        actions: ["finish the interrupted promote of generation 2"],
        generation: 2,
        candidate: undefined,
        serving: [2],
        shares: 0
      })
    })
  )

  it.effect("while it removed the candidate: the candidate goes", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* stateAfter("withdraw", "abort"), {
        actions: ["finish the interrupted abort"],
        generation: 1,
        candidate: undefined,
        serving: [1],
        shares: 0
      })
    })
  )
})
