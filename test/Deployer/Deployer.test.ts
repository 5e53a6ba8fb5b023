import { assert, describe, it } from "@effect/vitest"
import { Chunk, Duration, Effect, Fiber, Layer, Option, Queue, Redacted, Stream, TestClock } from "effect"
import { Analytics, Deployer, Errors } from "effect-deployers"
import { InMemoryBackend, InMemoryDeployer, InMemoryEngine } from "effect-deployers/Testing"
import { DeploymentStore } from "../../src/Store/DeploymentStore.js"
import { SecretStore } from "../../src/Store/SecretStore.js"
import { SnapshotStore } from "../../src/Store/SnapshotStore.js"

const snapshot = (name: string, digest?: string) =>
  Effect.flatMap(SnapshotStore, (snapshots) => snapshots.put(InMemoryDeployer.draft(name, digest)))

const instances = Effect.map(InMemoryEngine.InMemoryEngine, ({ instances }) => Array.from(instances.values()))

describe("Deployer", () => {
  it.effect("gives up a provision at its deadline, asking ever less often meanwhile", () =>
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      const engine = yield* InMemoryEngine.InMemoryEngine
      yield* engine.behave("slow", "silent")
      const slow = yield* snapshot("slow")
      const provisioning = yield* Effect.fork(
        Effect.flip(deployer.provision(slow, { name: "slow", settings: { timeoutMillis: 90_000 } }))
      )
      yield* TestClock.adjust("89 seconds")
      assert.isTrue(Option.isNone(yield* Fiber.poll(provisioning)))
      yield* TestClock.adjust("2 seconds")
      const error = yield* Fiber.join(provisioning)
      assert.instanceOf(error, Errors.DeploymentTimeout)
      assert.include(error.message, "90000 ms")
      assert.include(error.message, "serving generation 1")
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("gives up a rollback at the deadline of its generation, also where nothing interrupts it", () =>
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      const engine = yield* InMemoryEngine.InMemoryEngine
      const settings = { timeoutMillis: 90_000 }
      const deployed = (name: string) =>
        Effect.flatMap(snapshot(name), (made) => deployer.provision(made, { name: "back", settings }))
      const adjusting = yield* Effect.fork(Effect.forever(TestClock.adjust("1 second")))
      yield* deployed("before")
      const now = yield* deployed("after")
      yield* Fiber.interrupt(adjusting)
      yield* engine.behave("before", "silent")
      const rolling = yield* Effect.fork(Effect.uninterruptible(Effect.flip(deployer.rollback("back"))))
      yield* TestClock.adjust("89 seconds")
      assert.isTrue(Option.isNone(yield* Fiber.poll(rolling)))
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual((yield* Fiber.join(rolling))._tag, "DeploymentTimeout")
      assert.deepInclude(yield* deployer.get("back"), { generation: now.generation, status: "running", url: now.url })
      assert.lengthOf(yield* instances, 1)
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("refuses a snapshot value that the registry does not have any more as a mismatch", () =>
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      const deleted = yield* snapshot("a")
      yield* Effect.flatMap(SnapshotStore, (snapshots) => snapshots.remove(deleted.id))
      const error = yield* Effect.flip(deployer.provision(deleted, { name: "a" }))
      assert.strictEqual(error._tag, "DeploymentSnapshotMismatch")
      assert.include(error.message, "Snapshot a@1 cannot be deployed: the registry does not have it")
      assert.strictEqual((yield* Effect.flip(deployer.plan("a@1", { name: "a" })))._tag, "SnapshotNotFound")
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("unknown is not absent: an engine that does not answer changes nothing but unknownSince", () =>
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      const engine = yield* InMemoryEngine.InMemoryEngine
      const made = yield* deployer.provision(yield* snapshot("a"), { name: "a" })
      yield* engine.reachable(false)
      const unknown = yield* deployer.refresh("a")
      assert.deepInclude(unknown, { status: "running", url: made.url, generation: 1 })
      assert.isDefined(unknown.unknownSince)
      assert.strictEqual((yield* Effect.flip(deployer.deprovision("a")))._tag, "EngineUnavailable")
      assert.strictEqual((yield* Effect.flip(deployer.delete("a")))._tag, "EngineUnavailable")
      assert.strictEqual((yield* Effect.flip(deployer.provision("a@1", { name: "a" })))._tag, "EngineUnavailable")
      yield* engine.reachable(true)
      const known = yield* deployer.refresh("a")
      assert.strictEqual(known.status, "running")
      assert.isUndefined(known.unknownSince)
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("force deletes the record even if the engine does not answer", () =>
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      const engine = yield* InMemoryEngine.InMemoryEngine
      yield* deployer.provision(yield* snapshot("a"), { name: "a" })
      yield* engine.reachable(false)
      yield* deployer.delete("a", { force: true })
      assert.strictEqual((yield* Effect.flip(deployer.get("a")))._tag, "DeploymentNotFound")
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("a service that stops answering its health check is pending, with the reason", () =>
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      yield* deployer.provision(yield* snapshot("a"), { name: "a" })
      const [instance] = yield* instances
      if (instance !== undefined) instance.behaviour = "silent"
      const seen = yield* deployer.refresh("a")
      assert.deepInclude(seen, { status: "pending", reason: "it runs, but its health check does not answer" })
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("what was taken down does not become an error when something of it shows up broken", () =>
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      const engine = yield* InMemoryEngine.InMemoryEngine
      const made = yield* deployer.provision(yield* snapshot("a"), { name: "a" })
      const [instance] = yield* instances
      yield* deployer.deprovision("a")
      const key = `${made.id}/1`
      if (instance !== undefined) engine.instances.set(key, { ...instance, alive: false })
      assert.strictEqual((yield* deployer.refresh("a")).status, "absent")
      if (instance !== undefined) engine.instances.set(key, { ...instance, alive: true })
      assert.strictEqual((yield* deployer.refresh("a")).status, "running")
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("with a fixed port the old instance stops first, and is restored when the new one fails", () =>
    Effect.gen(function* () {
      const deployer = yield* InMemoryDeployer.InMemoryDeployer
      const engine = yield* InMemoryEngine.InMemoryEngine
      yield* engine.behave("bad", "crashes")
      const good = yield* snapshot("good")
      const settings = { port: 8080 }
      const made = yield* deployer.provision(good, { name: "fixed", settings })
      assert.strictEqual(made.url, "http://127.0.0.1:8080")
      const bad = yield* snapshot("bad")
      assert.isTrue((yield* deployer.plan(bad, { name: "fixed", settings })).gap)
      const key = yield* deployer.authKey("fixed")
      const error = yield* Effect.flip(deployer.provision(bad, { name: "fixed", settings }))
      assert.strictEqual(error._tag, "DeploymentProvisionFailed")
      const restored = yield* deployer.refresh("fixed")
      assert.deepInclude(restored, { status: "running", generation: 1, url: made.url })
      assert.deepStrictEqual(yield* deployer.authKey("fixed"), key)
      const running = yield* instances
      assert.deepStrictEqual(
        running.map(({ request }) => request.generation),
        [1]
      )
      assert.lengthOf(running[0]?.request.keys ?? [], 1)
      const next = yield* deployer.provision(yield* snapshot("good", "other"), { name: "fixed", settings })
      assert.deepInclude(next, { generation: 3, url: made.url })
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("another pipeline under an existing name is refused unless it is allowed", () =>
    Effect.gen(function* () {
      const deployer = yield* InMemoryDeployer.InMemoryDeployer
      const other = yield* snapshot("audit")
      yield* deployer.provision(yield* snapshot("good"), { name: "moved" })
      const refusals = [
        yield* Effect.flip(deployer.reprovision("moved", { snapshot: other })),
        yield* Effect.flip(deployer.provision(other, { name: "moved", allowOtherPipeline: false }))
      ]
      for (const error of refusals) {
        assert.instanceOf(error, Errors.DeploymentSnapshotMismatch)
        assert.include(error.message, '"moved" serves the pipeline "good", not "audit"')
      }
      const allowed = yield* deployer.reprovision("moved", { snapshot: other, allowOtherPipeline: true })
      assert.deepInclude(allowed.snapshot, { pipelineName: "audit" })
      const back = yield* deployer.rollback("moved")
      assert.deepInclude(back.snapshot, { pipelineName: "good" })
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("a taken fixed port is a typed failure that leaves nothing", () =>
    Effect.gen(function* () {
      const deployer = yield* InMemoryDeployer.InMemoryDeployer
      const a = yield* snapshot("a")
      yield* deployer.provision(a, { name: "first", settings: { port: 8080 } })
      const error = yield* Effect.flip(deployer.provision(a, { name: "second", settings: { port: 8080 } }))
      assert.instanceOf(error, Errors.PortUnavailable)
      assert.lengthOf(yield* instances, 1)
      assert.instanceOf(yield* Effect.flip(deployer.get("second")), Errors.DeploymentNotFound)
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("merges settings: deployer < snapshot < call", () =>
    Effect.gen(function* () {
      const backend = yield* InMemoryBackend.make({
        name: "mine",
        defaults: { timeoutMillis: 10_000, stopGraceMillis: 1_000, environment: { A: "deployer", B: "deployer" } }
      })
      const deployer = yield* Deployer.make(backend)
      const snapshots = yield* SnapshotStore
      const stored = yield* snapshots.put({
        ...InMemoryDeployer.draft("a"),
        settings: { stopGraceMillis: 2_000, environment: { B: "snapshot", C: "snapshot" } }
      })
      yield* deployer.provision(stored, { name: "a", settings: { environment: { C: "call" } } })
      const [instance] = yield* instances
      assert.deepInclude(instance?.request.settings, {
        timeoutMillis: 10_000,
        stopGraceMillis: 2_000,
        environment: { A: "deployer", B: "snapshot", C: "call" }
      })
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("leaves deployments of another deployer alone", () =>
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      const other = yield* Effect.flatMap(InMemoryBackend.make({ name: "other" }), Deployer.make)
      const a = yield* snapshot("a")
      yield* deployer.provision(a, { name: "a" })
      const attempts: ReadonlyArray<Effect.Effect<unknown, { readonly _tag: string; readonly message: string }>> = [
        other.provision(a, { name: "a" }),
        other.refresh("a"),
        other.deprovision("a"),
        other.delete("a"),
        other.plan(a, { name: "a" }),
        Stream.runDrain(other.logs("a"))
      ]
      for (const attempt of attempts) {
        const error = yield* Effect.flip(attempt)
        assert.strictEqual(error._tag, "DeploymentDeployerMismatch")
        assert.include(error.message, '"other"')
      }
      assert.strictEqual((yield* deployer.refresh("a")).status, "running")
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("several deployers on one registry work as one: each deployment goes to its own", () =>
    Effect.gen(function* () {
      const first = yield* Deployer.Deployer
      const other = yield* Effect.flatMap(InMemoryBackend.make({ name: "other" }), Deployer.make)
      const both = yield* Deployer.route(first, other)
      const a = yield* snapshot("a")
      yield* other.provision(a, { name: "theirs" })
      const made = yield* both.provision(a, { name: "ours" })
      assert.strictEqual(made.deployer.name, "default")
      const again = yield* both.provision(a, { name: "theirs" })
      assert.deepInclude(again, { generation: 2, deployer: { flavor: "memory", name: "other" } })
      assert.strictEqual((yield* both.refresh("theirs")).status, "running")
      assert.strictEqual((yield* both.reconcile).observed, 2)
      yield* both.delete("theirs")
      yield* both.delete("never there")
      assert.deepStrictEqual(
        (yield* both.list()).map(({ name }) => name),
        ["ours"]
      )
      assert.strictEqual((yield* Effect.flip(both.refresh("theirs")))._tag, "DeploymentNotFound")
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("one snapshot may serve many deployments", () =>
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      const a = yield* snapshot("a")
      const one = yield* deployer.provision(a, { name: "one" })
      const two = yield* deployer.provision(a, { name: "two" })
      assert.notStrictEqual(one.url, two.url)
      assert.deepStrictEqual(
        (yield* deployer.list()).map(({ name }) => name),
        ["one", "two"]
      )
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("refuses a snapshot without schemas and says what to do", () =>
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      const snapshots = yield* SnapshotStore
      const draft = InMemoryDeployer.draft("bare")
      const bare = yield* snapshots.put({ ...draft, spec: { ...draft.spec, input: {} } })
      const error = yield* Effect.flip(deployer.provision(bare, { name: "bare" }))
      assert.instanceOf(error, Errors.DeploymentSnapshotMismatch)
      assert.include(error.message, "Make the snapshot again")
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("hands the named secrets to the backend, and nothing else", () =>
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      const secrets = yield* SecretStore
      yield* secrets.set("TOKEN", Redacted.make("t0ken"))
      yield* secrets.set("OTHER", Redacted.make("other"))
      const a = yield* snapshot("a")
      const stray = yield* Effect.flip(
        deployer.provision(a, { name: "a", settings: { secretsInEnvironment: ["OTHER"] } })
      )
      assert.include(stray.message, "secretsInEnvironment")
      yield* deployer.provision(a, { name: "a", settings: { secrets: ["TOKEN"] } })
      const [instance] = yield* instances
      assert.deepStrictEqual(Object.keys(instance?.request.secrets ?? {}), ["TOKEN"])
      assert.strictEqual(Redacted.value(instance?.request.secrets.TOKEN ?? Redacted.make("")), "t0ken")
      const events = Chunk.toReadonlyArray(yield* Stream.runCollect(Stream.fromIterableEffect(deployer.list())))
      assert.notInclude(JSON.stringify(events), "t0ken")
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("clears what a dead process left before it provisions anew", () =>
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      const store = yield* DeploymentStore
      const engine = yield* InMemoryEngine.InMemoryEngine
      const a = yield* snapshot("a")
      const made = yield* deployer.provision(a, { name: "a" })
      const lease = yield* store.acquire(made.id, { name: "a", holder: "dead", ttl: 0 })
      const operation = yield* store.begin(lease, {
        id: "019a0000-0000-7000-8000-000000000009",
        kind: "provision",
        snapshotId: a.id,
        settings: {}
      })
      const [instance] = yield* instances
      const key = `${made.id}/${operation.generation}`
      if (instance !== undefined) engine.instances.set(key, { ...instance, key })
      const next = yield* deployer.provision(a, { name: "a" })
      assert.strictEqual(next.generation, 3)
      assert.deepStrictEqual(
        (yield* instances).map((one) => one.key),
        [`${made.id}/3`]
      )
      const outcomes = (yield* deployer.revisions("a")).map(({ outcome }) => outcome)
      assert.deepStrictEqual(outcomes, ["accepted", "failed", "accepted"])
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("reports every operation to analytics, with the tag of its failure", () => {
    const tracked: Array<Analytics.AnalyticsEvent> = []
    const recording = Analytics.layer((event) => Effect.sync(() => void tracked.push(event)))
    return Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      const engine = yield* InMemoryEngine.InMemoryEngine
      yield* engine.behave("bad", "crashes")
      yield* deployer.provision(yield* snapshot("a"), { name: "a" })
      yield* Effect.flip(deployer.provision(yield* snapshot("bad"), { name: "a" }))
      yield* deployer.deprovision("a")
      yield* deployer.delete("a")
      assert.deepStrictEqual(
        tracked.map(({ failure, operation, succeeded }) => [operation, succeeded, failure]),
        [
          ["provision", true, undefined],
          ["provision", false, "DeploymentProvisionFailed"],
          ["deprovision", true, undefined],
          ["delete", true, undefined]
        ]
      )
    }).pipe(Effect.provide(Layer.provide(InMemoryDeployer.layer, recording)))
  })

  it.effect("an event never carries the key or a secret", () =>
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      const following = yield* deployer.events.pipe(
        Stream.takeUntil(({ type }) => type === "operation_finished"),
        Stream.runCollect,
        Effect.fork
      )
      yield* Effect.yieldNow()
      yield* deployer.provision(yield* snapshot("a"), { name: "a", authKey: Redacted.make("a-canary-key") })
      const events = Chunk.toReadonlyArray(yield* Fiber.join(following))
      assert.isAbove(events.length, 5)
      assert.notInclude(JSON.stringify(events), "a-canary-key")
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("refuses a key that cannot be one", () =>
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      const a = yield* snapshot("a")
      for (const key of ["", "short", "has spaces in it", "with\nnewline"]) {
        const error = yield* Effect.flip(deployer.provision(a, { name: "a", authKey: Redacted.make(key) }))
        assert.instanceOf(error, Errors.DeploymentInvalidSettings)
        if (key !== "") assert.notInclude(error.message, key)
      }
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("G04: warns of a given key that can be guessed, without the key, and not of a strong one", () =>
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      const secrets = yield* SecretStore
      const a = yield* snapshot("a")
      const warned = (options: Omit<Deployer.ProvisionOptions, "name">) =>
        Effect.scoped(
          Effect.gen(function* () {
            const events = yield* deployer.subscribe
            yield* deployer.provision(a, { ...options, name: "a" })
            const all = Chunk.toReadonlyArray(yield* Queue.takeAll(events))
            return all.filter(({ type }) => type === "warning").map(({ data }) => String(data["message"]))
          })
        )
      for (const weak of ["letmein!", "correct-horse-battery", "a".repeat(64), "0123".repeat(20)]) {
        yield* secrets.set("WEAK", Redacted.make(weak))
        for (const options of [
          { authKey: Redacted.make(weak) },
          { settings: { auth: { _tag: "secret", name: "WEAK" } } as const }
        ]) {
          const [message = "", ...more] = yield* warned(options)
          assert.deepStrictEqual(more, [])
          assert.include(message, "openssl rand")
          assert.notInclude(message, weak)
        }
      }
      const strong = Redacted.make("mU3vJ0pQ1yB7cX2dN8wK5zR4")
      assert.deepStrictEqual(yield* warned({ authKey: strong }), [])
      assert.deepStrictEqual(yield* warned({ rotateAuthKey: true, settings: { auth: { _tag: "generate" } } }), [])
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("waits for a running change of the same deployment, and says so when it takes too long", () =>
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      const store = yield* DeploymentStore
      const made = yield* deployer.provision(yield* snapshot("a"), { name: "a" })
      const lease = yield* store.acquire(made.id, { name: "a", holder: "elsewhere:1/other", ttl: "1 hour" })
      const waiting = yield* Effect.fork(deployer.deprovision("a"))
      yield* TestClock.adjust("3 seconds")
      assert.isTrue(Option.isNone(yield* Fiber.poll(waiting)))
      yield* store.release(lease)
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.join(waiting)).status, "absent")
      yield* store.acquire(made.id, { name: "a", holder: "elsewhere:1/other", ttl: "1 hour" })
      const refused = yield* Effect.fork(Effect.flip(deployer.delete("a")))
      yield* TestClock.adjust(Duration.seconds(30))
      const error = yield* Fiber.join(refused)
      assert.instanceOf(error, Errors.DeploymentBusy)
      assert.include(error.message, "elsewhere:1/other")
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("a deployer whose lease was taken over stops and leaves everything to the new holder", () =>
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      const store = yield* DeploymentStore
      const engine = yield* InMemoryEngine.InMemoryEngine
      yield* engine.behave("slow", "silent")
      const made = yield* deployer.provision(yield* snapshot("a"), { name: "a" })
      const slow = yield* snapshot("slow")
      const frozen = yield* Effect.fork(Effect.flip(deployer.provision(slow, { name: "a" })))
      yield* TestClock.adjust("1 second")
      const holder = yield* Effect.flip(store.acquire(made.id, { name: "a", holder: "other", ttl: "1 hour" }))
      assert.instanceOf(holder, Errors.DeploymentBusy)
      if (!(holder instanceof Errors.DeploymentBusy)) return
      yield* store.acquire(made.id, { name: "a", holder: "other", ttl: "1 hour", takeOverFrom: holder.holder })
      yield* TestClock.adjust("10 seconds")
      assert.instanceOf(yield* Fiber.join(frozen), Errors.LeaseLost)
      assert.deepInclude(yield* deployer.get("a"), { generation: 1, status: "running" })
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )
})
