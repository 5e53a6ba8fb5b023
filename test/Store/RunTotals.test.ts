import { assert, describe, it } from "@effect/vitest"
import { Effect, FastCheck, Option } from "effect"
import { type Run, RunStatus } from "../../src/Store/RunStore.js"
import { schema } from "../../src/Store/RunsSchema.js"
import * as Sqlite from "../../src/Store/Sqlite.js"
import { id, run, started, step, write } from "../../src/Testing/StoreSuite/Fixtures.js"
import { expectTotals, fresh, opened } from "./runSupport.js"
import { folder, open, outsider, tamper } from "./support.js"

describe("totals", () => {
  const state = FastCheck.record({
    n: FastCheck.integer({ min: 1, max: 8 }),
    status: FastCheck.constantFrom(...RunStatus.literals),
    steps: FastCheck.integer({ min: 0, max: 3 })
  })
  const batch = FastCheck.record({
    writer: FastCheck.constantFrom("first" as const, "second" as const),
    states: FastCheck.array(state, { minLength: 1, maxLength: 12 })
  })

  const runOf = ({ n, status, steps }: { n: number; status: Run["status"]; steps: number }): Run =>
    started(n, { status, steps: Array.from({ length: steps }, (_, i) => step(`${status}-${i}`, i)) })

  const isEnded = (status: string | undefined) => status !== undefined && status !== "queued" && status !== "running"

  it.effect.prop(
    "are what is stored, whatever two generations write in whatever order",
    [FastCheck.array(batch, { maxLength: 8 })],
    ([batches]) =>
      Effect.gen(function* () {
        const path = `${yield* folder}/runs.db`
        const writers = { first: yield* opened(path, 1), second: yield* opened(path, 2) }
        const { sql } = writers.first
        const expected = new Map<string, { status: string; generation: number }>()
        for (const { states, writer } of batches) {
          const generation = writer === "first" ? 1 : 2
          yield* writers[writer].store.commit(states.map((one) => write(runOf(one))))
          for (const { n, status } of states) {
            const before = expected.get(id(n))
            if (isEnded(before?.status)) continue
            expected.set(id(n), { status, generation: before?.generation ?? generation })
          }
          yield* expectTotals(sql)
        }
        const rows = yield* sql<{
          readonly id: string
          readonly status: string
          readonly generation: number
        }>`SELECT id, status, generation FROM runs`
        assert.deepStrictEqual(
          Object.fromEntries(rows.map(({ id, ...row }) => [id, row])),
          Object.fromEntries(expected)
        )
        assert.lengthOf(yield* sql`PRAGMA foreign_key_check`, 0)
        assert.deepStrictEqual(yield* sql`PRAGMA integrity_check`, [{ integrity_check: "ok" }])
      }).pipe(Effect.scoped),
    { fastCheck: { numRuns: 40 } }
  )

  it.scoped("count what another writer inserts, who adds nothing to them", () =>
    Effect.gen(function* () {
      const { path, sql, store } = yield* fresh
      yield* store.commit([write(run(1)), write(started(2))])
      yield* tamper(
        path,
        `INSERT INTO runs (id, idx, name, status, started_at, generation) VALUES ('${id(9)}', 9, 'r', 'running', 1, 1)`
      )
      yield* expectTotals(sql)
      yield* store.commit([write(run(9)), write(run(2)), write(run(3))])
      yield* expectTotals(sql)
      assert.deepInclude({ ...(yield* store.counts) }, { running: 0, succeeded: 4 })
      assert.strictEqual(yield* store.lastIndex, 9)
    })
  )
})

describe("a run store of an earlier version", () => {
  it.scoped("is brought up to date with what is in it, and leaves a copy", () =>
    Effect.gen(function* () {
      const path = `${yield* folder}/runs.db`
      const old = { ...schema, migrations: schema.migrations.slice(0, 2) }
      const insert = (n: number, status: string) =>
        `INSERT INTO runs (id, idx, name, status, parameters, started_at, generation)
          VALUES ('${id(n)}', ${n}, 'r', '${status}', '{}', 1, 1)`
      yield* Effect.scoped(
        Effect.flatMap(open(Sqlite.layer({ schema: old, path })), (sql) =>
          Effect.forEach([insert(1, "succeeded"), insert(2, "running")], (text) => sql.unsafe(text))
        )
      )
      const { sql, store } = yield* opened(path)
      yield* expectTotals(sql)
      yield* store.commit([write(run(2)), write(run(3))])
      yield* tamper(path, insert(4, "failed"))
      yield* expectTotals(sql)
      assert.strictEqual(Option.getOrThrow(yield* store.find(id(2))).status, "succeeded")
      const [copied] = yield* (yield* outsider(`${path}.schema-2`))`SELECT COUNT(*) AS runs FROM runs`
      assert.deepStrictEqual(copied, { runs: 2 })
    })
  )
})

describe("what the tables check", () => {
  it.scoped("they check for everybody who is not the store", () =>
    Effect.gen(function* () {
      const { path, store } = yield* fresh
      yield* store.commit([write(run(1))])
      const other = yield* outsider(path)
      const error = yield* Effect.flip(other.unsafe("UPDATE runs SET status = 'nonsense'"))
      assert.deepInclude({ ...(error.cause as object) }, { code: "SQLITE_CONSTRAINT_CHECK" })
    })
  )
})
