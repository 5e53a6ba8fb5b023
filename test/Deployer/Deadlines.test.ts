import { assert, describe, it } from "@effect/vitest"
import { Cause, Clock, Effect, Exit, Fiber, Stream } from "effect"
import { Deployer, Readiness } from "effect-deployers"
import { InMemoryBackend, InMemoryDeployer, InMemoryEngine, VirtualTime } from "effect-deployers/Testing"
import { SnapshotStore } from "../../src/Store/SnapshotStore.js"

type Backend = Deployer.Backend<InMemoryBackend.InMemorySettings, InMemoryBackend.InMemorySettingsInput>

const timeoutMillis = 1_000
const brief = { name: "a", settings: { timeoutMillis } }

const snapshot = (digest?: string) =>
  Effect.flatMap(SnapshotStore, (snapshots) => snapshots.put(InMemoryDeployer.draft("a", digest)))

const behave = (behaviour: InMemoryEngine.Behaviour) =>
  Effect.flatMap(InMemoryEngine.InMemoryEngine, (engine) => engine.behave("a", behaviour))

/** A second deployer on the same registry and engine, with calls that never return. */
const deployerWith = (silent: Partial<Backend>) =>
  Effect.flatMap(InMemoryBackend.make(), (backend) => Deployer.make({ ...backend, ...silent }))

/** Runs an operation in an uninterruptible region; returns its failure and its duration in milliseconds of virtual time. */
const failing = <A, E extends { readonly _tag: string }, R>(operation: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const from = yield* Clock.currentTimeMillis
    const exit = yield* Effect.exit(Effect.uninterruptible(operation))
    const failure = Exit.isFailure(exit) ? Cause.failureOption(exit.cause) : undefined
    return {
      tag: failure?._tag === "Some" ? failure.value._tag : "none",
      millis: (yield* Clock.currentTimeMillis) - from
    }
  })

const inVirtualTime = <A, E>(program: Effect.Effect<A, E, InMemoryDeployer.Provides>) =>
  program.pipe(Effect.provide(InMemoryDeployer.layer), (self) => VirtualTime.run(self, { limit: "10 minutes" }))

describe("the deadline of an operation in an uninterruptible region", () => {
  it.effect("ends a provision that is acquired as a resource", () =>
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      yield* behave("silent")
      const made = yield* snapshot()
      const { millis, tag } = yield* failing(
        Effect.scoped(Effect.acquireRelease(deployer.provision(made, brief), () => Effect.ignore(deployer.delete("a"))))
      )
      assert.strictEqual(tag, "DeploymentTimeout")
      assert.isAtMost(millis, timeoutMillis + 10)
      assert.isEmpty((yield* InMemoryEngine.InMemoryEngine).instances)
    }).pipe(inVirtualTime)
  )

  it.effect("ends getOrCreate, reprovision and rollback, and the old instance serves", () =>
    Effect.gen(function* () {
      const deployer = yield* InMemoryDeployer.InMemoryDeployer
      yield* deployer.provision(yield* snapshot(), brief)
      yield* deployer.provision(yield* snapshot("next"), brief)
      yield* behave("silent")
      const changes = [
        deployer.getOrCreate(yield* snapshot("third"), brief),
        deployer.reprovision("a"),
        deployer.rollback("a")
      ]
      for (const change of changes) {
        const { millis, tag } = yield* failing(change)
        assert.strictEqual(tag, "DeploymentTimeout")
        assert.isAtMost(millis, timeoutMillis + 10)
      }
      assert.deepInclude(yield* deployer.get("a"), { generation: 2, status: "running" })
    }).pipe(inVirtualTime)
  )

  it.effect("ends a provision, a deprovision and a deletion whose backend does not return", () =>
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      const made = yield* snapshot()
      yield* deployer.provision(made, brief)
      const hung = yield* deployerWith({ provision: () => Effect.never, deprovision: () => Effect.never })
      assert.strictEqual((yield* failing(hung.provision(made, brief))).tag, "DeploymentTimeout")
      const removals = [Effect.asVoid(hung.deprovision("a", { timeoutMillis })), hung.delete("a", { timeoutMillis })]
      for (const removal of removals) {
        const { millis, tag } = yield* failing(removal)
        assert.strictEqual(tag, "DeploymentTimeout")
        assert.isAtMost(millis, timeoutMillis + 10)
      }
    }).pipe(inVirtualTime)
  )

  it.effect("ends the removal of a failed instance, and of an old one that has to stop first", () =>
    Effect.gen(function* () {
      const deployer = yield* InMemoryDeployer.InMemoryDeployer
      const made = yield* snapshot()
      const fixed = { name: "a", settings: { timeoutMillis, port: 7_000 } }
      yield* deployer.provision(made, fixed)
      const hung = yield* deployerWith({ deprovision: () => Effect.never, logs: () => Stream.never })
      const { millis, tag } = yield* failing(hung.provision(made, fixed))
      assert.strictEqual(tag, "DeploymentTimeout")
      assert.isAtMost(millis, 5 * 60_000)
    }).pipe(inVirtualTime)
  )

  it.effect("ends a refresh whose health check is not answered", () =>
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      yield* deployer.provision(yield* snapshot(), brief)
      for (const instance of (yield* InMemoryEngine.InMemoryEngine).instances.values()) instance.behaviour = "silent"
      assert.strictEqual((yield* Effect.uninterruptible(deployer.refresh("a"))).status, "pending")
    }).pipe(inVirtualTime)
  )

  it.effect("ends a pause, a resume and a change of keys whose backend does not return", () =>
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      yield* deployer.provision(yield* snapshot(), { name: "a", settings: { auth: { _tag: "generate" } } })
      const hung = yield* deployerWith({ updateIntake: () => Effect.never, updateKeys: () => Effect.never })
      const late = { tag: "OutcomeUnknown", millis: 60_000 }
      for (const change of [hung.pause("a"), hung.maintenance("a"), hung.resume("a")]) {
        assert.deepStrictEqual(yield* failing(change), late)
      }
      assert.deepStrictEqual(yield* failing(hung.addAuthKey("a")), late)
      // A repetition gives the services that answer again the state of the registry.
      assert.isUndefined((yield* deployer.resume("a")).intake)
    }).pipe(inVirtualTime)
  )

  it.effect("ends Readiness.poll", () =>
    Effect.gen(function* () {
      const polled = Readiness.poll({ probe: Effect.never, deadline: timeoutMillis })
      assert.deepStrictEqual(yield* failing(polled), { tag: "NotReady", millis: timeoutMillis })
      const found = Readiness.poll({ probe: Effect.succeed(Readiness.ready), deadline: "1 hour" })
      assert.deepStrictEqual(yield* failing(found), { tag: "none", millis: 0 })
    }).pipe(inVirtualTime)
  )

  it.effect("ends a refresh, a reconcile and the start of a log when the backend does not answer", () =>
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      yield* deployer.provision(yield* snapshot(), brief)
      const hung = yield* deployerWith({
        state: () => Effect.never,
        inventory: Effect.never,
        logs: () => Stream.never
      })
      const refreshed = yield* Effect.uninterruptible(hung.refresh("a"))
      assert.strictEqual(refreshed.status, "running")
      assert.isDefined(refreshed.unknownSince)
      const report = yield* Effect.uninterruptible(hung.reconcile)
      assert.match(report.unavailable.join(), /did not answer within/)
      const logs = yield* failing(Stream.runDrain(hung.logs("a")))
      assert.deepStrictEqual(logs, { tag: "EngineUnavailable", millis: 60_000 })
    }).pipe(inVirtualTime)
  )
})

it.effect("an interruption waits for the end of an uninterruptible region", () =>
  Effect.gen(function* () {
    const deployer = yield* Deployer.Deployer
    const made = yield* snapshot()
    yield* behave("silent")
    const fiber = yield* Effect.fork(Effect.uninterruptible(Effect.either(deployer.provision(made, brief))))
    yield* Effect.sleep("500 millis")
    yield* Fiber.interruptFork(fiber)
    for (const instance of (yield* InMemoryEngine.InMemoryEngine).instances.values()) instance.behaviour = "healthy"
    yield* Fiber.await(fiber)
    assert.strictEqual((yield* deployer.get("a")).status, "running")
  }).pipe(inVirtualTime)
)
