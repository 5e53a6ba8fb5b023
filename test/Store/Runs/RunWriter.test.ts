import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Fiber, Layer, Option, TestClock } from "effect"
import { id, run, step, write } from "../../../src/Conformance/StoreSuite/Fixtures.js"
import { openBare } from "../../../src/Store/Database/SqliteConnection.js"
import { RunStore, type StepRun } from "../../../src/Store/RunStore.js"
import { stepsPerRun } from "../../../src/Store/Runs/RunsSchema.js"
import * as SqliteRunWriter from "../../../src/Store/Runs/SqliteRunWriter.js"
import * as Runs from "../../../src/Store/Runs.js"
import { expectTotals, fresh, freshWith, opened, rowsOf, writers } from "../runSupport.js"
import { folder, outsider } from "../support.js"

const message = (n: number, sequence: number) =>
  ({ _tag: "Message", runId: id(n), sequence, at: 10, data: { n } }) as const

describe.each(Object.entries(writers))("a batch that %s cannot store", (_, writer) => {
  const fresh = freshWith(writer)

  const bad: Record<string, ReadonlyArray<ReturnType<typeof write> | ReturnType<typeof message>>> = {
    "a run": [write(run(2, { index: 1.5 }))],
    "a step": [write(run(2, { steps: [step("a", 1), step("b", 2, { attempts: 1.5 })] }))],
    "a message": [write(run(2)), message(2, 1.5)],
    "what is no JSON": [write(run(2, { outputs: 1n }))]
  }
  for (const [what, writes] of Object.entries(bad)) {
    it.scoped(`because of ${what} leaves nothing, and the next one is stored`, () =>
      Effect.gen(function* () {
        const { sql, store } = yield* fresh
        const before = [write(run(1, { steps: [step("a", 1)] })), message(1, 1)]
        const error = yield* Effect.flip(store.commit([...before, ...writes]))
        assert.deepInclude({ ...error }, { _tag: "StoreError", operation: "runs.commit", reason: "query" })
        assert.deepStrictEqual(yield* rowsOf(sql), { runs: 0, steps: 0, messages: 0 })
        yield* expectTotals(sql)
        yield* store.commit(before)
        assert.deepStrictEqual(yield* rowsOf(sql), { runs: 1, steps: 1, messages: 1 })
        yield* expectTotals(sql)
      })
    )
  }

  it.scoped("to a store of another owner is refused as readonly", () =>
    Effect.gen(function* () {
      const { path, sql } = yield* fresh
      const store = Context.get(yield* Layer.build(Runs.layerReadOnly(path)), RunStore)
      const error = yield* Effect.flip(store.commit([write(run(1))]))
      assert.deepInclude({ ...error }, { operation: "runs.commit", reason: "readonly", path })
      yield* expectTotals(sql)
    })
  )
})

describe("a full disk", () => {
  /** The pragma counts for one connection. */
  const limit = "max_page_count = 20"
  const limited = SqliteRunWriter.layerWith((path) => {
    const connection = openBare(path)
    connection.pragma(limit)
    return connection
  })
  for (const [name, writer] of Object.entries({ ...writers, "the SQLite writer": limited })) {
    it.scoped(`leaves nothing of a batch of ${name}, is reported, and the next batch is stored`, () =>
      Effect.gen(function* () {
        const { sql, store } = yield* freshWith(writer)
        yield* sql.unsafe(`PRAGMA ${limit}`)
        const large = run(2, { outputs: "x".repeat(200_000) })
        const error = yield* Effect.flip(store.commit([write(run(1)), write(large)]))
        assert.strictEqual(error.reason, "full")
        assert.deepStrictEqual(yield* rowsOf(sql), { runs: 0, steps: 0, messages: 0 })
        yield* store.commit([write(run(1))])
        yield* expectTotals(sql)
      })
    )
  }
})

describe("while another process writes", () => {
  it.scoped("a batch waits and is stored once the lock is let go", () =>
    Effect.gen(function* () {
      const { path, sql, store } = yield* fresh
      const other = yield* outsider(path)
      yield* other.unsafe("BEGIN IMMEDIATE")
      const writing = yield* Effect.fork(store.commit([write(run(1))]))
      yield* TestClock.adjust("30 millis")
      assert.isTrue(Option.isNone(yield* Fiber.poll(writing)))
      assert.strictEqual(yield* store.lastIndex, 0)
      yield* other.unsafe("COMMIT")
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(writing)
      yield* expectTotals(sql)
      assert.strictEqual(yield* store.lastIndex, 1)
    })
  )

  it.scoped("a batch gives up after its budget, says busy and left nothing", () =>
    Effect.gen(function* () {
      const path = `${yield* folder}/runs.db`
      const { sql, store } = yield* opened(path, 1, "1 second")
      yield* store.commit([write(run(1))])
      const other = yield* outsider(path)
      yield* other.unsafe("BEGIN IMMEDIATE")
      const writing = yield* Effect.fork(Effect.flip(store.commit([write(run(2))])))
      yield* TestClock.adjust("1 minute")
      const error = yield* Fiber.join(writing)
      assert.deepInclude({ ...error }, { operation: "runs.commit", reason: "busy", path })
      yield* other.unsafe("COMMIT")
      assert.deepInclude({ ...(yield* rowsOf(sql)) }, { runs: 1 })
    })
  )
})

describe("the steps of a run", () => {
  it.scoped("that are more than there are numbers for stay off the next run's", () =>
    Effect.gen(function* () {
      const { sql, store } = yield* fresh
      const many = new Array<StepRun>(stepsPerRun + 1).fill(step("again", 0))
      yield* store.commit([write(run(1, { steps: many })), write(run(2, { steps: [step("other", 0)] }))])
      const [kept] = yield* sql`SELECT COUNT(*) AS steps FROM step_runs WHERE name = 'again'`
      assert.deepStrictEqual(kept, { steps: stepsPerRun })
      const { steps } = Option.getOrThrow(yield* store.find(id(2)))
      assert.deepStrictEqual(
        steps?.map(({ name }) => name),
        ["other"]
      )
    })
  )
})
