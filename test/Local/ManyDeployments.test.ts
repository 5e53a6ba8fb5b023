import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { FetchHttpClient } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { SqlClient } from "@effect/sql"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as Fixtures from "../../src/Conformance/StoreSuite/Fixtures.js"
import { Deployer } from "../../src/Deployer.js"
import * as Ports from "../../src/Flavor/Ports.js"
import * as LocalDeployer from "../../src/Local/LocalDeployer.js"
import * as Processes from "../../src/Local/Processes.js"
import * as Sockets from "../../src/Local/Sockets.js"
import { recordedProcesses, watching } from "../../src/Local/Supervisor/Records.js"
import * as Sqlite from "../../src/Store/Database/Sqlite.js"
import { DeploymentStore } from "../../src/Store/DeploymentStore.js"
import * as Home from "../../src/Store/Home.js"
import * as Ids from "../../src/Store/Ids.js"
import { schema } from "../../src/Store/Registry/RegistrySchema.js"
import * as SecretBox from "../../src/Store/Registry/SecretBox.js"
import * as Registry from "../../src/Store/Registry.js"

const total = 10_000

/** Rows that the registry returned, and processes that were looked at. */
const counts = { rows: 0, looks: 0 }

const stores = Registry.layerSql.pipe(
  Layer.provideMerge(Layer.merge(SecretBox.layerTest, Ids.layer)),
  Layer.provideMerge(Sqlite.layerMemory(schema))
)

const counting = Layer.effect(
  DeploymentStore,
  Effect.map(DeploymentStore, (store) => ({
    ...store,
    list: (options: Parameters<typeof store.list>[0]) =>
      Effect.tap(store.list(options), (records) => Effect.sync(() => (counts.rows += records.length)))
  }))
).pipe(Layer.provideMerge(stores))

const looking = Layer.effect(
  Processes.Processes,
  Effect.map(Processes.Processes, (service) => ({
    ...service,
    identify: (pid: number) =>
      Effect.zipRight(
        Effect.sync(() => counts.looks++),
        service.identify(pid)
      )
  }))
).pipe(Layer.provide(Processes.layerTest))

const world = LocalDeployer.layer().pipe(
  Layer.provideMerge(counting),
  Layer.provide([looking, Ports.layerTest([]), Sockets.layerNone, FetchHttpClient.layer, Home.layer("/nowhere")]),
  Layer.provideMerge(NodeContext.layer)
)

/** One deployment as a local deployer records it, and copies of its row. */
const fill = Effect.gen(function* () {
  yield* Fixtures.running(1)
  const sql = yield* SqlClient.SqlClient
  const metadata = JSON.stringify({
    pid: 7,
    processIdentity: "boot/1",
    host: "127.0.0.1",
    logFile: "/nowhere/service.log",
    generation: 1,
    startedAt: "2026-01-01T00:00:00.000Z"
  })
  yield* sql`UPDATE deployments SET flavor = 'local', deployer = 'local', metadata = ${metadata}`
  const columns = yield* sql<{ readonly name: string }>`SELECT name FROM pragma_table_info('deployments')`
  const copied = columns.map(({ name }) =>
    name === "id" ? "printf('01900000-0000-7000-8001-%012x', n)" : name === "name" ? "printf('copy-%05d', n)" : name
  )
  yield* sql.unsafe(`INSERT INTO deployments
    SELECT ${copied.join(", ")} FROM deployments
    JOIN (WITH RECURSIVE numbers (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${total})
      SELECT n FROM numbers)`)
})

const counted = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    Object.assign(counts, { rows: 0, looks: 0 })
    const value = yield* effect
    return { value, ...counts }
  })

describe("a home of 10,000 deployments", () => {
  it.effect("is listed with the rows and looks of what is shown", () =>
    Effect.gen(function* () {
      yield* fill
      const deployer = yield* Deployer
      const page = yield* counted(deployer.list({ limit: 101 }))
      // A process that is gone is looked at twice: to see that, and to read its end.
      assert.deepStrictEqual([page.value.length, page.rows, page.looks], [101, 101, 202])
      const next = yield* counted(deployer.list({ limit: 5, after: page.value[100]?.name }))
      assert.strictEqual(next.value[0]?.name, "copy-00103")
      assert.strictEqual(next.rows, 5)
      const one = yield* counted(deployer.get("copy-05000"))
      assert.deepStrictEqual([one.value.name, one.rows, one.looks], ["copy-05000", 0, 2])
      const dead = yield* counted(deployer.list({ status: page.value[0]?.status, limit: 3 }))
      assert.deepStrictEqual([dead.value.length, dead.rows], [3, 200])
      const rest = yield* counted(deployer.list({ after: `copy-0${total - 3}` }))
      assert.strictEqual(rest.value.at(-1)?.name, "weather-1")
      assert.strictEqual(rest.rows, 4)
      const sql = yield* SqlClient.SqlClient
      yield* sql`UPDATE deployments SET status = 'absent' WHERE name <> 'copy-09000'`
      const absent = yield* counted(deployer.list({ status: "running", limit: 3 }))
      assert.deepStrictEqual([absent.value.length, absent.rows], [0, 1])
      assert.lengthOf(yield* deployer.list({ status: "absent", limit: 3 }), 3)
    }).pipe(Effect.provide(world))
  )

  it.effect("is read by indexes: no query for one deployment or for a page scans or sorts the table", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const join = "SELECT d.*, s.version FROM deployments d JOIN snapshots s ON s.id = d.snapshot_id"
      for (const query of [
        `${join} WHERE d.name = 'a' OR d.id = 'a' LIMIT 1`,
        `${join} WHERE d.name > 'a' ORDER BY d.name LIMIT 100`,
        "SELECT * FROM revisions WHERE deployment_id = 'a' ORDER BY generation DESC",
        "SELECT * FROM operations WHERE closed_at IS NULL ORDER BY sequence",
        "SELECT * FROM leases WHERE deployment_id = 'a'"
      ]) {
        const plan = yield* sql.unsafe<{ readonly detail: string }>(`EXPLAIN QUERY PLAN ${query}`)
        const text = plan.map(({ detail }) => detail).join("; ")
        assert.notMatch(text, /SCAN (?!.*USING INDEX)|TEMP B-TREE/, query)
      }
    }).pipe(Effect.provide(stores))
  )
})

describe("a supervisor", () => {
  const inHome = <A>(use: (home: string) => A): A => {
    const home = mkdtempSync(join(tmpdir(), "effect-deployers-records-"))
    try {
      return use(home)
    } finally {
      rmSync(home, { recursive: true, force: true })
    }
  }
  const record = (home: string, id: string, pid: number, generation = 1) => {
    const folder = join(home, "deployments", id, "generations", String(generation))
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, "process.json"), JSON.stringify({ pid, processIdentity: `boot/${pid}` }))
    return folder
  }

  it("reads the folders again only after a change of the registry", () =>
    inHome((home) => {
      writeFileSync(join(home, "registry.db"), "1")
      record(home, "a", 1)
      record(home, "b", 2)
      let scans = 0
      const dead = new Set<number>()
      const look = watching(
        home,
        (recorded) => recorded.filter(({ pid }) => dead.has(pid)),
        (home) => {
          scans++
          return recordedProcesses(home)
        }
      )
      for (let turn = 0; turn < 10; turn++) assert.deepStrictEqual(look(), { recorded: 2, ended: [] })
      assert.strictEqual(scans, 1)
      dead.add(1)
      assert.deepStrictEqual(
        look().ended.map(({ pid }) => pid),
        [1]
      )
      record(home, "c", 3)
      writeFileSync(join(home, "registry.db-wal"), "changed")
      assert.strictEqual(look().recorded, 3)
      assert.strictEqual(scans, 2)
    }))

  it("does not count a process whose record is gone or names another one", () =>
    inHome((home) => {
      const first = record(home, "a", 1)
      record(home, "b", 2)
      const look = watching(home, (recorded) => recorded.filter(({ pid }) => pid <= 2))
      assert.strictEqual(look().ended.length, 2)
      rmSync(first, { recursive: true })
      record(home, "b", 4)
      assert.deepStrictEqual(look().ended, [])
    }))
})
