import { assert, describe, it } from "@effect/vitest"
import { Effect, FastCheck, Option } from "effect"
import { id, run, started, step, write } from "../../src/Conformance/StoreSuite/Fixtures.js"
import * as Sqlite from "../../src/Store/Database/Sqlite.js"
import { type Run, RunStatus } from "../../src/Store/RunStore.js"
import { schema, stepsPerRun } from "../../src/Store/Runs/RunsSchema.js"
import { expectTotals, fresh, opened } from "./runSupport.js"
import { folder, open, outsider } from "./support.js"

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
    "match the stored runs for all writes of two generations in any order",
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
        assert.deepStrictEqual(
          yield* sql`SELECT DISTINCT number / ${sql.literal(`${stepsPerRun}`)} AS run FROM step_runs
            EXCEPT SELECT number FROM runs`,
          []
        )
        assert.deepStrictEqual(yield* sql`PRAGMA integrity_check`, [{ integrity_check: "ok" }])
      }).pipe(Effect.scoped),
    { fastCheck: { numRuns: 40 } }
  )
})

describe("a run store of an earlier version", () => {
  /** Later versions have the numbered tables already, and add others. */
  const versions = [1, 2, 3, 4, 5, 6]

  const insertRun = (n: number, status: string) =>
    `INSERT INTO runs (id, idx, name, status, parameters, outputs, started_at) VALUES ('${id(n)}', ${n}, 'run-${n}',
      '${status}', '{"n":${n}}', '[${n}]', ${n})`
  const insertStep = (n: number, position: number, status: string) =>
    `INSERT INTO step_runs (run_id, position, name, status, attempts, outputs, started_at) VALUES ('${id(n)}',
      ${position}, 'step-${position}', '${status}', 2, '"${n}/${position}"', ${n})`

  /** Not in the order of their ids. */
  const content = [
    insertRun(2, "running"),
    insertRun(1, "succeeded"),
    insertStep(2, 1, "running"),
    insertStep(1, 0, "succeeded"),
    insertStep(2, 0, "succeeded"),
    insertRun(3, "failed"),
    insertStep(3, 5, "failed")
  ]

  it.scoped.each(versions)("%i is brought up to date with what is in it, and leaves a copy", (version) =>
    Effect.gen(function* () {
      const path = `${yield* folder}/runs.db`
      const old = { ...schema, migrations: schema.migrations.slice(0, version) }
      yield* Effect.scoped(
        Effect.flatMap(open(Sqlite.layer({ schema: old, path })), (sql) =>
          Effect.forEach(content, (text) => sql.unsafe(text))
        )
      )
      const { sql, store } = yield* opened(path)
      yield* expectTotals(sql)
      const found = (n: number) =>
        Effect.map(Effect.map(store.find(id(n)), Option.getOrThrow), ({ steps = [], ...found }) => ({
          ...found,
          steps: steps.map(({ attempts, name, outputs, status }) => [name, status, attempts, outputs])
        }))
      assert.deepInclude(yield* found(1), { index: 1, name: "run-1", parameters: { n: 1 }, outputs: [1] })
      assert.deepStrictEqual((yield* found(2)).steps, [
        ["step-0", "succeeded", 2, "2/0"],
        ["step-1", "running", 2, "2/1"]
      ])
      assert.deepStrictEqual((yield* found(3)).steps, [["step-5", "failed", 2, "3/5"]])
      const { runs } = yield* store.list({ limit: 10 })
      assert.deepStrictEqual(
        runs.map(({ index }) => index),
        [3, 2, 1]
      )

      yield* store.commit([write(run(2, { steps: [step("again", 0)] })), write(run(3)), write(run(4))])
      yield* expectTotals(sql)
      assert.deepStrictEqual(
        (yield* found(2)).steps.map(([name]) => name),
        ["again", "step-1"]
      )
      assert.strictEqual((yield* found(3)).status, "failed")
      const [copied] = yield* (yield* outsider(`${path}.schema-${version}`))`SELECT COUNT(*) AS runs FROM runs`
      assert.deepStrictEqual(copied, { runs: 3 })
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
