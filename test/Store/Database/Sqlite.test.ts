import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Sqlite from "../../../src/Store/Database/Sqlite.js"
import { access, contents, folder, modes, open, outsider, schema } from "../support.js"

const pragma = (sql: Effect.Effect.Success<ReturnType<typeof outsider>>, name: string) =>
  Effect.map(sql.unsafe<Record<string, unknown>>(`PRAGMA ${name}`), (rows) => Object.values(rows[0] ?? {})[0])

describe("a new database", () => {
  it.scoped("G33: is in a folder and files only its owner can read, and nothing else is left", () =>
    Effect.gen(function* () {
      const root = yield* folder
      const sql = yield* open(Sqlite.layer({ schema, path: `${root}/a/b/test.db` }))
      yield* sql`INSERT INTO notes (text) VALUES ('x')`
      assert.deepStrictEqual(yield* modes(`${root}/a/b`), {
        "test.db": "600",
        "test.db-wal": "600",
        "test.db-shm": "600"
      })
      assert.deepStrictEqual([yield* modes(root), yield* modes(`${root}/a`)], [{ a: "700" }, { b: "700" }])
    })
  )

  it.scoped("has the settings in force, also when it is opened again", () =>
    Effect.gen(function* () {
      const root = yield* folder
      for (const _ of ["created", "opened"]) {
        yield* Effect.scoped(
          Effect.gen(function* () {
            const sql = yield* open(Sqlite.layer({ schema, path: `${root}/test.db` }))
            const settings = yield* Effect.all({
              journal_mode: pragma(sql, "journal_mode"),
              synchronous: pragma(sql, "synchronous"),
              foreign_keys: pragma(sql, "foreign_keys"),
              busy_timeout: pragma(sql, "busy_timeout"),
              trusted_schema: pragma(sql, "trusted_schema"),
              application_id: pragma(sql, "application_id"),
              user_version: pragma(sql, "user_version")
            })
            assert.deepStrictEqual(settings, {
              journal_mode: "wal",
              synchronous: 2,
              foreign_keys: 1,
              busy_timeout: 50,
              trusted_schema: 0,
              application_id: schema.applicationId,
              user_version: 1
            })
          })
        )
      }
      assert.deepStrictEqual(yield* modes(root), { "test.db": "600" })
    })
  )

  it.scoped("is made once by many that open it at the same time", () =>
    Effect.gen(function* () {
      const root = yield* folder
      const insert = Effect.scoped(
        Effect.flatMap(
          open(Sqlite.layer({ schema, path: `${root}/test.db` })),
          (sql) => sql`INSERT INTO notes (text) VALUES ('x')`
        )
      )
      yield* Effect.all(
        Array.from({ length: 10 }, () => insert),
        { concurrency: "unbounded" }
      )
      const sql = yield* outsider(`${root}/test.db`)
      assert.lengthOf(yield* sql`SELECT * FROM notes`, 10)
    })
  )

  it.scoped("does not appear when its tables cannot be made", () =>
    Effect.gen(function* () {
      const root = yield* folder
      const broken = { ...schema, migrations: [["CREATE TABLE a (x)", "CREATE NONSENSE"]] }
      const error = yield* Effect.flip(open(Sqlite.layer({ schema: broken, path: `${root}/test.db` })))
      assert.deepInclude({ ...error }, { _tag: "StoreError", operation: "migrate", reason: "query" })
      assert.deepStrictEqual(yield* contents(root), [])
    })
  )

  it.scoped("is not made where one must exist", () =>
    Effect.gen(function* () {
      const root = yield* folder
      const path = `${root}/test.db`
      for (const layer of [Sqlite.layer({ schema, path, mustExist: true }), Sqlite.layerReadOnly({ schema, path })]) {
        const error = yield* Effect.flip(open(layer))
        assert.deepInclude({ ...error }, { reason: "unreadable", path })
      }
      assert.deepStrictEqual(yield* contents(root), [])
    })
  )
})

describe("migrations", () => {
  const second = { ...schema, migrations: [...schema.migrations, ["ALTER TABLE notes ADD COLUMN tag TEXT"]] }

  it.scoped("bring an older database up to date and keep what is in it", () =>
    Effect.gen(function* () {
      const path = `${yield* folder}/test.db`
      yield* Effect.scoped(
        Effect.flatMap(open(Sqlite.layer({ schema, path })), (sql) => sql`INSERT INTO notes (text) VALUES ('kept')`)
      )
      const sql = yield* open(Sqlite.layer({ schema: second, path }))
      assert.deepStrictEqual(yield* sql`SELECT text, tag FROM notes`, [{ text: "kept", tag: null }])
      assert.strictEqual(yield* pragma(sql, "user_version"), 2)
    })
  )

  it.scoped("leave a whole copy of the old database, for the owner only, and none without a migration", () =>
    Effect.gen(function* () {
      const root = yield* folder
      const path = `${root}/test.db`
      yield* Effect.scoped(
        Effect.flatMap(open(Sqlite.layer({ schema, path })), (sql) => sql`INSERT INTO notes (text) VALUES ('kept')`)
      )
      yield* Effect.scoped(open(Sqlite.layer({ schema, path })))
      assert.deepStrictEqual(yield* modes(root), { "test.db": "600" })
      yield* Effect.scoped(open(Sqlite.layer({ schema: second, path })))
      yield* Effect.scoped(open(Sqlite.layer({ schema: second, path })))
      assert.deepStrictEqual(yield* modes(root), { "test.db": "600", "test.db.schema-1": "600" })
      const sql = yield* open(Sqlite.layer({ schema, path: `${path}.schema-1` }))
      assert.deepStrictEqual(yield* sql`SELECT text FROM notes`, [{ text: "kept" }])
      assert.strictEqual(yield* pragma(sql, "user_version"), 1)
    })
  )

  it.scoped("change nothing when one of them fails", () =>
    Effect.gen(function* () {
      const root = yield* folder
      const path = `${root}/test.db`
      yield* Effect.scoped(open(Sqlite.layer({ schema, path })))
      const broken = { ...second, migrations: [...second.migrations, ["CREATE TABLE extra (x)", "CREATE NONSENSE"]] }
      const error = yield* Effect.flip(Effect.scoped(open(Sqlite.layer({ schema: broken, path }))))
      assert.deepInclude({ ...error }, { operation: "migrate", reason: "query" })
      const sql = yield* open(Sqlite.layer({ schema, path }))
      assert.strictEqual(yield* pragma(sql, "user_version"), 1)
      assert.lengthOf(yield* sql`SELECT 1 FROM sqlite_master WHERE name = 'extra'`, 0)
    })
  )
})

describe("reading only", () => {
  it.scoped("reads what another connection writes, and cannot write", () =>
    Effect.gen(function* () {
      const path = `${yield* folder}/test.db`
      const writer = yield* open(Sqlite.layer({ schema, path }))
      const reader = yield* access(Sqlite.layerReadOnly({ schema, path }))
      yield* writer`INSERT INTO notes (text) VALUES ('x')`
      assert.deepStrictEqual(yield* reader.read("notes.list", reader.sql`SELECT text FROM notes`), [{ text: "x" }])
      const error = yield* Effect.flip(reader.write("notes.add", reader.sql`DELETE FROM notes`))
      assert.deepInclude({ ...error }, { operation: "notes.add", reason: "readonly", path })
    })
  )
})
