import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Fiber, FastCheck as fc, Layer, Option, Schedule, TestClock, TestContext } from "effect"
import { Deployer, Reconciler } from "effect-deployers"
import { InMemoryDeployer, InMemoryEngine } from "effect-deployers/Testing"
import { DeploymentStore } from "../../src/Store/DeploymentStore.js"
import { SnapshotStore } from "../../src/Store/SnapshotStore.js"

const snapshot = (name: string, digest?: string) =>
  Effect.flatMap(SnapshotStore, (snapshots) => snapshots.put(InMemoryDeployer.draft(name, digest)))

const engine = InMemoryEngine.InMemoryEngine

const alive = Effect.map(engine, ({ instances }) =>
  Array.from(instances.values(), ({ request }) => `${request.name}/${request.generation}`)
)

/** Lets time pass until everything that was begun has ended. */
const untilDone = <A, E>(fiber: Fiber.Fiber<A, E>) =>
  Effect.zipRight(
    Effect.repeat(
      Effect.zipRight(TestClock.adjust("250 millis"), Fiber.poll(fiber)),
      Schedule.recurUntil((exit: Option.Option<Exit.Exit<A, E>>) => Option.isSome(exit))
    ),
    Fiber.join(fiber)
  )

describe("operations on one deployment at once", () => {
  it.effect("E10: a hundred refreshes see the same, and a crash between them is recorded once", () =>
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      const store = yield* DeploymentStore
      const made = yield* deployer.provision(yield* snapshot("a"), { name: "a" })
      const before = Option.getOrThrow(yield* store.find("a"))
      const all = Effect.all(
        Array.from({ length: 100 }, () => deployer.refresh("a")),
        { concurrency: "unbounded" }
      )
      for (const seen of yield* all) assert.deepStrictEqual(seen, made)
      assert.deepStrictEqual(Option.getOrThrow(yield* store.find("a")), before)
      yield* Effect.flatMap(engine, ({ crash }) => crash(`${made.id}/1`))
      for (const seen of yield* all) assert.strictEqual(seen.status, "error")
      const after = Option.getOrThrow(yield* store.find("a"))
      yield* TestClock.adjust("1 second")
      yield* all
      assert.deepStrictEqual(Option.getOrThrow(yield* store.find("a")), after)
      assert.deepStrictEqual(yield* store.openOperations, [])
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("end as if one came after the other, in any order of their starts", () =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(
          fc.array(fc.constantFrom("provision", "delete", "deprovision", "rollback", "reconcile"), {
            minLength: 2,
            maxLength: 4
          }),
          fc.array(fc.integer({ min: 0, max: 1_200 }), { minLength: 4, maxLength: 4 }),
          (operations, delays) =>
            Effect.gen(function* () {
              const deployer = yield* Deployer.Deployer
              const store = yield* DeploymentStore
              const two = yield* snapshot("a", "two")
              yield* deployer.provision(yield* snapshot("a"), { name: "a" })
              const run = (operation: string): Effect.Effect<unknown, { readonly _tag: string }> => {
                switch (operation) {
                  case "provision":
                    return deployer.provision(two, { name: "a" })
                  case "delete":
                    return deployer.delete("a")
                  case "deprovision":
                    return deployer.deprovision("a")
                  case "rollback":
                    return deployer.rollback("a")
                  default:
                    return deployer.reconcile
                }
              }
              const racing = yield* Effect.forEach(
                operations,
                (operation, index) => Effect.exit(Effect.delay(run(operation), Duration.millis(delays[index] ?? 0))),
                { concurrency: "unbounded" }
              ).pipe(Effect.fork)
              const exits = yield* untilDone(racing)
              for (const exit of exits) assert.isTrue(Exit.isSuccess(exit) || exit.cause._tag === "Fail")
              assert.deepStrictEqual(yield* store.openOperations, [])
              assert.deepStrictEqual(yield* store.leases, [])
              const found = yield* store.find("a")
              const expected = Option.match(found, {
                onNone: () => [],
                onSome: ({ deployment: { desired, generation } }) =>
                  desired === "running" && generation > 0 ? [`a/${generation}`] : []
              })
              assert.deepStrictEqual(yield* alive, expected)
              assert.deepStrictEqual((yield* deployer.reconcile).actions, [])
            }).pipe(
              Effect.provide(InMemoryDeployer.layer),
              Effect.orDie,
              Effect.provide(TestContext.TestContext),
              Effect.runPromise
            )
        ),
        { numRuns: 60 }
      )
    )
  )

  it.effect("the last of several changes of one deployment wins, and those between are gone", () =>
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      const versions = yield* Effect.forEach(["one", "two", "three"], (digest) => snapshot("a", digest))
      const changes = yield* Effect.forEach(versions, (version) => deployer.provision(version, { name: "a" }), {
        concurrency: "unbounded"
      }).pipe(Effect.fork)
      const made = yield* untilDone(changes)
      const last = yield* deployer.get("a")
      assert.strictEqual(last.generation, 3)
      assert.strictEqual(last.snapshot.id, made.find(({ generation }) => generation === 3)?.snapshot.id)
      assert.deepStrictEqual(yield* alive, ["a/3"])
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("a change waits its turn for twenty seconds, then names the process that holds the deployment", () =>
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      const { behave } = yield* engine
      yield* behave("slow", "silent")
      const slow = yield* Effect.fork(Effect.exit(deployer.provision(yield* snapshot("slow"), { name: "a" })))
      yield* TestClock.adjust("1 second")
      const waiting = yield* Effect.fork(Effect.flip(deployer.provision(yield* snapshot("a"), { name: "a" })))
      yield* TestClock.adjust("19 seconds")
      assert.isTrue(Option.isNone(yield* Fiber.poll(waiting)))
      yield* TestClock.adjust("2 seconds")
      const error = yield* Fiber.join(waiting)
      assert.strictEqual(error._tag, "DeploymentBusy")
      assert.match(error.message, /is being changed by .*memory\/default/)
      yield* Fiber.interrupt(slow)
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("a clock that jumps ahead of a lease makes no second holder out of one that lives", () =>
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      const store = yield* DeploymentStore
      const { behave } = yield* engine
      yield* behave("slow", "silent")
      yield* deployer.provision(yield* snapshot("a"), { name: "a" })
      const slow = yield* snapshot("slow")
      const settings = { timeoutMillis: 7_200_000 }
      const changing = yield* Effect.fork(Effect.exit(deployer.provision(slow, { name: "a", settings })))
      yield* TestClock.adjust("1 second")
      yield* TestClock.adjust("1 minute")
      assert.lengthOf(yield* store.leases, 1)
      const other = yield* Effect.fork(Effect.either(deployer.deprovision("a")))
      yield* TestClock.adjust("25 seconds")
      const refused = yield* Fiber.join(other)
      assert.strictEqual(refused._tag === "Left" ? refused.left._tag : "done", "DeploymentBusy")
      yield* Fiber.interrupt(changing)
      assert.deepStrictEqual(yield* alive, ["a/1"])
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("a resident reconciler and a change from elsewhere do not get into each other's way", () =>
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      yield* deployer.provision(yield* snapshot("a"), { name: "a" })
      for (const digest of ["two", "three", "four"]) {
        const changing = yield* Effect.fork(deployer.provision(yield* snapshot("a", digest), { name: "a" }))
        yield* untilDone(changing)
      }
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* alive, ["a/4"])
      assert.strictEqual((yield* deployer.get("a")).status, "running")
      const kinds = yield* Effect.map(deployer.revisions("a"), (all) => all.map(({ outcome }) => outcome))
      assert.deepStrictEqual(kinds, ["accepted", "accepted", "accepted", "accepted"])
    }).pipe(Effect.provide(Layer.provideMerge(Reconciler.layer({ every: "100 millis" }), InMemoryDeployer.layer)))
  )
})
