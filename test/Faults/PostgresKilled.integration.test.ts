import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FastCheck as fc } from "effect"
import { Deployer, Errors } from "effect-deployers"
import { Embedded } from "effect-deployers/Local"
import { DeploymentStore } from "../../src/Store/DeploymentStore.js"
import { fromFile } from "../Docker/DockerFixture.js"
import { newDatabases } from "../Store/Postgres.js"
import { compiled, diesAfter, diesAt, type Task } from "./Dying.js"
import { isWhole } from "./Whole.js"

const newDatabase = newDatabases()

const seed = Number(process.env.EFFECT_DEPLOYERS_SEED ?? 20_261_130)

const operator = fc.record({
  operation: fc.constantFrom("provision", "provision", "rollback", "deprovision", "reprovision"),
  snapshot: fc.constantFrom("healthy", "another"),
  name: fc.constantFrom("one", "two"),
  millis: fc.integer({ min: 50, max: 1_500 })
})

const rounds = 3
const operators = 3

/** A home whose registry is on PostgreSQL, with a file that names the database. */
const homeAt = (url: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const home = yield* fs.makeTempDirectoryScoped({ prefix: "effect-deployers-operators-" })
    yield* fs.writeFileString(`${home}/registry.url`, `${url}\n`, { mode: 0o600 })
    return home
  })

describe("several operators of one registry on PostgreSQL", () => {
  it.live("who are killed in the middle leave whole deployments, one for each name", () =>
    Effect.gen(function* () {
      const home = yield* homeAt(yield* newDatabase)
      const program = yield* compiled
      yield* Effect.gen(function* () {
        const deployer = yield* Deployer.Deployer
        const ids: Readonly<Record<string, string>> = {
          healthy: (yield* fromFile("healthy.ts", "healthy")).id,
          another: (yield* fromFile("healthy.ts", "another")).id
        }
        const names = ["one", "two"]
        yield* Effect.forEach(names, (name) => deployer.provision(ids.healthy ?? "", { name }), { concurrency: 2 })
        const drawn = fc.sample(operator, { seed, numRuns: rounds * operators })
        const task = ({ name, operation, snapshot }: (typeof drawn)[number]): Task => ({
          home,
          flavor: "local",
          host: "",
          operation,
          name,
          snapshot: ids[snapshot] ?? ""
        })
        const stages = ["intent_recorded", "healthy", "generation_committed"]
        for (const [round, stage] of stages.entries()) {
          const [first, ...others] = drawn.slice(round * operators, (round + 1) * operators)
          const certain = { ...task(first ?? assert.fail("nothing is drawn")), operation: "provision" }
          const ended = yield* Effect.all(
            [diesAt(program, certain, stage), ...others.map((one) => diesAfter(program, task(one), one.millis))],
            { concurrency: "unbounded" }
          )
          assert.strictEqual(ended[0], "SIGKILL", stage)
        }
        for (const name of names) yield* isWhole(name, "local")
        const store = yield* DeploymentStore
        const all = yield* store.list()
        assert.deepStrictEqual(
          all.map(({ deployment }) => String(deployment.name)),
          names
        )
        for (const { deployment } of all) {
          const accepted = (yield* store.revisions(deployment.id)).filter(({ outcome }) => outcome === "accepted")
          assert.strictEqual(accepted[0]?.generation, deployment.generation)
        }
        assert.deepStrictEqual(yield* store.leases, [])
        yield* Effect.forEach(names, (name) => deployer.delete(name))
      }).pipe(Effect.provide(Embedded.layer({ home })))
    }).pipe(Effect.scoped, Effect.provide(NodeContext.layer))
  )

  it.live("of two homes never touch the processes of each other", () =>
    Effect.gen(function* () {
      const url = yield* newDatabase
      const homes = [yield* homeAt(url), yield* homeAt(url)]
      const inHome = (index: number) => Effect.provide(Embedded.layer({ home: homes[index] ?? "" }))
      const made = yield* Effect.gen(function* () {
        const deployer = yield* Deployer.Deployer
        return yield* deployer.provision(yield* fromFile("healthy.ts", "healthy"), { name: "one" })
      }).pipe(inHome(0))
      yield* Effect.gen(function* () {
        const deployer = yield* Deployer.Deployer
        const refused = [
          yield* Effect.flip(deployer.refresh("one")),
          yield* Effect.flip(deployer.deprovision("one")),
          yield* Effect.flip(deployer.delete("one"))
        ]
        for (const error of refused) assert.instanceOf(error, Errors.DeploymentDeployerMismatch)
        assert.deepStrictEqual((yield* deployer.reconcile).actions, [])
        assert.deepStrictEqual(yield* deployer.get("one"), made)
      }).pipe(inHome(1))
      yield* Effect.gen(function* () {
        const deployer = yield* Deployer.Deployer
        assert.strictEqual((yield* deployer.refresh("one")).status, "running")
        yield* deployer.delete("one")
      }).pipe(inHome(0))
    }).pipe(Effect.scoped, Effect.provide(NodeContext.layer))
  )
})
