import { SqlClient } from "@effect/sql"
import { assert, describe, it } from "@effect/vitest"
import { Context, Deferred, Effect, Fiber, Layer, Option, Stream } from "effect"
import * as Sqlite from "../../src/Store/Sqlite.js"
import { type Bare, Exclusive } from "../../src/Store/SqliteConnection.js"
import { folder, schema } from "./support.js"

const opened = Effect.gen(function* () {
  const context = yield* Layer.build(Sqlite.layer({ schema, path: `${yield* folder}/test.db` }))
  const sql = Context.get(context, SqlClient.SqlClient)
  const count = Effect.map(sql`SELECT 1 FROM notes`, (rows) => rows.length)
  return { sql, exclusive: Context.get(context, Exclusive), count }
})

const insert = "INSERT INTO notes (text) VALUES (?)"

const add = (connection: Bare) => connection.transaction((text: string) => void connection.prepare(insert).run(text))

describe("the bare connection", () => {
  it.scoped("is given when nobody is in a transaction, and waits for one that is", () =>
    Effect.gen(function* () {
      const { count, exclusive, sql } = yield* opened
      const begun = yield* Deferred.make<void>()
      const mayEnd = yield* Deferred.make<void>()
      const other = yield* Effect.fork(
        sql.withTransaction(
          sql`INSERT INTO notes (text) VALUES ('x')`.pipe(
            Effect.zipRight(Deferred.succeed(begun, undefined)),
            Effect.zipRight(Deferred.await(mayEnd)),
            Effect.zipRight(Effect.fail("no"))
          )
        )
      )
      yield* Deferred.await(begun)
      const waiting = yield* Effect.fork(exclusive((connection) => add(connection).immediate("mine")))
      yield* Effect.yieldNow()
      assert.isTrue(Option.isNone(yield* Fiber.poll(waiting)))
      yield* Deferred.succeed(mayEnd, undefined)
      assert.strictEqual(yield* Effect.flip(Fiber.join(other)), "no")
      yield* Fiber.join(waiting)
      assert.deepStrictEqual(yield* sql`SELECT text FROM notes`, [{ text: "mine" }])
      yield* exclusive((connection) => add(connection).immediate("again"))
      assert.strictEqual(yield* count, 2)
    })
  )

  it.scoped("is a part of the caller's own transaction", () =>
    Effect.gen(function* () {
      const { count, exclusive, sql } = yield* opened
      const adding = exclusive((connection) => add(connection).immediate("x"))
      yield* Effect.ignore(sql.withTransaction(Effect.zipRight(adding, Effect.fail("no"))))
      assert.strictEqual(yield* count, 0)
      yield* sql.withTransaction(Effect.zipRight(adding, adding))
      assert.strictEqual(yield* count, 2)
    })
  )

  it.scoped("is refused within a transaction that nobody reserved the connection for", () =>
    Effect.gen(function* () {
      const { count, exclusive, sql } = yield* opened
      const adding = exclusive((connection) => add(connection).immediate("x"))
      yield* sql.unsafe("BEGIN")
      assert.strictEqual((yield* Effect.flip(adding))._tag, "SqlError")
      yield* sql.unsafe("COMMIT")
      yield* adding
      assert.strictEqual(yield* count, 1)
    })
  )

  it.scoped("leaves nothing of what threw, gives it as the cause, and can be used again", () =>
    Effect.gen(function* () {
      const { count, exclusive } = yield* opened
      const bug = new Error("bug")
      const error = yield* Effect.flip(
        exclusive((connection) =>
          connection
            .transaction((text: string) => {
              connection.prepare(insert).run(text)
              throw bug
            })
            .immediate("x")
        )
      )
      assert.strictEqual(error.cause, bug)
      yield* exclusive((connection) => add(connection).immediate("y"))
      assert.strictEqual(yield* count, 1)
    })
  )
})

describe("the client", () => {
  it.scoped("does not remember a statement that could not be prepared", () =>
    Effect.gen(function* () {
      const { sql } = yield* opened
      assert.strictEqual((yield* Effect.flip(sql`SELECT x FROM later`))._tag, "SqlError")
      yield* sql`CREATE TABLE later (x INTEGER) STRICT`
      assert.deepStrictEqual(yield* sql`SELECT x FROM later`, [])
    })
  )

  it.scoped("gives rows, arrays and results, also of more texts than it keeps", () =>
    Effect.gen(function* () {
      const { sql } = yield* opened
      assert.deepInclude({ ...((yield* sql`INSERT INTO notes (text) VALUES ('x')`.raw) as object) }, { changes: 1 })
      assert.deepStrictEqual(yield* sql`UPDATE notes SET text = 'y'`.values, [])
      const select = sql`SELECT id, text FROM notes`
      assert.deepStrictEqual(yield* select.values, [[1, "y"]])
      assert.deepStrictEqual(yield* select, [{ id: 1, text: "y" }])
      assert.deepStrictEqual(yield* select.raw, [{ id: 1, text: "y" }])
      assert.deepStrictEqual(yield* select.unprepared, [{ id: 1, text: "y" }])
      for (let n = 0; n < 450; n++) assert.deepStrictEqual(yield* sql.unsafe(`SELECT ${n} AS n`), [{ n }])
      assert.deepStrictEqual(yield* select, [{ id: 1, text: "y" }])
    })
  )

  it.scoped("has no streams of rows, and says so to who asks", () =>
    Effect.gen(function* () {
      const { sql } = yield* opened
      const exit = yield* Effect.exit(Stream.runCollect(sql`SELECT 1`.stream))
      assert.include(String(exit), "there is no stream of them")
    })
  )
})
