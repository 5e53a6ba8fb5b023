import { FileSystem, HttpClient } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FastCheck as fc } from "effect"
import { Deployer, type Deployment } from "effect-deployers"
import { startElsewhere } from "../../scripts/engine.mjs"
import * as Postgres from "../../scripts/postgres.mjs"
import * as DockerStack from "../../src/Docker/DockerStack.js"
import { DeploymentStore } from "../../src/Store/DeploymentStore.js"
import { census, fromFile } from "../Docker/DockerFixture.js"
import { compiled, diesAfter, diesAt, type Task } from "./Dying.js"

const seed = Number(process.env.EFFECT_DEPLOYERS_SEED ?? 20_261_201)

const operator = fc.record({
  operation: fc.constantFrom("provision", "provision", "rollback", "deprovision", "reprovision"),
  snapshot: fc.constantFrom("healthy", "another"),
  name: fc.constantFrom("one", "two"),
  millis: fc.integer({ min: 50, max: 4_000 })
})

const names = ["one", "two"]
const stages = ["intent_recorded", "healthy"]

/** A machine with an engine and a network of its own. */
const engine = Effect.acquireRelease(
  Effect.promise(() => startElsewhere()),
  ({ dispose }) => Effect.promise(dispose)
)

const server = Effect.acquireRelease(
  Effect.promise(() =>
    Postgres.start({ settings: ["listen_addresses=*"], hba: "local all all trust\nhost all all 0.0.0.0/0 trust" })
  ),
  ({ stop }) => Effect.promise(stop)
)

/** The home of a machine, whose registry is on PostgreSQL. */
const homeAt = (url: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const home = yield* fs.makeTempDirectoryScoped({ prefix: "effect-deployers-machine-" })
    yield* fs.writeFileString(`${home}/registry.url`, `${url}\n`, { mode: 0o600 })
    return home
  })

const answers = ({ url }: Deployment.Deployment) =>
  Effect.flatMap(HttpClient.HttpClient, (client) => client.get(`${url}/health/ready`)).pipe(
    Effect.map(({ status }) => status === 200),
    Effect.orElseSucceed(() => false),
    Effect.scoped
  )

/** Deployers on two machines are killed in the middle of operations on the same deployments. */
const killed = (programs: ReadonlyArray<(task: Pick<Task, "operation" | "name" | "snapshot">) => Task>) =>
  Effect.gen(function* () {
    const program = yield* compiled
    const drawn = fc.sample(operator, { seed, numRuns: stages.length * 3 })
    const ids: Readonly<Record<string, string>> = {
      healthy: (yield* fromFile("healthy.ts", "healthy")).id,
      another: (yield* fromFile("healthy.ts", "another")).id
    }
    for (const [round, stage] of stages.entries()) {
      const tasks = drawn.slice(round * 3, round * 3 + 3).map(({ snapshot, ...task }, index) => ({
        ...task,
        ...(programs[(round + index) % 2] ?? assert.fail("no machine"))({ ...task, snapshot: ids[snapshot] ?? "" })
      }))
      const [first, ...others] = tasks
      const certain = { ...(first ?? assert.fail("nothing is drawn")), operation: "provision" }
      const [ended] = yield* Effect.all(
        [diesAt(program, certain, stage), ...others.map((one) => diesAfter(program, one, one.millis))],
        { concurrency: "unbounded" }
      )
      assert.strictEqual(ended, "SIGKILL", stage)
    }
  })

/** The state that one machine sees after it reconciled: nothing open, nothing left over, and all that should serve does. */
const isWhole = Effect.gen(function* () {
  const deployer = yield* Deployer.Deployer
  const store = yield* DeploymentStore
  // The engine goes on with a request whose client was killed; a later reconcile removes what it made.
  yield* Effect.repeatN(deployer.reconcile, 1)
  assert.deepStrictEqual((yield* deployer.reconcile).actions, [])
  assert.deepStrictEqual(yield* store.openOperations, [])
  assert.deepStrictEqual(yield* store.leases, [])
  const all = yield* Effect.forEach(names, (name) => deployer.get(name))
  for (const deployment of all) {
    const accepted = (yield* store.revisions(deployment.id)).filter(({ outcome }) => outcome === "accepted")
    assert.strictEqual(accepted[0]?.generation, deployment.generation)
    if (deployment.desired === "running") {
      assert.strictEqual(deployment.status, "running")
      assert.isTrue(yield* answers(deployment))
    }
  }
  return all.map(({ generation, id, status, url }) => ({ generation, id, status, url }))
})

describe("operators on two machines with one registry on PostgreSQL and one engine", () => {
  it.live(
    "who are killed in the middle leave whole deployments, which both machines see alike",
    () =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const { address, host, prefix } = yield* engine
        const url = new URL((yield* server).url)
        // The address of this machine in the network of the other one.
        url.hostname = address.replace(/\d+$/, "1")
        const homes = [yield* homeAt(url.toString()), yield* homeAt(url.toString())] as const
        const at = (home: string) =>
          Effect.provide(DockerStack.layer({ home, engine: { host }, defaults: { address: "0.0.0.0" } }))
        yield* Effect.gen(function* () {
          const deployer = yield* Deployer.Deployer
          const snapshot = yield* fromFile("healthy.ts", "healthy")
          yield* fromFile("healthy.ts", "another")
          yield* Effect.forEach(names, (name) => deployer.provision(snapshot, { name }))
        }).pipe(at(homes[0]))
        yield* fs.copyFile(`${homes[0]}/key`, `${homes[1]}/key`)
        yield* fs.copy(`${homes[0]}/bundles`, `${homes[1]}/bundles`)
        const common = { flavor: "docker", host } as const
        yield* killed([
          (task) => ({ ...common, ...task, home: homes[0] }),
          (task) => ({ ...common, ...task, home: homes[1], prefix })
        ]).pipe(at(homes[0]))
        const seen = yield* isWhole.pipe(at(homes[1]))
        assert.deepStrictEqual(yield* isWhole.pipe(at(homes[0])), seen)
        yield* Effect.gen(function* () {
          const deployer = yield* Deployer.Deployer
          yield* Effect.forEach(names, (name) => deployer.delete(name))
          assert.deepStrictEqual(yield* census, { containers: [], networks: [], volumes: [] })
        }).pipe(at(homes[1]))
      }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)),
    300_000
  )
})
