/** A registry that its reader may not write: by its modes, and by its disk. */
import { execFileSync } from "node:child_process"
import { chmodSync, chownSync, copyFileSync, mkdirSync, readdirSync, statSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option } from "effect"
import { build } from "esbuild"
import * as Fixtures from "../../src/Conformance/StoreSuite/Fixtures.js"
import * as Sqlite from "../../src/Store/Database/Sqlite.js"
import { DeploymentStore } from "../../src/Store/DeploymentStore.js"
import * as Home from "../../src/Store/Home.js"
import * as Ids from "../../src/Store/Ids.js"
import * as Registry from "../../src/Store/Registry.js"
import * as ReadOnly from "../ReadOnly.js"
import { folder, open, outsider, schema } from "./support.js"

const registry = (root: string) => Registry.layerHome.pipe(Layer.provide([Home.layer(root), Ids.layer]))

/** A command opens the registry, and closes it. */
const command = <A, E, R>(root: string, use: Effect.Effect<A, E, R>) =>
  Effect.provide(use, Layer.fresh(registry(root))).pipe(Effect.scoped)

const read = Effect.flatMap(DeploymentStore, (store) => Effect.zip(store.list(), store.find("weather-1")))

const change = Effect.flatMap(DeploymentStore, (store) =>
  store.acquire(Fixtures.deploymentId(1), { name: "weather-1", holder: "me", takeOverFrom: Fixtures.holder, ttl: 1 })
)

const made = Effect.gen(function* () {
  const root = `${yield* folder}/home`
  yield* command(root, Fixtures.running(1))
  return { root, path: `${root}/registry.db` }
})

/** Reads and changes a registry as a user without rights, whom root becomes when every module is loaded. */
const program = `
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import Driver from "better-sqlite3"
import { DeploymentStore } from "./src/Store/DeploymentStore.js"
import * as Home from "./src/Store/Home.js"
import * as Ids from "./src/Store/Ids.js"
import * as Registry from "./src/Store/Registry.js"
const [root, user, id, holder] = process.argv.slice(2)
new Driver(":memory:").close()
if (process.getuid() === 0) {
  process.setgroups([])
  process.setgid(Number(user))
  process.setuid(Number(user))
}
const main = Effect.gen(function* () {
  const store = yield* DeploymentStore
  const change = store.acquire(id, { name: "weather-1", holder: "me", takeOverFrom: holder, ttl: 0 })
  const { _tag, message, path, reason } = yield* Effect.match(change, {
    onFailure: (error) => error,
    onSuccess: () => ({ _tag: "changed" })
  })
  return { listed: (yield* store.list()).length, found: (yield* store.find("weather-1"))._tag, _tag, message, path, reason }
})
Effect.runPromise(Effect.provide(main, Registry.layerHome.pipe(Layer.provide([Home.layer(root), Ids.layer])))).then(
  (result) => process.stdout.write(JSON.stringify(result)),
  (error) => { process.stderr.write(String(error)); process.exitCode = 1 }
)
`

const nobody = 65_534

const bundled = Effect.gen(function* () {
  const outfile = `${yield* folder}/reader.cjs`
  yield* Effect.promise(() =>
    build({
      stdin: { contents: program, resolveDir: process.cwd(), loader: "ts" },
      outfile,
      bundle: true,
      platform: "node",
      format: "cjs",
      external: ["better-sqlite3"],
      conditions: ["@effect-deployers/source"]
    })
  )
  return (root: string) =>
    JSON.parse(
      execFileSync(process.execPath, [outfile, root, String(nobody), Fixtures.deploymentId(1), Fixtures.holder], {
        env: { ...process.env, NODE_PATH: `${process.cwd()}/node_modules` },
        encoding: "utf8"
      })
    ) as Record<string, unknown>
})

/** Gives a home to the user without rights. Another user is that user already. */
const give = (root: string) => {
  if (process.getuid?.() !== 0) return
  chmodSync(`${root}/..`, 0o755)
  for (const name of [".", ...readdirSync(root)]) chownSync(`${root}/${name}`, nobody, nobody)
}

describe("a registry that this user may not write", () => {
  it.scopedLive(
    "is read under each mode that forbids it, and a change names the file and the remedy",
    () =>
      Effect.gen(function* () {
        const asNobody = yield* bundled
        for (const [file, home] of [
          [0o444, 0o700],
          [0o400, 0o700],
          [0o600, 0o500],
          [0o444, 0o555]
        ] as const) {
          const { path, root } = yield* made
          give(root)
          chmodSync(path, file)
          chmodSync(root, home)
          const said = asNobody(root)
          assert.deepInclude(said, { listed: 1, found: "Some", _tag: "StoreError", reason: "readonly", path })
          assert.include(String(said["message"]), "writable")
          chmodSync(root, 0o700)
          chmodSync(path, 0o600)
          assert.deepInclude(asNobody(root), { listed: 1, _tag: "changed" })
        }
      }),
    120_000
  )

  it.scopedLive("creates no registry in a folder that this user may not write", () =>
    Effect.gen(function* () {
      const asNobody = yield* bundled
      const root = `${yield* folder}/home`
      mkdirSync(root)
      give(root)
      chmodSync(root, 0o500)
      const failed = yield* Effect.flip(Effect.try({ try: () => asNobody(root), catch: String }))
      assert.include(failed, `${root}/registry.db`)
      assert.include(failed, "writable")
      chmodSync(root, 0o700)
    })
  )
})

describe.runIf(ReadOnly.canMount)("a registry on a disk that is mounted read-only", () => {
  it.scopedLive("is read, nothing beside it changes, and a change names the file and the remedy", () =>
    Effect.gen(function* () {
      const { path, root } = yield* made
      yield* ReadOnly.mounted(root)
      const before = readdirSync(root)
      const [listed, found] = yield* command(root, read)
      assert.lengthOf(listed, 1)
      assert.isTrue(Option.isSome(found))
      const error = yield* Effect.flip(command(root, change))
      assert.deepInclude({ ...error }, { _tag: "StoreError", reason: "readonly", path })
      assert.deepStrictEqual(readdirSync(root), before)
    })
  )

  it.scopedLive("shows what a process that died had written to its log", () =>
    Effect.gen(function* () {
      const root = yield* folder
      const live = yield* open(Sqlite.layer({ schema, path: `${root}/live.db` }))
      yield* live`INSERT INTO notes (text) VALUES ('acknowledged')`
      mkdirSync(`${root}/disk`)
      for (const suffix of ["", "-wal"]) copyFileSync(`${root}/live.db${suffix}`, `${root}/disk/test.db${suffix}`)
      assert.isAbove(statSync(`${root}/disk/test.db-wal`).size, 0)
      yield* ReadOnly.mounted(`${root}/disk`)
      for (const layer of [Sqlite.layer, Sqlite.layerReadOnly]) {
        const sql = yield* open(layer({ schema, path: `${root}/disk/test.db` }))
        assert.deepStrictEqual(yield* sql`SELECT text FROM notes`, [{ text: "acknowledged" }])
      }
    })
  )

  it.scopedLive("is not read with an older schema, which a migration would have to change", () =>
    Effect.gen(function* () {
      const root = yield* folder
      const path = `${root}/test.db`
      yield* Effect.scoped(open(Sqlite.layer({ schema, path })))
      const newer = { ...schema, migrations: [...schema.migrations, ["CREATE TABLE more (x INTEGER) STRICT"]] }
      yield* ReadOnly.mounted(root)
      const error = yield* Effect.flip(Effect.scoped(open(Sqlite.layer({ schema: newer, path }))))
      assert.deepInclude({ ...error }, { reason: "readonly", path })
    })
  )

  it.scopedLive("is read while another process, which may write it, changes it", () =>
    Effect.gen(function* () {
      const root = yield* folder
      const path = `${root}/test.db`
      yield* Effect.scoped(open(Sqlite.layer({ schema, path })))
      const writer = yield* outsider(path)
      yield* writer`INSERT INTO notes (text) VALUES ('one')`
      yield* ReadOnly.mounted(root)
      const sql = yield* open(Sqlite.layer({ schema, path }))
      assert.lengthOf(yield* sql`SELECT * FROM notes`, 1)
    })
  )
})
