/** Laws of repairs after damage from outside. */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Deployer } from "../../Deployer.js"
import { type It, withDeployment } from "./Case.js"

/** Laws of reconciling crashed instances, and of rebuilding a registry. */
export const laws = (it: It): void => {
  it.effect(
    "reconcile restarts a crashed instance at the same generation, URL and key, and a second one does nothing",
    () =>
      withDeployment("restored", (deployer, fixture) =>
        Effect.gen(function* () {
          const made = yield* deployer.provision(fixture.healthy, { name: "restored" })
          const key = yield* deployer.authKey("restored")
          yield* fixture.kill(made)
          const planned = yield* deployer.reconcilePlan
          assert.include(
            planned.actions.map(({ action, outcome }) => `${action} ${outcome}`),
            "restore planned"
          )
          assert.isFalse(yield* fixture.answers(made))
          const report = yield* deployer.reconcile
          assert.include(
            report.actions.map(({ action, outcome }) => `${action} ${outcome}`),
            "restore done"
          )
          const back = yield* deployer.get("restored")
          assert.deepInclude({ ...back }, { status: "running", generation: 1, url: made.url })
          assert.isTrue(yield* fixture.answers(back))
          assert.strictEqual((yield* fixture.instances(back)).length, 1)
          assert.deepStrictEqual(yield* deployer.authKey("restored"), key)
          assert.lengthOf(yield* deployer.revisions("restored"), 1)
          assert.deepStrictEqual((yield* deployer.reconcile).actions, [])
        })
      )
  )

  it.effect("a stopped deployment stays stopped, also when it had crashed before", () =>
    withDeployment("rested", (deployer, fixture) =>
      Effect.gen(function* () {
        const made = yield* deployer.provision(fixture.healthy, { name: "rested" })
        yield* fixture.kill(made)
        yield* deployer.deprovision("rested")
        assert.deepStrictEqual((yield* deployer.reconcile).actions, [])
        assert.deepStrictEqual(yield* fixture.instances(made), [])
      })
    )
  )

  it.effect("rebuild fills an empty registry from the instances: same deployment, URL, key and maintenance", () =>
    withDeployment("rebuilt", (deployer, fixture) =>
      Effect.gen(function* () {
        const made = yield* deployer.provision(fixture.healthy, { name: "rebuilt" })
        const key = yield* deployer.authKey("rebuilt")
        const { intake: closed } = yield* deployer.maintenance("rebuilt")
        const observe = Effect.gen(function* () {
          const another = yield* Deployer
          const { generation, id, intake, status, url } = yield* another.refresh("rebuilt")
          assert.deepStrictEqual([id, generation, status, url], [made.id, 1, "running", made.url])
          assert.deepStrictEqual(intake, closed)
          assert.deepStrictEqual(yield* another.authKey("rebuilt"), key)
          assert.deepStrictEqual((yield* another.reconcile).actions, [])
        })
        const rebuild = Effect.gen(function* () {
          const another = yield* Deployer
          assert.strictEqual((yield* Effect.flip(another.reconcile))._tag, "RegistryMismatch")
          const { recovered, renamed } = yield* another.rebuild
          assert.isTrue(renamed)
          yield* observe
          assert.deepStrictEqual(
            recovered.map(({ deployment, generation }) => [deployment, generation]),
            [["rebuilt", 1]]
          )
        })
        yield* Effect.provide(rebuild, fixture.onEmptyRegistry)
        yield* Effect.provide(observe, fixture.onEmptyRegistry)
        yield* deployer.resume("rebuilt")
        assert.isTrue(yield* fixture.answers(made))
      })
    )
  )
}
