import { assert, describe, it } from "@effect/vitest"
import { Context, Deferred, Effect, Fiber, Layer, Option, TestClock } from "effect"
import { run, write } from "../../../src/Conformance/StoreSuite/Fixtures.js"
import * as Sqlite from "../../../src/Store/Database/Sqlite.js"
import { openBare } from "../../../src/Store/Database/SqliteConnection.js"
import { RunStore } from "../../../src/Store/RunStore.js"
import * as Runs from "../../../src/Store/Runs.js"
import { expectTotals, fresh, opened, rowsOf } from "../runSupport.js"
import { folder, open, schema } from "../support.js"

describe("a relaxed run store", () => {
  it.scoped("does not wait for the disk", () =>
    Effect.gen(function* () {
      const path = `${yield* folder}/runs.db`
      yield* opened(path)
      const flushOf = (synchronous: "FULL" | "NORMAL") => {
        const connection = openBare(path, synchronous)
        const flush = connection.pragma("synchronous")
        connection.close()
        return flush
      }
      assert.deepStrictEqual([flushOf("FULL"), flushOf("NORMAL")], [[{ synchronous: 2 }], [{ synchronous: 1 }]])
    })
  )

  it.scoped("has its batches in the file while its process lives", () =>
    Effect.gen(function* () {
      const path = `${yield* folder}/runs.db`
      const scope = yield* Effect.scope
      const relaxed = yield* Layer.buildWithScope(Runs.layerFile(path, { isRelaxed: true }), scope)
      yield* Context.get(relaxed, RunStore).commit([write(run(1))])
      const reader = yield* Layer.buildWithScope(Runs.layerReadOnly(path), scope)
      assert.isTrue(Option.isSome(yield* Context.get(reader, RunStore).find(run(1).id)))
    })
  )
})

describe("a batch for a run store in a file", () => {
  it.scoped("waits for a transaction of the client, without blocking the process", () =>
    Effect.gen(function* () {
      const { sql, store } = yield* fresh
      const begun = yield* Deferred.make<void>()
      const mayEnd = yield* Deferred.make<void>()
      const other = yield* Effect.fork(
        sql.withTransaction(
          Deferred.succeed(begun, undefined).pipe(
            Effect.zipRight(Deferred.await(mayEnd)),
            Effect.zipRight(Effect.fail("no"))
          )
        )
      )
      yield* Deferred.await(begun)
      const waiting = yield* Effect.fork(store.commit([write(run(1))]))
      yield* Effect.yieldNow()
      assert.isTrue(Option.isNone(yield* Fiber.poll(waiting)))
      yield* Deferred.succeed(mayEnd, undefined)
      assert.strictEqual(yield* Effect.flip(Fiber.join(other)), "no")
      yield* Fiber.join(waiting)
      assert.deepStrictEqual(yield* rowsOf(sql), { runs: 1, steps: 0, messages: 0 })
      yield* store.commit([write(run(2))])
      yield* expectTotals(sql)
    })
  )

  it.scoped("is a part of the caller's own transaction", () =>
    Effect.gen(function* () {
      const { sql, store } = yield* fresh
      const adding = store.commit([write(run(1))])
      yield* Effect.ignore(sql.withTransaction(Effect.zipRight(adding, Effect.fail("no"))))
      assert.deepStrictEqual(yield* rowsOf(sql), { runs: 0, steps: 0, messages: 0 })
      yield* sql.withTransaction(Effect.zipRight(adding, store.commit([write(run(2))])))
      assert.deepStrictEqual(yield* rowsOf(sql), { runs: 2, steps: 0, messages: 0 })
      yield* expectTotals(sql)
    })
  )

  it.scoped("is busy during a transaction that did not reserve the client's connection, and is stored after it", () =>
    Effect.gen(function* () {
      const { sql, store } = yield* opened(`${yield* folder}/runs.db`, 1, "1 second")
      yield* sql.unsafe("BEGIN IMMEDIATE")
      const waiting = yield* Effect.fork(Effect.flip(store.commit([write(run(1))])))
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* Fiber.join(waiting)).reason, "busy")
      yield* sql.unsafe("COMMIT")
      yield* store.commit([write(run(1))])
      yield* expectTotals(sql)
    })
  )
})

describe("the client of a database", () => {
  it.scoped("forgets after a second that a statement could not be prepared", () =>
    Effect.gen(function* () {
      const sql = yield* open(Sqlite.layer({ schema, path: `${yield* folder}/test.db` }))
      assert.strictEqual((yield* Effect.flip(sql`SELECT x FROM later`))._tag, "SqlError")
      yield* sql`CREATE TABLE later (x INTEGER) STRICT`
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(yield* sql`SELECT x FROM later`, [])
    })
  )
})
