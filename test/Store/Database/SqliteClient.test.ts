import { assert, describe, it } from "@effect/vitest"
import { Chunk, Deferred, Effect, Fiber, Stream } from "effect"
import * as SqliteClient from "../../../src/Store/Database/SqliteClient.js"

const withTable = Effect.tap(
  SqliteClient.make({ filename: ":memory:" }),
  (sql) => sql`CREATE TABLE city (name TEXT NOT NULL, degrees INTEGER)`
)

describe("SqliteClient", () => {
  it.scoped("returns rows as records, as arrays and as a stream", () =>
    Effect.gen(function* () {
      const sql = yield* withTable
      yield* sql`INSERT INTO city ${sql.insert([
        { name: "Oslo", degrees: 4 },
        { name: "Rome", degrees: null }
      ])}`
      const query = sql`SELECT name, degrees FROM city ORDER BY name`
      const records = [
        { name: "Oslo", degrees: 4 },
        { name: "Rome", degrees: null }
      ]
      assert.deepStrictEqual(yield* query.values, [
        ["Oslo", 4],
        ["Rome", null]
      ])
      assert.deepStrictEqual(yield* query, records)
      assert.deepStrictEqual(yield* query.unprepared, records)
      assert.deepStrictEqual(Chunk.toReadonlyArray(yield* Stream.runCollect(query.stream)), records)
    })
  )

  it.scoped("returns the number of changes of a statement without rows as its raw result", () =>
    Effect.gen(function* () {
      const sql = yield* withTable
      assert.deepInclude(yield* sql`INSERT INTO city (name) VALUES ('Oslo')`.raw, { changes: 1 })
      assert.deepStrictEqual(yield* sql`DELETE FROM city`.values, [])
    })
  )

  it.scoped("prepares a statement again after a failure, when its table exists", () =>
    Effect.gen(function* () {
      const sql = yield* withTable
      const query = sql`SELECT count(*) AS cities FROM town`
      const { _tag } = yield* Effect.flip(query)
      assert.strictEqual(_tag, "SqlError")
      assert.strictEqual((yield* Effect.flip(query.values))._tag, "SqlError")
      yield* sql`ALTER TABLE city RENAME TO town`
      assert.deepStrictEqual(yield* query, [{ cities: 0 }])
    })
  )

  it.scoped("lets a statement of another fiber wait for the end of a transaction", () =>
    Effect.gen(function* () {
      const sql = yield* withTable
      const [inside, proceed] = yield* Effect.all([Deferred.make<void>(), Deferred.make<void>()])
      const transaction = sql.withTransaction(
        sql`INSERT INTO city (name) VALUES ('Oslo')`.pipe(
          Effect.zipRight(Deferred.succeed(inside, undefined)),
          Effect.zipRight(Deferred.await(proceed)),
          Effect.zipRight(Effect.fail("undo"))
        )
      )
      const writer = yield* Effect.fork(Effect.flip(transaction))
      yield* Deferred.await(inside)
      const reader = yield* Effect.fork(sql`SELECT name FROM city`)
      yield* Deferred.succeed(proceed, undefined)
      assert.strictEqual(yield* Fiber.join(writer), "undo")
      assert.deepStrictEqual(yield* Fiber.join(reader), [])
    })
  )

  it.scoped("runs a transaction in the finalizer of an interrupted fiber", () =>
    Effect.gen(function* () {
      const sql = yield* withTable
      const undo = sql.withTransaction(sql`INSERT INTO city (name) VALUES ('Oslo')`)
      const fiber = yield* Effect.fork(Effect.onInterrupt(Effect.never, () => Effect.orDie(undo)))
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(yield* sql`SELECT name FROM city`, [{ name: "Oslo" }])
    })
  )

  it.scoped("fails for a file that it cannot open", () =>
    Effect.gen(function* () {
      const { message } = yield* Effect.flip(SqliteClient.make({ filename: "/missing/folder/file.db" }))
      assert.strictEqual(message, "SQLite cannot open the database")
    })
  )
})
