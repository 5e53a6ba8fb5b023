import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { StoreReason } from "../../../src/Errors/Stores.js"
import * as Sqlite from "../../../src/Store/Database/Sqlite.js"
import { contents, folder, modes, open, outsider, schema, tamper } from "../support.js"

type Prepare = (path: string) => Effect.Effect<unknown, unknown, FileSystem.FileSystem>

const using = (body: (fs: FileSystem.FileSystem) => Effect.Effect<unknown, unknown>) =>
  Effect.flatMap(FileSystem.FileSystem, body)

const text =
  (content: string): Prepare =>
  (path) =>
    using((fs) => fs.writeFileString(path, content))
const made = (path: string) => Effect.scoped(open(Sqlite.layer({ schema, path })))
const after =
  (...statements: ReadonlyArray<string>): Prepare =>
  (path) =>
    Effect.zipRight(made(path), tamper(path, ...statements))

const refused: ReadonlyArray<readonly [what: string, reason: StoreReason, prepare: Prepare]> = [
  ["a text file", "notADatabase", text("my thesis\n".repeat(1_000))],
  ["a file shorter than a header", "notADatabase", text("SQLite format 3\u0000")],
  ["an empty file", "empty", text("")],
  ["a database of a newer version", "newerSchema", after("PRAGMA user_version = 2")],
  ["another program's database", "foreign", (path) => tamper(path, "CREATE TABLE theirs (x)")],
  ["another store's database", "foreign", after("PRAGMA application_id = 5")],
  ["a folder", "unreadable", (path) => using((fs) => fs.makeDirectory(path))],
  [
    "a link to a good database",
    "unreadable",
    (path) =>
      Effect.zipRight(
        made(`${path}.real`),
        using((fs) => fs.symlink(`${path}.real`, path))
      )
  ],
  ["a link to nothing", "unreadable", (path) => using((fs) => fs.symlink(`${path}.real`, path))],
  ["a write-ahead log without its database", "corrupt", (path) => text("x".repeat(4_096))(`${path}-wal`)]
]

describe("what is refused, with nothing changed", () => {
  for (const [what, reason, prepare] of refused) {
    it.scoped(what, () =>
      Effect.gen(function* () {
        const root = yield* folder
        const path = `${root}/test.db`
        yield* prepare(path)
        const before = yield* contents(root)
        for (const layer of [Sqlite.layer({ schema, path }), Sqlite.layerReadOnly({ schema, path })]) {
          const error = yield* Effect.flip(Effect.scoped(open(layer)))
          assert.deepInclude({ ...error }, { _tag: "StoreError", store: "registry", operation: "open", path })
          assert.strictEqual(error.reason, reason)
        }
        assert.deepStrictEqual(yield* contents(root), before)
      }).pipe(Effect.provide(NodeContext.layer))
    )
  }

  it.scoped("a path below a file", () =>
    Effect.gen(function* () {
      const root = yield* folder
      yield* text("x")(`${root}/file`)
      const error = yield* Effect.flip(open(Sqlite.layer({ schema, path: `${root}/file/test.db` })))
      assert.strictEqual(error.reason, "unreadable")
    }).pipe(Effect.provide(NodeContext.layer))
  )

  it.scoped("a newer version that only the write-ahead log of a crashed process contains", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const root = yield* folder
      yield* made(`${root}/live.db`)
      const other = yield* outsider(`${root}/live.db`)
      yield* other.unsafe("PRAGMA user_version = 2")
      yield* fs.copyFile(`${root}/live.db`, `${root}/test.db`)
      yield* fs.copyFile(`${root}/live.db-wal`, `${root}/test.db-wal`)
      const files = Effect.map(contents(root), (all) => all.filter(({ name }) => /^test\.db(-wal)?$/.test(name)))
      const before = yield* files
      const error = yield* Effect.flip(Effect.scoped(open(Sqlite.layer({ schema, path: `${root}/test.db` }))))
      assert.strictEqual(error.reason, "newerSchema")
      assert.deepStrictEqual(yield* files, before)
      assert.lengthOf(before, 2)
    }).pipe(Effect.provide(NodeContext.layer))
  )
})

describe("what is accepted", () => {
  it.scoped("what a process that died while making a database left behind does not disturb", () =>
    Effect.gen(function* () {
      const root = yield* folder
      yield* text("")(`${root}/test.db.new-0123456789ab`)
      yield* made(`${root}/test.db`)
      assert.include(Object.keys(yield* modes(root)), "test.db")
    }).pipe(Effect.provide(NodeContext.layer))
  )

  it.scoped("files others could read are closed to them", () =>
    Effect.gen(function* () {
      const root = yield* folder
      const path = `${root}/test.db`
      yield* made(path)
      yield* using((fs) => fs.chmod(path, 0o644))
      yield* made(path)
      assert.deepStrictEqual(yield* modes(root), { "test.db": "600" })
    }).pipe(Effect.provide(NodeContext.layer))
  )

  it.scoped("a database that was not closed is recovered", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const root = yield* folder
      const live = yield* open(Sqlite.layer({ schema, path: `${root}/live.db` }))
      yield* live`INSERT INTO notes (text) VALUES ('acknowledged')`
      yield* fs.copyFile(`${root}/live.db`, `${root}/test.db`)
      yield* fs.copyFile(`${root}/live.db-wal`, `${root}/test.db-wal`)
      const sql = yield* open(Sqlite.layer({ schema, path: `${root}/test.db` }))
      assert.deepStrictEqual(yield* sql`SELECT text FROM notes`, [{ text: "acknowledged" }])
    }).pipe(Effect.provide(NodeContext.layer))
  )
})
