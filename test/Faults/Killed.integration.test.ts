import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FastCheck as fc } from "effect"
import { Deployer } from "effect-deployers"
import { Embedded, type LocalDeployer } from "effect-deployers/Local"
import * as DockerStack from "../../src/Docker/DockerStack.js"
import { DeploymentStore } from "../../src/Store/DeploymentStore.js"
import { engineHost, fromFile } from "../Docker/DockerFixture.js"
import { isLong } from "../Long.js"
import { compiled, diesAfter, diesAt, freezesAt, type Task } from "./Dying.js"
import { isWhole } from "./Whole.js"

const seed = Number(process.env.EFFECT_DEPLOYERS_SEED ?? 20_261_125)

/** Drawn from the seed, so that a failing walk can be walked again. */
const drawn = <A>(arbitrary: fc.Arbitrary<A>, count: number): ReadonlyArray<A> =>
  fc.sample(arbitrary, { seed, numRuns: count })

const stages = [
  "lease_acquired",
  "intent_recorded",
  "instance_started",
  "health_waiting",
  "healthy",
  "generation_committed",
  "old_instance_removed"
]

const step = fc.record({
  operation: fc.constantFrom("provision", "provision", "provision", "rollback", "deprovision", "reprovision"),
  snapshot: fc.constantFrom("healthy", "another", "crashing"),
  share: fc.integer({ min: 0, max: 100 })
})

const temporaryHome = Effect.flatMap(FileSystem.FileSystem, (fs) =>
  fs.makeTempDirectoryScoped({ prefix: "effect-deployers-killed-" })
)

describe("a deployer killed in the middle", () => {
  it.live.each(["local", "docker"] as const)(
    "of a replace, at each stage, with %s: the next refresh mends the registry, and the same deploy succeeds",
    (flavor) =>
      inHome(flavor, ({ program, ...at }) =>
        Effect.gen(function* () {
          const deployer = yield* Deployer.Deployer
          const store = yield* DeploymentStore
          const healthy = yield* fromFile("healthy.ts", "healthy")
          const another = yield* fromFile("healthy.ts", "another")
          for (const stage of stages) {
            const before = yield* deployer.provision(healthy, { name: "victim" })
            const task = { ...at, operation: "provision", name: "victim", snapshot: another.id }
            assert.strictEqual(yield* diesAt(program, task, stage), "SIGKILL")
            const committed = stage === "generation_committed" || stage === "old_instance_removed"
            const seen = yield* deployer.refresh("victim")
            assert.strictEqual(seen.snapshot.id, committed ? another.id : before.snapshot.id, stage)
            assert.strictEqual(seen.status, "running", stage)
            assert.deepStrictEqual(yield* store.openOperations, [], stage)
            yield* isWhole("victim", flavor)
          }
          yield* deployer.delete("victim")
        })
      ),
    180_000
  )

  it.live(
    "and one that was frozen longer than its lease: it touches nothing any more when it wakes up",
    () =>
      inHome("local", ({ program, ...at }) =>
        Effect.gen(function* () {
          const deployer = yield* Deployer.Deployer
          const healthy = yield* fromFile("healthy.ts", "healthy")
          const another = yield* fromFile("healthy.ts", "another")
          const silent = yield* fromFile("failing.ts", "silent")
          yield* deployer.provision(healthy, { name: "victim" })
          const task = { ...at, operation: "provision", name: "victim", snapshot: silent.id }
          const frozen = yield* freezesAt(program, task, "health_waiting")
          const made = yield* deployer.provision(another, { name: "victim" })
          assert.strictEqual(made.generation, 3)
          const before = yield* Effect.flatMap(DeploymentStore, (store) => store.find("victim"))
          assert.match(yield* frozen.wake, /LeaseLost/)
          assert.deepStrictEqual(yield* Effect.flatMap(DeploymentStore, (store) => store.find("victim")), before)
          assert.strictEqual((yield* isWhole("victim", "local")).generation, 3)
          yield* deployer.delete("victim")
        })
      ),
    120_000
  )

  /** In a home of its own, with the program to be killed; on a real engine or with processes. */
  const inHome = <A, E, R>(
    flavor: "local" | "docker",
    use: (
      at: Pick<Task, "home" | "flavor" | "host"> & { readonly program: string }
    ) => Effect.Effect<A, E, R | Exclude<Embedded.Provides, LocalDeployer.LocalDeployer>>
  ) =>
    Effect.gen(function* () {
      const home = yield* temporaryHome
      const program = yield* compiled
      const host = flavor === "docker" ? yield* engineHost : ""
      const used = use({ home, flavor, host, program })
      return yield* flavor === "docker"
        ? Effect.provide(used, DockerStack.layer({ home, engine: { host } }))
        : Effect.provide(used, Embedded.layer({ home }))
    }).pipe(Effect.scoped, Effect.provide(NodeContext.layer))

  const walk = (flavor: "local" | "docker", kills: number, longest: number) =>
    Effect.gen(function* () {
      const counts = yield* inHome(flavor, (at) => walked(at, kills, longest))
      yield* Effect.sync(() =>
        process.stdout.write(`${flavor}: killed at ${counts.killed} random moments, ${counts.ended} ended before\n`)
      )
      assert.isAtLeast(counts.killed, kills)
    })

  const walked = (
    { program, ...at }: Pick<Task, "home" | "flavor" | "host"> & { readonly program: string },
    kills: number,
    longest: number
  ) =>
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      const ids: Readonly<Record<string, string>> = {
        healthy: (yield* fromFile("healthy.ts", "healthy")).id,
        another: (yield* fromFile("healthy.ts", "another")).id,
        crashing: (yield* fromFile("failing.ts", "crashing")).id
      }
      const counts = { killed: 0, ended: 0 }
      // A machine that is quicker than the longest time would see few kills: each end before one shortens the time.
      let within = longest
      yield* deployer.provision(ids.healthy ?? "", { name: "walker" })
      for (const [index, { operation, share, snapshot }] of drawn(step, kills * 4).entries()) {
        if (counts.killed >= kills) break
        const task: Task = { ...at, operation, name: "walker", snapshot: ids[snapshot] ?? "" }
        const signal = yield* diesAfter(program, task, (share * within) / 100)
        counts[signal === null ? "ended" : "killed"] += 1
        if (signal === null) within *= 0.95
        yield* Effect.tapErrorCause(isWhole("walker", at.flavor), () =>
          Effect.logError(`seed ${seed}, step ${index}: ${operation} of ${snapshot}, killed at ${share} %`)
        )
      }
      yield* deployer.delete("walker")
      assert.deepStrictEqual((yield* deployer.reconcile).actions, [])
      return counts
    })

  const kills = isLong ? 50 : 8
  const timeout = isLong ? 1_800_000 : 600_000

  it.live("at random moments, with processes: one reconcile makes it whole", () => walk("local", kills, 700), timeout)

  it.live(
    "at random moments, with a real engine: one reconcile makes it whole",
    () => walk("docker", kills, 1_800),
    timeout
  )
})
