/** Laws of keys, of stopping, deleting and repairing deployments, and of rolling back. */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { DeploymentStore } from "../../Store/DeploymentStore.js"
import { EventStore } from "../../Store/EventStore.js"
import { SecretStore } from "../../Store/SecretStore.js"
import { type It, withDeployment } from "./Case.js"

/** Laws of keys, of taking down and bringing back. */
export const laws = (it: It): void => {
  it.effect("keeps a generated key across redeploys, rotates it, takes a given one, removes it", () =>
    withDeployment("keyed", (deployer, fixture) =>
      Effect.gen(function* () {
        const provision = (options: object = {}) =>
          deployer.provision(fixture.healthy, { name: "keyed", ...options }).pipe(
            Effect.zip(deployer.authKey("keyed"), { concurrent: false }),
            Effect.map(([{ authEnabled }, key]) => [authEnabled, key && Redacted.value(key)] as const)
          )
        const [enabled, generated] = yield* provision()
        assert.isTrue(enabled)
        assert.isAtLeast(generated?.length ?? 0, 32)
        assert.strictEqual((yield* provision())[1], generated)
        const [, rotated] = yield* provision({ rotateAuthKey: true })
        assert.notStrictEqual(rotated, generated)
        assert.strictEqual((yield* provision({ authKey: Redacted.make("a-key-of-mine") }))[1], "a-key-of-mine")
        assert.deepStrictEqual(yield* provision({ settings: { auth: { _tag: "none" } } }), [false, undefined])
        yield* Effect.flatMap(SecretStore, (secrets) => secrets.set("CALLER_KEY", Redacted.make("from-the-secret")))
        const auth = { _tag: "secret", name: "CALLER_KEY" }
        assert.deepStrictEqual(yield* provision({ settings: { auth } }), [true, "from-the-secret"])
        const [, anew] = yield* provision()
        assert.notStrictEqual(anew, "from-the-secret")
      })
    )
  )

  it.effect("deprovision keeps the record; reprovision brings the same back", () =>
    withDeployment("resting", (deployer, fixture) =>
      Effect.gen(function* () {
        const made = yield* deployer.provision(fixture.healthy, {
          name: "resting",
          settings: { environment: { COLOUR: "green" } }
        })
        const key = yield* deployer.authKey("resting")
        const stopped = yield* deployer.deprovision("resting")
        assert.strictEqual(stopped.status, "absent")
        assert.strictEqual(stopped.desired, "stopped")
        assert.isUndefined(stopped.url)
        assert.deepStrictEqual(yield* fixture.instances(made), [])
        assert.strictEqual((yield* deployer.deprovision("resting")).status, "absent")
        const back = yield* deployer.reprovision("resting")
        assert.strictEqual(back.status, "running")
        assert.strictEqual(back.snapshot.id, made.snapshot.id)
        assert.deepStrictEqual(yield* deployer.authKey("resting"), key)
        const record = yield* Effect.flatMap(DeploymentStore, (store) => store.find("resting"))
        assert.deepInclude(record._tag === "Some" ? record.value.settings : {}, { environment: { COLOUR: "green" } })
      })
    )
  )

  it.effect("delete leaves nothing, keeps the audit log, and can be repeated", () =>
    withDeployment("gone", (deployer, fixture) =>
      Effect.gen(function* () {
        const made = yield* deployer.provision(fixture.healthy, { name: "gone" })
        yield* deployer.delete("gone")
        assert.deepStrictEqual(yield* fixture.instances(made), [])
        assert.strictEqual((yield* Effect.flip(deployer.get("gone")))._tag, "DeploymentNotFound")
        yield* deployer.delete("gone")
        const events = yield* Effect.flatMap(EventStore, (store) => store.list({ deploymentId: made.id }))
        assert.strictEqual(events.at(-1)?.type, "operation_finished")
      })
    )
  )

  it.effect("refresh reports a change from outside; reprovision repairs it", () =>
    withDeployment("observed", (deployer, fixture) =>
      Effect.gen(function* () {
        const made = yield* deployer.provision(fixture.healthy, { name: "observed" })
        assert.strictEqual((yield* deployer.refresh("observed")).status, "running")
        yield* fixture.kill(made)
        const seen = yield* deployer.refresh("observed")
        assert.strictEqual(seen.status, "error")
        assert.isNotEmpty(seen.reason)
        assert.deepStrictEqual(yield* deployer.get("observed"), seen)
        const back = yield* deployer.reprovision("observed")
        assert.strictEqual(back.status, "running")
        assert.strictEqual(back.url, made.url)
        assert.isTrue(yield* fixture.answers(back))
        assert.strictEqual((yield* fixture.instances(back)).length, 1)
      })
    )
  )

  it.effect("rolls back to the revision before, or to a given one", () =>
    withDeployment("rolled", (deployer, fixture) =>
      Effect.gen(function* () {
        yield* deployer.provision(fixture.healthy, { name: "rolled" })
        assert.strictEqual((yield* Effect.flip(deployer.rollback("rolled")))._tag, "DeploymentProvisionFailed")
        yield* deployer.provision(fixture.another, { name: "rolled" })
        const back = yield* deployer.rollback("rolled")
        assert.deepStrictEqual([back.generation, back.snapshot.id], [3, fixture.healthy.id])
        const forth = yield* deployer.rollback("rolled", { to: 2 })
        assert.deepStrictEqual([forth.generation, forth.snapshot.id], [4, fixture.another.id])
      })
    )
  )
}
