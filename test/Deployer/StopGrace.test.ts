import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Deployer, Errors, type Settings } from "effect-deployers"
import { InMemoryBackend, InMemoryDeployer, InMemoryEngine } from "effect-deployers/Testing"
import { DeploymentStore } from "../../src/Store/DeploymentStore.js"
import { SnapshotStore } from "../../src/Store/SnapshotStore.js"

const snapshot = (settings: Settings.DeploymentInput = {}) =>
  Effect.flatMap(SnapshotStore, (snapshots) => snapshots.put({ ...InMemoryDeployer.draft("a"), settings }))

/** The times of the newest instance. */
const times = Effect.map(InMemoryEngine.InMemoryEngine, ({ instances }) => {
  const { serving, stopGraceMillis } = Array.from(instances.values()).at(-1)?.request.settings ?? {}
  return [serving?.drainTimeoutMillis, stopGraceMillis]
})

const cases: ReadonlyArray<readonly [given: string, settings: Settings.DeploymentInput, drain: number, grace: number]> =
  [
    ["neither", {}, 25_000, 30_000],
    ["a long drain", { serving: { drainTimeoutMillis: 240_000 } }, 240_000, 245_000],
    ["a short drain", { serving: { drainTimeoutMillis: 1_000 } }, 1_000, 6_000],
    ["a short grace", { stopGraceMillis: 3_000 }, 2_500, 3_000],
    ["a long grace", { stopGraceMillis: 90_000 }, 25_000, 90_000],
    ["both", { stopGraceMillis: 9_000, serving: { drainTimeoutMillis: 8_000 } }, 8_000, 9_000]
  ]

describe("the grace of a stop", () => {
  it.effect.each(cases)("F23: outlasts the drain of a deployment that gives %s", ([, settings, drain, grace]) =>
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      yield* deployer.provision(yield* snapshot(), { name: "a", settings })
      assert.deepStrictEqual(yield* times, [drain, grace])
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("F23: refuses a grace under a given drain, also of two layers, and names both", () =>
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      const ofSnapshot = yield* snapshot({ serving: { drainTimeoutMillis: 60_000 } })
      const error = yield* Effect.flip(
        deployer.provision(ofSnapshot, { name: "a", settings: { stopGraceMillis: 3_000 } })
      )
      assert.instanceOf(error, Errors.DeploymentInvalidSettings)
      assert.include(error.message, "stopGraceMillis: 3000 is shorter than serving.drainTimeoutMillis (60000)")
      assert.include(error.message, "give at least 65000")
      assert.instanceOf(yield* Effect.flip(deployer.get("a")), Errors.DeploymentNotFound)
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("F23: follows a new drain although the grace of the call before is kept or stored", () =>
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      const a = yield* snapshot()
      yield* deployer.provision(a, { name: "a", settings: { serving: { drainTimeoutMillis: 60_000 } } })
      const longer = { serving: { drainTimeoutMillis: 120_000 } }
      yield* deployer.provision(a, { name: "a", keep: true, settings: longer })
      assert.deepStrictEqual(yield* times, [120_000, 125_000])
      yield* deployer.reprovision("a", { settings: { serving: { drainTimeoutMillis: 150_000 } } })
      assert.deepStrictEqual(yield* times, [150_000, 155_000])
      yield* deployer.rollback("a", { to: 1 })
      assert.deepStrictEqual(yield* times, [60_000, 65_000])
      yield* deployer.provision(a, { name: "a", keep: true, unset: ["serving.drainTimeoutMillis"] })
      assert.deepStrictEqual(yield* times, [25_000, 30_000])
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("F23: mends what an earlier version stored, and serves it again", () =>
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      const store = yield* DeploymentStore
      const a = yield* snapshot()
      const backend = yield* InMemoryBackend.make()
      const { id, name } = yield* deployer.provision(a, { name: "a", settings: { stopGraceMillis: 3_000 } })
      const lease = yield* store.acquire(id, { name: "a", holder: "earlier", ttl: 60_000 })
      const operation = yield* store.begin(lease, {
        id: "019a0000-0000-7000-8000-000000000001",
        kind: "provision",
        snapshotId: a.id,
        settings: {}
      })
      yield* store.commit(lease, operation, {
        snapshot: { id: a.id, pipelineName: a.pipelineName, version: a.version },
        settings: { stopGraceMillis: 3_000, serving: { drainTimeoutMillis: 25_000 } },
        state: yield* backend.state({ deploymentId: id, name, generation: 1 }, {}),
        authKey: undefined
      })
      yield* store.release(lease)
      yield* deployer.reprovision("a")
      assert.deepStrictEqual(yield* times, [2_500, 3_000])
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )
})
