import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { Simulation } from "effect-deployers/Conformance"
import { Faults, VirtualTime } from "effect-deployers/Testing"

const worlds = Simulation.worldsOf(Simulation.inMemory)

it.effect("a change whose acceptance was written and not heard of has come about", () =>
  Effect.gen(function* () {
    const world = yield* worlds.make()
    const { deployer, use } = yield* world.controller
    yield* deployer.provision(world.snapshots.good, { name: "a" })
    yield* use(({ name }) => (name === "store.commit" ? Faults.actThenFail : undefined))
    const made = yield* deployer.provision(world.snapshots.better, { name: "a" })
    assert.deepInclude(made, { generation: 2, status: "running" })
    const instances = yield* world.engine.instances
    assert.deepStrictEqual(
      instances.map(({ answers, generation }) => [generation, answers]),
      [[2, true]]
    )
    assert.deepStrictEqual(yield* world.registry.openOperations, [])
  }).pipe(Effect.scoped, VirtualTime.run)
)

it.effect("nothing is undone while the registry cannot be read after a change", () =>
  Effect.gen(function* () {
    const world = yield* worlds.make()
    const { deployer, use } = yield* world.controller
    yield* deployer.provision(world.snapshots.good, { name: "a" })
    let lost = false
    yield* use(({ name }) => {
      lost = lost || name === "store.commit"
      return lost && name.startsWith("store.") ? Faults.actThenFail : undefined
    })
    const error = yield* Effect.flip(deployer.provision(world.snapshots.better, { name: "a" }))
    assert.strictEqual(error._tag, "StoreError")
    assert.isTrue((yield* world.engine.instances).every(({ answers }) => answers))
    yield* use(Faults.none)
    yield* Effect.sleep("30 seconds")
    yield* deployer.reconcile
    const instances = yield* world.engine.instances
    assert.deepStrictEqual(
      instances.map(({ generation }) => generation),
      [2]
    )
    assert.strictEqual((yield* deployer.get("a")).generation, 2)
  }).pipe(Effect.scoped, VirtualTime.run)
)
