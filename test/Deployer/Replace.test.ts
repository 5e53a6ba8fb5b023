import { assert, describe, it } from "@effect/vitest"
import { Chunk, Effect, Fiber, Option, Queue, TestClock } from "effect"
import { Deployer, Errors } from "effect-deployers"
import { InMemoryBackend, InMemoryDeployer, InMemoryEngine } from "effect-deployers/Testing"
import { DeploymentStore } from "../../src/Store/DeploymentStore.js"
import { SnapshotStore } from "../../src/Store/SnapshotStore.js"

const snapshot = (name: string, digest?: string) =>
  Effect.flatMap(SnapshotStore, (snapshots) => snapshots.put(InMemoryDeployer.draft(name, digest)))

const instanceOf = (generation: number) =>
  Effect.map(InMemoryEngine.InMemoryEngine, ({ instances }) =>
    Array.from(instances.values()).find(({ request }) => request.generation === generation)
  )

/** Changes how an instance behaves that is there already. */
const turn = (generation: number, behaviour: InMemoryEngine.Behaviour) =>
  Effect.map(instanceOf(generation), (instance) => {
    if (instance !== undefined) instance.behaviour = behaviour
  })

const settings = { minHealthyMillis: 5_000, timeoutMillis: 20_000 }

/** A deployment at generation 1, and a replacement of it under way. */
const replacing = (given: InMemoryBackend.InMemorySettingsInput = settings) =>
  Effect.gen(function* () {
    const deployer = yield* InMemoryDeployer.InMemoryDeployer
    const made = yield* deployer.provision(yield* snapshot("a"), { name: "a" })
    const events = yield* deployer.subscribe
    const next = yield* snapshot("a", "next")
    const fiber = yield* Effect.fork(deployer.provision(next, { name: "a", settings: given }))
    const types = Effect.map(Queue.takeAll(events), (all) => Chunk.toReadonlyArray(all).map(({ type }) => type))
    return { deployer, made, fiber, events, types, pending: Effect.map(Fiber.poll(fiber), Option.isNone) }
  })

describe("Replace", () => {
  it.scoped("leads callers to the new instance only after it has been healthy for minHealthyMillis", () =>
    Effect.gen(function* () {
      const { deployer, fiber, made, pending, types } = yield* replacing()
      yield* TestClock.adjust("4900 millis")
      assert.isTrue(yield* pending)
      assert.notInclude(yield* types, "healthy")
      assert.deepStrictEqual(yield* deployer.get("a"), made)
      yield* TestClock.adjust("200 millis")
      const replaced = yield* Fiber.join(fiber)
      assert.strictEqual(replaced.generation, 2)
      assert.notStrictEqual(replaced.url, made.url)
      assert.deepStrictEqual((yield* types).slice(0, 2), ["healthy", "generation_committed"])
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.scoped("begins the while anew when the new instance flaps", () =>
    Effect.gen(function* () {
      const { deployer, fiber, made, pending } = yield* replacing()
      for (let flap = 0; flap < 2; flap++) {
        yield* TestClock.adjust("4 seconds")
        yield* turn(2, "silent")
        yield* TestClock.adjust("1 second")
        yield* turn(2, "healthy")
        yield* TestClock.adjust("500 millis")
      }
      assert.isTrue(yield* pending)
      assert.deepStrictEqual(yield* deployer.get("a"), made)
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual((yield* Fiber.join(fiber)).generation, 2)
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.scoped("never takes an instance that goes on flapping", () =>
    Effect.gen(function* () {
      const { deployer, fiber, made } = yield* replacing()
      for (let second = 0; second < 13; second++) {
        yield* turn(2, "silent")
        yield* TestClock.adjust("1 second")
        yield* turn(2, "healthy")
        yield* TestClock.adjust("1 second")
      }
      const error = yield* Effect.flip(Fiber.join(fiber))
      assert.instanceOf(error, Errors.DeploymentTimeout)
      assert.include(error.message, "25000 ms")
      assert.include(error.message, "serving generation 2")
      assert.deepStrictEqual(yield* deployer.get("a"), made)
      assert.isUndefined(yield* instanceOf(2))
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.scoped("gives up at once when the new instance ends in the while", () =>
    Effect.gen(function* () {
      const { deployer, fiber, made } = yield* replacing()
      yield* TestClock.adjust("2 seconds")
      const { crash } = yield* InMemoryEngine.InMemoryEngine
      yield* crash(`${made.id}/2`)
      yield* TestClock.adjust("100 millis")
      const error = yield* Effect.flip(Fiber.join(fiber))
      assert.instanceOf(error, Errors.DeploymentProvisionFailed)
      assert.include(error.message, "ended by itself")
      assert.deepStrictEqual(yield* deployer.get("a"), made)
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.scoped("waits minHealthyMillis for a first instance, and for one that replaces a silent or a stopped one", () =>
    Effect.gen(function* () {
      const deployer = yield* InMemoryDeployer.InMemoryDeployer
      const a = yield* snapshot("a")
      const provisioned = Effect.gen(function* () {
        const fiber = yield* Effect.fork(deployer.provision(a, { name: "a", settings }))
        yield* TestClock.adjust("4900 millis")
        assert.isTrue(Option.isNone(yield* Fiber.poll(fiber)))
        yield* TestClock.adjust("200 millis")
        return (yield* Fiber.join(fiber)).generation
      })
      assert.strictEqual(yield* provisioned, 1)
      yield* turn(1, "silent")
      assert.strictEqual((yield* deployer.refresh("a")).status, "pending")
      assert.strictEqual(yield* provisioned, 2)
      yield* deployer.deprovision("a")
      assert.strictEqual(yield* provisioned, 3)
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.scoped("refuses a first instance that ends soon after it became healthy", () =>
    Effect.gen(function* () {
      const deployer = yield* InMemoryDeployer.InMemoryDeployer
      const a = yield* snapshot("a")
      const fiber = yield* Effect.fork(Effect.flip(deployer.provision(a, { name: "a", settings })))
      yield* TestClock.adjust("300 millis")
      const { crash, instances } = yield* InMemoryEngine.InMemoryEngine
      yield* Effect.forEach(instances.keys(), crash, { discard: true })
      yield* TestClock.adjust("100 millis")
      assert.instanceOf(yield* Fiber.join(fiber), Errors.DeploymentProvisionFailed)
      assert.strictEqual(instances.size, 0)
      assert.instanceOf(yield* Effect.flip(deployer.get("a")), Errors.DeploymentNotFound)
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.scoped("lets the old instance serve for oldInstanceGraceMillis after the switch", () =>
    Effect.gen(function* () {
      const { deployer, fiber, pending, types } = yield* replacing({ oldInstanceGraceMillis: 3_000 })
      yield* TestClock.adjust("2900 millis")
      assert.strictEqual((yield* deployer.get("a")).generation, 2)
      assert.isTrue(yield* pending)
      assert.isTrue((yield* instanceOf(1))?.alive)
      yield* TestClock.adjust("200 millis")
      yield* Fiber.join(fiber)
      assert.isUndefined(yield* instanceOf(1))
      assert.deepStrictEqual((yield* types).slice(-3), [
        "generation_committed",
        "old_instance_removed",
        "operation_finished"
      ])
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.scoped("measures the gap of a fixed port until the new instance is healthy, not until it is taken", () =>
    Effect.gen(function* () {
      const deployer = yield* InMemoryDeployer.InMemoryDeployer
      const engine = yield* InMemoryEngine.InMemoryEngine
      const fixed = { ...settings, port: 8080 }
      const at = yield* snapshot("a")
      const made = yield* deployer.provision(at, { name: "a", settings: { ...fixed, minHealthyMillis: 0 } })
      const slow = yield* snapshot("slow")
      yield* engine.behave("slow", "silent")
      const events = yield* deployer.subscribe
      const fiber = yield* Effect.fork(deployer.provision(slow, { name: "a", settings: fixed }))
      yield* TestClock.adjust("900 millis")
      yield* turn(2, "healthy")
      yield* TestClock.adjust("6 seconds")
      assert.strictEqual((yield* Fiber.join(fiber)).url, made.url)
      const healthy = Chunk.toReadonlyArray(yield* Queue.takeAll(events)).find(({ type }) => type === "healthy")
      const gap = Number(healthy?.data["gapMillis"])
      assert.isAtLeast(gap, 900)
      assert.isAtMost(gap, 1_500)
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("lets the old instance drain, too, when the process that replaced it died after the switch", () =>
    Effect.gen(function* () {
      const backend = yield* InMemoryBackend.make()
      const engine = yield* InMemoryEngine.InMemoryEngine
      const graces = new Map<number, unknown>()
      const deployer = yield* Deployer.make({
        ...backend,
        deprovision: (instance, metadata, options) => {
          if (engine.instances.has(`${instance.deploymentId}/1`)) graces.set(instance.generation, options.grace)
          return backend.deprovision(instance, metadata, options)
        }
      })
      const store = yield* DeploymentStore
      const a = yield* snapshot("a")
      const { id, name } = yield* deployer.provision(a, { name: "a" })
      const lease = yield* store.acquire(id, { name, holder: "dead", ttl: 0 })
      const operation = yield* store.begin(lease, {
        id: "019a0000-0000-7000-8000-000000000001",
        kind: "provision",
        snapshotId: a.id,
        settings: {}
      })
      const instance = yield* instanceOf(1)
      if (instance !== undefined) engine.instances.set(`${id}/2`, { ...instance, key: `${id}/2`, port: 1 })
      yield* store.commit(lease, operation, {
        snapshot: { id: a.id, pipelineName: a.pipelineName, version: a.version },
        settings: { stopGraceMillis: 12_000 },
        state: yield* backend.state({ deploymentId: id, name, generation: 2 }, {}),
        authKey: undefined
      })
      yield* deployer.reconcile
      assert.deepStrictEqual(Array.from(engine.instances.keys()), [`${id}/2`])
      assert.deepStrictEqual(Array.from(graces), [[1, 12_000]])
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )
})
