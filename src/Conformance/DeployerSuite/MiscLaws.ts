/** Laws of plans, logs, concurrent changes, reconciling and invalid input. */
import { assert } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Deployment } from "../../Deployment.js"
import { DeploymentStore } from "../../Store/DeploymentStore.js"
import { type It, withDeployment } from "./Case.js"

/** Laws of planning, logs, races, reconciling and bad input. */
export const laws = (it: It): void => {
  it.effect("plan says what would happen and does nothing", () =>
    withDeployment("planned", (deployer, fixture) =>
      Effect.gen(function* () {
        const fresh = yield* deployer.plan(fixture.healthy, { name: "planned" })
        assert.deepInclude(fresh, { action: "create", generation: 1, gap: false })
        assert.strictEqual((yield* Effect.flip(deployer.get("planned")))._tag, "DeploymentNotFound")
        const made = yield* deployer.provision(fixture.healthy, { name: "planned" })
        const next = yield* deployer.plan(fixture.another, { name: "planned", settings: { timeoutMillis: 61_000 } })
        assert.deepInclude(next, { action: "replace", generation: 2 })
        assert.deepStrictEqual(next.changes, [{ path: "timeoutMillis", from: 60_000, to: 61_000 }])
        assert.deepStrictEqual(yield* deployer.get("planned"), made)
      })
    )
  )

  it.effect("reads the log, all of it or its end", () =>
    withDeployment("logged", (deployer, fixture) =>
      Effect.gen(function* () {
        const since = DateTime.toEpochMillis(yield* DateTime.now)
        yield* deployer.provision(fixture.healthy, { name: "logged" })
        const read = (options: object) => Effect.map(Stream.runCollect(deployer.logs("logged", options)), Chunk.size)
        assert.isAtLeast(yield* read({}), 1)
        assert.strictEqual(yield* read({ tail: 1 }), 1)
        assert.isAtLeast(yield* read({ since }), 1)
        assert.strictEqual(yield* read({ since: since + 3_600_000 }), 0)
      })
    )
  )

  it.effect("two provisions of one name at once end as one deployment", () =>
    withDeployment("raced", (deployer, fixture) =>
      Effect.gen(function* () {
        const [one, two] = yield* Effect.all(
          [
            deployer.provision(fixture.healthy, { name: "raced" }),
            deployer.provision(fixture.another, { name: "raced" })
          ],
          { concurrency: 2 }
        )
        assert.strictEqual(one.id, two.id)
        assert.deepStrictEqual([one.generation, two.generation].sort(), [1, 2])
        const last = yield* deployer.get("raced")
        assert.strictEqual(last.generation, 2)
        assert.isTrue(yield* fixture.answers(last))
        assert.strictEqual((yield* fixture.instances(last)).length, 1)
      })
    )
  )

  it.effect("reconcile without differences does nothing", () =>
    withDeployment("settled", (deployer, fixture) =>
      Effect.gen(function* () {
        const made = yield* deployer.provision(fixture.healthy, { name: "settled" })
        yield* deployer.reconcile
        const { actions } = yield* deployer.reconcile
        assert.deepStrictEqual(actions, [])
        assert.deepStrictEqual(yield* deployer.get("settled"), made)
      })
    )
  )

  it.effect("reconcile undoes a provision whose process died", () =>
    withDeployment("orphaned", (deployer, fixture) =>
      Effect.gen(function* () {
        const store = yield* DeploymentStore
        const made = yield* deployer.provision(fixture.healthy, { name: "orphaned" })
        const lease = yield* store.acquire(made.id, { name: made.name, holder: "a process that died", ttl: 0 })
        yield* store.begin(lease, {
          id: "019a0000-0000-7000-8000-000000000001",
          kind: "provision",
          snapshotId: fixture.another.id,
          settings: {}
        })
        const { actions } = yield* deployer.reconcile
        assert.deepStrictEqual(
          actions.map(({ action, deployment }) => [action, deployment]),
          [["undo", "orphaned"]]
        )
        assert.deepStrictEqual(yield* store.openOperations, [])
        assert.strictEqual((yield* deployer.get("orphaned")).generation, 1)
        assert.isTrue(yield* fixture.answers(made))
      })
    )
  )

  it.effect("refuses bad input with errors that name it", () =>
    withDeployment("refused", (deployer, fixture) =>
      Effect.gen(function* () {
        const refusal = (options: object) =>
          Effect.flip(deployer.provision(fixture.healthy, { name: "refused", ...options }))
        const invalid = yield* refusal({ settings: { timeoutMillis: -1 } })
        assert.strictEqual(invalid._tag, "DeploymentInvalidSettings")
        assert.include(invalid.message, "timeoutMillis")
        const unknown = yield* refusal({ settings: { replicas: 3 } })
        assert.include(unknown.message, "replicas")
        assert.strictEqual((yield* refusal({ name: "No Such Name!" }))._tag, "InvalidName")
        const secret = yield* refusal({ settings: { secrets: ["NOT_THERE"] } })
        assert.strictEqual(secret._tag, "SecretNotFound")
        assert.strictEqual(
          (yield* Effect.flip(deployer.provision("nothing@9", { name: "refused" })))._tag,
          "SnapshotNotFound"
        )
        assert.strictEqual((yield* Effect.flip(deployer.get("refused")))._tag, "DeploymentNotFound")
        for (const operation of [deployer.refresh, deployer.deprovision, deployer.reprovision, deployer.rollback]) {
          const error: { readonly _tag: string } = yield* Effect.flip<Deployment, { readonly _tag: string }, never>(
            operation("not-there")
          )
          assert.strictEqual(error._tag, "DeploymentNotFound")
        }
      })
    )
  )
}
