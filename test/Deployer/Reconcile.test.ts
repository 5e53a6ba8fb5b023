import { assert, describe, it } from "@effect/vitest"
import { Chunk, Clock, Effect, Fiber, Layer, Stream, TestClock } from "effect"
import { Deployer, Ids, Reconciler } from "effect-deployers"
import { InMemoryDeployer, InMemoryEngine } from "effect-deployers/Testing"
import { DeploymentId } from "../../src/Deployment.js"
import { DeploymentStore } from "../../src/Store/DeploymentStore.js"
import { SnapshotStore } from "../../src/Store/SnapshotStore.js"

const snapshot = (name: string, digest?: string) =>
  Effect.flatMap(SnapshotStore, (snapshots) => snapshots.put(InMemoryDeployer.draft(name, digest)))

const engine = InMemoryEngine.InMemoryEngine
const provided = Effect.provide(InMemoryDeployer.layer)

const generations = Effect.map(engine, ({ instances }) =>
  Array.from(instances.values()).map(({ request }) => `${request.name}/${request.generation}`)
)

const actions = Effect.map(
  Effect.flatMap(Deployer.Deployer, ({ reconcile }) => reconcile),
  (report) => report.actions.map(({ action, deployment, outcome }) => `${deployment} ${action} ${outcome}`)
)

/** Puts an instance beside those that exist, as a lost reply leaves one. */
const leave = (name: string, generation: number, registryId?: string) =>
  Effect.gen(function* () {
    const { instances } = yield* engine
    const [like] = Array.from(instances.values()).filter(({ request }) => request.name === name)
    assert.isDefined(like)
    if (like === undefined) return
    const key = `${like.request.deploymentId}/${generation}`
    const record = { ...like.request.record, generation, ...(registryId === undefined ? {} : { registryId }) }
    const request = { ...like.request, generation, registryId: registryId ?? like.request.registryId, record }
    instances.set(key, { ...like, key, request, port: like.port + generation })
  })

describe("reconcile", () => {
  it.effect("starts a crashed deployment again in its place, once, and nothing more the second time", () =>
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      const { crash } = yield* engine
      const made = yield* deployer.provision(yield* snapshot("a"), { name: "a" })
      yield* crash(`${made.id}/1`)
      assert.deepStrictEqual(yield* actions, ["a observe done", "a restore done"])
      const back = yield* deployer.get("a")
      assert.deepInclude({ ...back }, { status: "running", generation: 1, url: made.url })
      assert.deepStrictEqual(yield* actions, [])
      assert.lengthOf(yield* deployer.revisions("a"), 1)
    }).pipe(provided)
  )

  it.effect("brings back what was removed outside", () =>
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      const { instances } = yield* engine
      yield* deployer.provision(yield* snapshot("a"), { name: "a" })
      instances.clear()
      assert.deepStrictEqual(yield* actions, ["a observe done", "a restore done"])
      assert.deepStrictEqual(yield* generations, ["a/1"])
    }).pipe(provided)
  )

  it.effect("says what it would do and does nothing of it", () =>
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      const { crash } = yield* engine
      const made = yield* deployer.provision(yield* snapshot("a"), { name: "a" })
      yield* crash(`${made.id}/1`)
      const before = yield* Effect.flatMap(DeploymentStore, (store) => store.find("a"))
      const plan = yield* deployer.reconcilePlan
      assert.deepStrictEqual(
        plan.actions.map(({ action, outcome }) => [action, outcome]),
        [
          ["observe", "planned"],
          ["restore", "planned"]
        ]
      )
      assert.deepStrictEqual(yield* Effect.flatMap(DeploymentStore, (store) => store.find("a")), before)
    }).pipe(provided)
  )

  it.effect("waits ever longer, marks a crash loop, and goes on at the longest wait", () =>
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      const { behave, crash } = yield* engine
      const made = yield* deployer.provision(yield* snapshot("a"), { name: "a" })
      yield* behave("a", "crashes")
      yield* crash(`${made.id}/1`)
      const seen: Array<string> = []
      for (let second = 0; second < 30; second++) {
        seen.push(...(yield* actions))
        yield* TestClock.adjust("1 second")
      }
      assert.lengthOf(
        seen.filter((line) => line === "a restore failed"),
        5
      )
      const broken = yield* deployer.get("a")
      assert.strictEqual(broken.status, "error")
      assert.match(
        broken.reason ?? "",
        /keeps failing after 5 restarts within 10 minutes: .*; the next restarts are 60 s apart/
      )
      assert.strictEqual(broken.metadata.condition, "crashLoop")
      assert.deepStrictEqual(yield* actions, ["a wait done"])
      yield* behave("a", "healthy")
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* actions, ["a restore done"])
      assert.strictEqual((yield* deployer.get("a")).status, "running")
    }).pipe(provided)
  )

  it.effect("gives up again on a deployment that fails again after the window", () =>
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      const { behave, crash } = yield* engine
      const made = yield* deployer.provision(yield* snapshot("a"), { name: "a" })
      yield* behave("a", "crashes")
      yield* crash(`${made.id}/1`)
      const seen: Array<string> = []
      for (const minute of [0, 10]) {
        yield* TestClock.adjust(`${minute} minutes`)
        for (let second = 0; second < 35; second++) {
          seen.push(...(yield* actions))
          yield* TestClock.adjust("1 second")
        }
      }
      assert.lengthOf(
        seen.filter((line) => line === "a giveUp done"),
        2
      )
    }).pipe(provided)
  )

  it.effect("leaves a crashed one alone when its recovery is switched off", () =>
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      const { crash } = yield* engine
      const settings = { restart: "never" } as const
      const made = yield* deployer.provision(yield* snapshot("a"), { name: "a", settings })
      yield* crash(`${made.id}/1`)
      assert.deepStrictEqual(yield* actions, ["a observe done"])
      assert.strictEqual((yield* deployer.get("a")).status, "error")
    }).pipe(provided)
  )

  it.effect("starts again what is unhealthy for a minute", () =>
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      const { instances } = yield* engine
      yield* deployer.provision(yield* snapshot("a"), { name: "a" })
      for (const instance of instances.values()) instance.behaviour = "silent"
      assert.deepStrictEqual(yield* actions, ["a observe done"])
      yield* TestClock.adjust("59 seconds")
      assert.deepStrictEqual(yield* actions, [])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* actions, ["a restore done"])
    }).pipe(provided)
  )

  it.effect("leaves a service alone whose step computes, until it takes longer than a run may", () =>
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      const { instances } = yield* engine
      yield* deployer.provision(yield* snapshot("a"), { name: "a" })
      for (const instance of instances.values()) instance.busySince = yield* Clock.currentTimeMillis
      yield* TestClock.adjust("299 seconds")
      assert.deepStrictEqual(yield* actions, [])
      assert.strictEqual((yield* deployer.refresh("a")).status, "running")
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* actions, ["a observe done"])
      assert.strictEqual((yield* deployer.get("a")).status, "pending")
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* actions, ["a restore done"])
    }).pipe(provided)
  )

  it.effect("removes instances of other generations, and of what was taken down, and keeps the accepted one", () =>
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      const { instances } = yield* engine
      yield* deployer.provision(yield* snapshot("a"), { name: "a" })
      yield* deployer.provision(yield* snapshot("a", "two"), { name: "a" })
      const made = yield* deployer.provision(yield* snapshot("b"), { name: "b" })
      yield* leave("a", 1)
      const stopped = instances.get(`${made.id}/1`)
      yield* deployer.deprovision("b")
      if (stopped !== undefined) instances.set(stopped.key, stopped)
      assert.deepStrictEqual(yield* actions, ["a remove done", "b remove done"])
      assert.deepStrictEqual(yield* generations, ["a/2"])
      assert.deepStrictEqual(yield* actions, [])
    }).pipe(provided)
  )

  it.effect("removes the leftovers of a deployment that was deleted by force", () =>
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      const { reachable } = yield* engine
      yield* deployer.provision(yield* snapshot("a"), { name: "a" })
      yield* reachable(false)
      yield* deployer.delete("a", { force: true })
      yield* reachable(true)
      assert.deepStrictEqual(yield* generations, ["a/1"])
      assert.deepStrictEqual(yield* actions, ["a remove done"])
      assert.deepStrictEqual(yield* generations, [])
    }).pipe(provided)
  )

  it.effect("notes what cannot be observed and touches nothing; then all is as it was", () =>
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      const { reachable } = yield* engine
      yield* deployer.provision(yield* snapshot("a"), { name: "a" })
      yield* reachable(false)
      const report = yield* deployer.reconcile
      assert.deepStrictEqual(
        report.actions.map(({ action }) => action),
        ["observe"]
      )
      assert.match(report.unavailable[0] ?? "", /it was switched off/)
      const uncertain = yield* deployer.get("a")
      assert.strictEqual(uncertain.status, "running")
      assert.isDefined(uncertain.unknownSince)
      yield* reachable(true)
      yield* deployer.reconcile
      assert.isUndefined((yield* deployer.get("a")).unknownSince)
    }).pipe(provided)
  )

  it.effect("leaves a deployment alone that a living process is changing", () =>
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      const { behave } = yield* engine
      yield* behave("slow", "silent")
      yield* deployer.provision(yield* snapshot("a"), { name: "a" })
      const slow = yield* snapshot("slow")
      const changing = yield* Effect.fork(deployer.provision(slow, { name: "a" }))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* generations, ["a/1", "a/2"])
      assert.deepStrictEqual(yield* actions, ["a leave done"])
      assert.deepStrictEqual(yield* generations, ["a/1", "a/2"])
      yield* Fiber.interrupt(changing)
    }).pipe(provided)
  )
})

describe("a registry that does not belong to what exists", () => {
  it.effect("is refused: an older one, which knows nothing of a generation, and nothing is touched", () =>
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      const { instances } = yield* engine
      yield* deployer.provision(yield* snapshot("a"), { name: "a" })
      yield* leave("a", 7)
      for (const [key, instance] of instances) if (key.endsWith("/1")) instance.alive = false
      const error = yield* Effect.flip(deployer.reconcile)
      assert.strictEqual(error._tag, "RegistryMismatch")
      assert.match(error.message, /of generation 7, and the last one in this registry is 1/)
      assert.deepStrictEqual(yield* generations, ["a/1", "a/7"])
      assert.strictEqual((yield* Effect.flip(deployer.reconcilePlan))._tag, "RegistryMismatch")
    }).pipe(provided)
  )

  it.effect("is rebuilt from what the instances carry, and then reconciles with nothing to do", () =>
    Effect.gen(function* () {
      const { instances } = yield* engine
      const lost = yield* Effect.gen(function* () {
        const deployer = yield* Deployer.Deployer
        yield* deployer.provision(yield* snapshot("a"), { name: "a", settings: { environment: { COLOUR: "green" } } })
        const made = yield* deployer.provision(yield* snapshot("a", "two"), { name: "a" })
        const { registryId } = yield* DeploymentStore
        const record = Array.from(instances.values())[0]?.request.record
        return { made, registryId, record }
      }).pipe(Effect.provide(InMemoryDeployer.layerOn))

      const seen = yield* Effect.gen(function* () {
        const deployer = yield* Deployer.Deployer
        const store = yield* DeploymentStore
        assert.notStrictEqual(store.registryId, lost.registryId)
        assert.match((yield* Effect.flip(deployer.reconcile)).message, /was made for registry/)
        const report = yield* deployer.rebuild
        assert.deepInclude({ ...report }, { renamed: true, skipped: [] })
        assert.deepStrictEqual(report.recovered, [{ deployment: "a", generation: 2, snapshot: "a@2" }])
        const again = yield* deployer.rebuild
        assert.deepStrictEqual(again.recovered, [])
        return yield* store.find("a")
      }).pipe(Effect.provide(InMemoryDeployer.layerOn))
      const record = seen._tag === "Some" ? seen.value : undefined
      assert.strictEqual(record?.deployment.id, lost.made.id)
      assert.strictEqual(record?.deployment.generation, 2)
      assert.strictEqual(record?.deployment.snapshot.id, lost.made.snapshot.id)
      assert.deepStrictEqual(record?.authKey, lost.record?.authKey)
      assert.deepStrictEqual(record?.settings, lost.record?.settings)
    }).pipe(Effect.provide(Layer.merge(InMemoryEngine.layer, Ids.layer)))
  )

  it.effect("does not get back what another registry with deployments has", () =>
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      yield* deployer.provision(yield* snapshot("a"), { name: "a" })
      yield* leave("a", 2, "another-registry")
      const report = yield* deployer.rebuild
      assert.deepStrictEqual(report.recovered, [])
      assert.isFalse(report.renamed)
      assert.match(report.skipped[0]?.reason ?? "", /it belongs to registry another-registry/)
    }).pipe(provided)
  )
})

describe("a holder that was frozen", () => {
  it.effect("fails before it touches the engine when another process has taken its lease", () =>
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      const store = yield* DeploymentStore
      const made = yield* deployer.provision(yield* snapshot("a"), { name: "a" })
      const id = DeploymentId.make(made.id)
      const frozen = yield* deployer.subscribe
      const changing = yield* Effect.fork(Effect.flip(deployer.deprovision("a")))
      yield* Effect.iterate(yield* frozen.take, {
        while: ({ type }) => type !== "operation_started",
        body: () => frozen.take
      })
      yield* store.acquire(id, { name: "a", holder: "other", ttl: "1 minute", takeOverFrom: yield* holderOf })
      assert.strictEqual((yield* Fiber.join(changing))._tag, "LeaseLost")
      assert.deepStrictEqual(yield* generations, ["a/1"])
    }).pipe(Effect.scoped, provided)
  )
})

const holderOf = Effect.gen(function* () {
  const { leases } = yield* DeploymentStore
  const [lease] = yield* leases
  return lease?.holder
})

describe("Reconciler", () => {
  it.effect("looks at once, at each period, and goes on after a failure", () =>
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      const { crash } = yield* engine
      const made = yield* deployer.provision(yield* snapshot("a"), { name: "a" })
      const passes = yield* Effect.fork(Stream.runCollect(Stream.take(Reconciler.passes({ every: "10 seconds" }), 4)))
      yield* TestClock.adjust("1 second")
      yield* leave("a", 9)
      yield* TestClock.adjust("10 seconds")
      yield* Effect.flatMap(engine, ({ instances }) => Effect.sync(() => instances.delete(`${made.id}/9`)))
      yield* crash(`${made.id}/1`)
      yield* TestClock.adjust("20 seconds")
      const seen = Chunk.toReadonlyArray(yield* Fiber.join(passes)).map((pass) =>
        pass._tag === "Right" ? pass.right.actions.map(({ action }) => action) : pass.left._tag
      )
      assert.deepStrictEqual(seen, [[], "RegistryMismatch", ["observe", "restore"], []])
    }).pipe(provided)
  )

  it.effect("runs in the background as a layer", () =>
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      const { crash } = yield* engine
      const made = yield* deployer.provision(yield* snapshot("a"), { name: "a" })
      yield* crash(`${made.id}/1`)
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual((yield* deployer.get("a")).status, "running")
    }).pipe(Effect.provide(Layer.provideMerge(Reconciler.layer({ every: "5 seconds" }), InMemoryDeployer.layer)))
  )
})
