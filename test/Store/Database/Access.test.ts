import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Ref, Schema, TestClock } from "effect"
import { decodeRows, single } from "../../../src/Store/Database/Columns.js"
import { classify } from "../../../src/Store/Database/SqlFailure.js"
import * as Sqlite from "../../../src/Store/Database/Sqlite.js"
import { access, folder, outsider, schema } from "../support.js"

const opened = (busyBudget: "1 second" | "1 minute" = "1 second") =>
  Effect.gen(function* () {
    const path = `${yield* folder}/test.db`
    const { read, sql, write } = yield* access(Sqlite.layer({ schema, path, busyBudget }))
    const add = write("notes.add", sql`INSERT INTO notes (text) VALUES ('x')`)
    const count = read(
      "notes.count",
      Effect.map(sql`SELECT * FROM notes`, (rows) => rows.length)
    )
    return { path, sql, read, write, add, count }
  })

describe("while another process holds the lock", () => {
  it.scoped("a write gives up after its budget and says busy, and what was read stays readable", () =>
    Effect.gen(function* () {
      const { add, count, path } = yield* opened()
      const other = yield* outsider(path)
      yield* other.unsafe("BEGIN IMMEDIATE")
      const writing = yield* Effect.fork(Effect.flip(add))
      yield* TestClock.adjust("1 minute")
      const error = yield* Fiber.join(writing)
      assert.deepInclude({ ...error }, { operation: "notes.add", reason: "busy", path })
      assert.isTrue(error.isRetryable)
      assert.strictEqual(yield* count, 0)
    })
  )

  it.scoped("a write waits and succeeds once the lock is let go", () =>
    Effect.gen(function* () {
      const { add, count, path } = yield* opened("1 minute")
      const other = yield* outsider(path)
      yield* other.unsafe("BEGIN IMMEDIATE")
      const writing = yield* Effect.fork(add)
      yield* TestClock.adjust("30 millis")
      assert.isTrue((yield* Fiber.poll(writing))._tag === "None")
      yield* other.unsafe("COMMIT")
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(writing)
      assert.strictEqual(yield* count, 1)
    })
  )

  it.scoped("opening waits for it, too, when the database must be migrated", () =>
    Effect.gen(function* () {
      const { path } = yield* opened()
      const other = yield* outsider(path)
      yield* other.unsafe("BEGIN IMMEDIATE")
      const newer = { ...schema, migrations: [...schema.migrations, ["CREATE TABLE more (x INTEGER) STRICT"]] }
      const opening = yield* Effect.fork(access(Sqlite.layer({ schema: newer, path, busyBudget: "1 minute" })))
      yield* TestClock.adjust("30 millis")
      yield* other.unsafe("COMMIT")
      yield* TestClock.adjust("1 second")
      const { sql } = yield* Fiber.join(opening)
      assert.lengthOf(yield* sql`SELECT * FROM more`, 0)
    })
  )
})

describe("transactions", () => {
  it.scoped("no other writer comes between a read and its write", () =>
    Effect.gen(function* () {
      const { path, sql, write } = yield* opened("1 minute")
      const other = yield* access(Sqlite.layer({ schema, path, busyBudget: "1 minute" }))
      yield* write("notes.add", sql`INSERT INTO notes (id, text) VALUES (1, '0')`)
      const hasRead = yield* Deferred.make<void>()
      const mayWrite = yield* Deferred.make<void>()
      const attempts = yield* Ref.make(0)
      const increment = (on: typeof other, between: Effect.Effect<unknown>) =>
        on.write(
          "notes.increment",
          Effect.gen(function* () {
            const [row] = yield* on.sql<{ readonly text: string }>`SELECT text FROM notes`
            yield* between
            yield* on.sql`UPDATE notes SET text = ${String(Number(row?.text) + 1)}`
          })
        )
      const pause = Effect.all([
        Ref.update(attempts, (n) => n + 1),
        Deferred.succeed(hasRead, undefined),
        Deferred.await(mayWrite)
      ])
      const first = yield* Effect.fork(increment({ ...other, sql, write }, pause))
      yield* Deferred.await(hasRead)
      const second = yield* Effect.fork(increment(other, Effect.void))
      yield* TestClock.adjust("1 millis")
      yield* Deferred.succeed(mayWrite, undefined)
      yield* TestClock.adjust("10 seconds")
      yield* Effect.all([Fiber.join(first), Fiber.join(second)])
      assert.strictEqual(yield* Ref.get(attempts), 1)
      assert.deepStrictEqual(yield* sql`SELECT text FROM notes`, [{ text: "2" }])
    })
  )

  it.scoped("a failing, dying or interrupted one changes nothing, and the next one works", () =>
    Effect.gen(function* () {
      const { add, count, sql, write } = yield* opened()
      const insert = sql`INSERT INTO notes (text) VALUES ('lost')`
      assert.strictEqual(yield* Effect.flip(write("x", Effect.zipRight(insert, Effect.fail("no" as const)))), "no")
      yield* Effect.exit(write("x", Effect.zipRight(insert, Effect.die("bug"))))
      const inside = yield* Deferred.make<void>()
      const hanging = yield* Effect.fork(
        write("x", insert.pipe(Effect.zipRight(Deferred.succeed(inside, undefined)), Effect.zipRight(Effect.never)))
      )
      yield* Deferred.await(inside)
      yield* Fiber.interrupt(hanging)
      yield* add
      assert.strictEqual(yield* count, 1)
    })
  )

  it.scoped("an inner one that fails is undone without the outer one", () =>
    Effect.gen(function* () {
      const { count, sql, write } = yield* opened()
      const insert = sql`INSERT INTO notes (text) VALUES ('x')`
      const inner = Effect.ignore(sql.withTransaction(Effect.zipRight(insert, Effect.fail("no"))))
      yield* write("x", Effect.zipRight(insert, inner))
      assert.strictEqual(yield* count, 1)
    })
  )

  it.scoped("a commit that fails is an error and leaves the connection usable", () =>
    Effect.gen(function* () {
      const { add, count, sql, write } = yield* opened()
      yield* sql`CREATE TABLE child (note INTEGER REFERENCES notes (id) DEFERRABLE INITIALLY DEFERRED)`
      const error = yield* Effect.flip(write("x", sql`INSERT INTO child (note) VALUES (42)`))
      assert.deepInclude({ ...error }, { _tag: "StoreError", operation: "x", reason: "query" })
      yield* add
      assert.strictEqual(yield* count, 1)
    })
  )
})

describe("failures", () => {
  it.scoped("a full disk is full, and reading still works", () =>
    Effect.gen(function* () {
      const { count, sql, write } = yield* opened()
      yield* sql`PRAGMA max_page_count = 4`
      const error = yield* Effect.flip(write("x", sql`INSERT INTO notes (text) VALUES (${"x".repeat(100_000)})`))
      assert.strictEqual(error.reason, "full")
      assert.strictEqual(yield* count, 0)
    })
  )

  it.scoped("damaged pages are corrupt", () =>
    Effect.gen(function* () {
      const path = `${yield* folder}/test.db`
      yield* Effect.scoped(access(Sqlite.layer({ schema, path })))
      const fs = yield* FileSystem.FileSystem
      const bytes = yield* fs.readFile(path)
      yield* fs.writeFile(path, bytes.fill(0xa5, 4_096))
      const { read, sql } = yield* access(Sqlite.layer({ schema, path }))
      assert.strictEqual((yield* Effect.flip(read("x", sql`SELECT * FROM notes`))).reason, "corrupt")
    }).pipe(Effect.provide(NodeContext.layer))
  )

  it.scoped("a row that is not what it should be is corrupt, and so is a missing one", () =>
    Effect.gen(function* () {
      const { add, read, sql } = yield* opened()
      yield* add
      const wrong = Effect.flatMap(sql`SELECT * FROM notes`, decodeRows(Schema.Struct({ text: Schema.Number })))
      assert.strictEqual((yield* Effect.flip(read("x", wrong))).reason, "corrupt")
      assert.strictEqual((yield* Effect.flip(read("x", single([])))).reason, "corrupt")
    })
  )

  it("are distinguished by code, never by text", () => {
    const reasons = (codes: ReadonlyArray<string>) =>
      codes.map((code) => classify({ code, message: "database is locked" }))
    assert.deepStrictEqual(reasons(["SQLITE_BUSY", "SQLITE_BUSY_SNAPSHOT", "SQLITE_LOCKED"]), ["busy", "busy", "busy"])
    assert.deepStrictEqual(reasons(["SQLITE_FULL", "ENOSPC", "EDQUOT"]), ["full", "full", "full"])
    assert.deepStrictEqual(reasons(["SQLITE_READONLY_DBMOVED", "EROFS"]), ["readonly", "readonly"])
    assert.deepStrictEqual(reasons(["SQLITE_CORRUPT_INDEX", "SQLITE_NOTADB"]), ["corrupt", "notADatabase"])
    assert.deepStrictEqual(reasons(["SQLITE_CANTOPEN", "SQLITE_IOERR_FSYNC"]), ["unreadable", "unreadable"])
    assert.deepStrictEqual(reasons(["SQLITE_CONSTRAINT", "", "BUSY"]), ["query", "query", "query"])
    assert.strictEqual(classify(new Error("SQLITE_BUSY")), "query")
    assert.strictEqual(classify(undefined, "unreadable"), "unreadable")
  })
})
