import { assert, it } from "@effect/vitest"
import { Effect, Ref } from "effect"
import { Deployer } from "effect-deployers"
import { InMemoryDeployer } from "effect-deployers/Testing"
import { whereUsed } from "../../src/Cli/OptionalDeployer.js"
import { SnapshotStore } from "../../src/Store/SnapshotStore.js"

it.scoped("a deployer looks at its engine only if the registry has a deployment of its flavor", () =>
  Effect.gen(function* () {
    const deployer = yield* Deployer.Deployer
    const looks = yield* Ref.make(0)
    const look = Ref.update(looks, (count) => count + 1)
    const optional = yield* whereUsed({
      ...deployer,
      reconcile: Effect.zipRight(look, deployer.reconcile),
      reconcilePlan: Effect.zipRight(look, deployer.reconcilePlan)
    })
    assert.deepInclude({ ...(yield* optional.reconcile) }, { observed: 0, actions: [], unavailable: [] })
    yield* optional.reconcilePlan
    assert.strictEqual(yield* Ref.get(looks), 0)
    const snapshot = yield* (yield* SnapshotStore).put(InMemoryDeployer.draft("healthy"))
    yield* optional.provision(snapshot, { name: "used" })
    assert.strictEqual((yield* optional.reconcile).observed, 1)
    yield* optional.reconcilePlan
    assert.strictEqual(yield* Ref.get(looks), 2)
  }).pipe(Effect.provide(InMemoryDeployer.layer))
)
