import { HttpClient } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Schema, TestClock } from "effect"
import { Client, Errors, type Ids, Pipeline } from "effect-deployers"
import { InMemoryDeployer, InMemoryEngine } from "effect-deployers/Testing"
import { DeploymentStore } from "../../src/Store/DeploymentStore.js"
import { SnapshotStore } from "../../src/Store/SnapshotStore.js"

const versions = Effect.gen(function* () {
  const snapshots = yield* SnapshotStore
  return {
    one: yield* snapshots.put(InMemoryDeployer.draft("a", "one")),
    two: yield* snapshots.put(InMemoryDeployer.draft("a", "two"))
  }
})

/** A deployment at generation 1 whose candidate is generation 2. */
const withCanary = Effect.gen(function* () {
  const deployer = yield* InMemoryDeployer.InMemoryDeployer
  const { one, two } = yield* versions
  const first = yield* deployer.provision(one, { name: "a" })
  const deployment = yield* deployer.canaries.deploy(two, { name: "a", percent: 10 })
  const { instances } = yield* InMemoryEngine.InMemoryEngine
  const generations = () => Array.from(instances.values(), ({ request }) => request.generation)
  return { deployer, one, two, first, deployment, generations, instances }
})

const outcomes = (id: string) =>
  Effect.gen(function* () {
    const store = yield* DeploymentStore
    const found = yield* store.find(id)
    const revisions = found._tag === "None" ? [] : yield* store.revisions(found.value.deployment.id)
    return revisions.map(({ generation, outcome }) => [generation, outcome])
  })

describe("Canary", () => {
  it.effect("serves its share of the callers beside the accepted generation, which does not change", () =>
    Effect.gen(function* () {
      const { deployment, first, generations, instances } = yield* withCanary
      assert.deepStrictEqual([deployment.generation, deployment.url], [1, first.url])
      assert.deepInclude(deployment.candidate ?? {}, {
        generation: 2,
        share: { parts: 10, of: 100, unit: "requests" }
      })
      assert.deepStrictEqual(generations(), [1, 2])
      for (const instance of instances.values()) instance.requests = 0
      const http = yield* HttpClient.HttpClient
      for (let i = 0; i < 20; i++) yield* Effect.scoped(http.get(first.url ?? ""))
      const counts = Array.from(instances.values(), ({ requests }) => requests)
      assert.deepStrictEqual(yield* outcomes("a"), [
        [2, "candidate"],
        [1, "accepted"]
      ])
      assert.deepStrictEqual(counts, [18, 2])
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("is promoted: it becomes the accepted generation without a new instance, and the old one goes", () =>
    Effect.gen(function* () {
      const { deployer, deployment, generations, two } = yield* withCanary
      const promoted = yield* deployer.canaries.promote("a")
      assert.deepStrictEqual([promoted.generation, promoted.snapshot.id], [2, two.id])
      assert.strictEqual(promoted.url, deployment.candidate?.url)
      assert.isUndefined(promoted.candidate)
      assert.deepStrictEqual(generations(), [2])
      assert.deepStrictEqual(yield* outcomes("a"), [
        [2, "accepted"],
        [1, "accepted"]
      ])
      assert.strictEqual((yield* Effect.flip(deployer.canaries.promote("a")))._tag, "CanaryNotFound")
      assert.strictEqual((yield* deployer.rollback("a")).generation, 3)
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("is aborted: the candidate goes, and nothing else has changed", () =>
    Effect.gen(function* () {
      const { deployer, first, generations } = yield* withCanary
      const aborted = yield* deployer.canaries.abort("a", { reason: "It is slow." })
      assert.deepStrictEqual([aborted.generation, aborted.url, aborted.candidate], [1, first.url, undefined])
      assert.deepStrictEqual(generations(), [1])
      assert.deepStrictEqual((yield* outcomes("a"))[0], [2, "failed"])
      assert.strictEqual((yield* Effect.flip(deployer.canaries.abort("a")))._tag, "CanaryNotFound")
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("refuses another deploy, canary, rollback and change of keys, and names the way out", () =>
    Effect.gen(function* () {
      const { deployer, generations, one } = yield* withCanary
      const before = yield* deployer.authKeys("a")
      for (const refused of [
        Effect.asVoid(deployer.provision(one, { name: "a" })),
        Effect.asVoid(deployer.canaries.deploy(one, { name: "a", percent: 5 })),
        Effect.asVoid(deployer.addAuthKey("a"))
      ]) {
        const error = yield* Effect.flip(refused)
        assert.strictEqual(error._tag, "CanaryActive")
        assert.include(error.message, "deployers abort a")
      }
      assert.deepStrictEqual(yield* deployer.authKeys("a"), before)
      assert.deepStrictEqual(generations(), [1, 2])
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("ends with a stop and a delete, which remove both instances", () =>
    Effect.gen(function* () {
      const { deployer, generations } = yield* withCanary
      const stopped = yield* deployer.deprovision("a")
      assert.isUndefined(stopped.candidate)
      assert.deepStrictEqual(generations(), [])
      assert.deepStrictEqual((yield* outcomes("a"))[0], [2, "failed"])
      assert.strictEqual((yield* deployer.reprovision("a")).snapshot.version, 1)
      yield* deployer.canaries.deploy("a@2", { name: "a", percent: 50 })
      yield* deployer.delete("a")
      assert.deepStrictEqual(generations(), [])
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("needs a deployment that serves, and a percentage", () =>
    Effect.gen(function* () {
      const deployer = yield* InMemoryDeployer.InMemoryDeployer
      const { one } = yield* versions
      const canary = (percent: number) => Effect.flip(deployer.canaries.deploy(one, { name: "a", percent }))
      assert.strictEqual((yield* canary(10))._tag, "DeploymentNotFound")
      yield* deployer.provision(one, { name: "a" })
      assert.include((yield* canary(100)).message, "below 100")
      yield* deployer.deprovision("a")
      assert.include((yield* canary(10)).message, "does not serve")
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("ends in reconciling when its candidate does not run; a healthy one stays", () =>
    Effect.gen(function* () {
      const { deployer, generations, instances } = yield* withCanary
      assert.deepStrictEqual((yield* deployer.reconcile).actions, [])
      assert.deepStrictEqual(generations(), [1, 2])
      const candidate = Array.from(instances.values()).find(({ request }) => request.generation === 2)
      if (candidate !== undefined) candidate.alive = false
      const { actions } = yield* deployer.reconcile
      assert.deepStrictEqual(
        actions.map(({ action, outcome }) => [action, outcome]),
        [["remove", "done"]]
      )
      assert.deepStrictEqual(generations(), [1])
      assert.isUndefined((yield* deployer.get("a")).candidate)
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("is never the accepted generation of a registry that was rebuilt", () =>
    Effect.gen(function* () {
      const { first, generations } = yield* withCanary
      const engine = yield* Effect.context<InMemoryEngine.InMemoryEngine | HttpClient.HttpClient | Ids.Ids>()
      yield* Effect.gen(function* () {
        const deployer = yield* InMemoryDeployer.InMemoryDeployer
        const { recovered } = yield* deployer.rebuild
        assert.deepStrictEqual(
          recovered.map(({ deployment, generation }) => [deployment, generation]),
          [["a", 1]]
        )
        yield* deployer.reconcile
        assert.deepStrictEqual(generations(), [1])
        const { candidate, url } = yield* deployer.refresh("a")
        assert.deepStrictEqual([candidate, url], [undefined, first.url])
      }).pipe(Effect.provide(Layer.provide(Layer.fresh(InMemoryDeployer.layerOn), Layer.succeedContext(engine))))
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )
})

/** Fails for a negative number. */
const root = Pipeline.make("root", {
  input: Schema.Struct({ of: Schema.Number }),
  output: Schema.Number,
  error: Schema.String,
  run: ({ of }) => (of < 0 ? Effect.fail("negative") : Effect.succeed(Math.sqrt(of)))
})

describe("the watch of a canary", () => {
  const watching = (abortOnPercent: number) =>
    Effect.gen(function* () {
      const deployer = yield* InMemoryDeployer.InMemoryDeployer
      const snapshot = yield* InMemoryDeployer.snapshot(root)
      yield* deployer.provision(snapshot, { name: "root" })
      const { candidate } = yield* deployer.canaries.deploy(snapshot, { name: "root", percent: 50 })
      const authKey = yield* deployer.authKey("root")
      const client = Client.make(root, { url: candidate?.url ?? "", authKey })
      for (const of of [4, 9, -1, 16]) yield* Effect.ignore(client.invoke({ of }))
      const options = { abortOnPercent, minRuns: 4, forMillis: 60_000 }
      const fiber = yield* Effect.fork(deployer.canaries.watch("root", options))
      yield* TestClock.adjust("61 seconds")
      return { deployer, ended: yield* Effect.either(Fiber.join(fiber)) }
    })

  it.effect("aborts the canary when more runs fail than permitted", () =>
    Effect.gen(function* () {
      const { deployer, ended } = yield* watching(20)
      const error = ended._tag === "Left" ? ended.left : undefined
      assert.instanceOf(error, Errors.CanaryAborted)
      assert.include(error?.message ?? "", "1 of 4 runs failed (25%)")
      assert.isUndefined((yield* deployer.get("root")).candidate)
      assert.include((yield* deployer.revisions("root"))[0]?.reason ?? "", "1 of 4 runs failed")
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("leaves it when no more runs fail, and says how many ended", () =>
    Effect.gen(function* () {
      const { deployer, ended } = yield* watching(25)
      assert.deepInclude(ended._tag === "Right" ? ended.right : {}, { failed: 1, ended: 4, isEnough: true })
      assert.strictEqual((yield* deployer.get("root")).candidate?.generation, 2)
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )
})
