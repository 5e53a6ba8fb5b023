import { SqlClient, Statement } from "@effect/sql"
import { assert, describe, it } from "@effect/vitest"
import { Context, DateTime, Effect, Layer } from "effect"
import { id } from "../../src/Conformance/StoreSuite/Fixtures.js"
import * as PostgresRuns from "../../src/Store/PostgresRuns.js"
import { RunStore } from "../../src/Store/RunStore.js"
import * as PostgresRunsSchema from "../../src/Store/Runs/PostgresRunsSchema.js"
import { sharedDatabase } from "./Postgres.js"

const database = sharedDatabase(PostgresRunsSchema.schema)

/** So many runs that a plan which reads them all costs more than any other. */
const runs = 20_000

const id16 = (n: string) => `'01900000-0000-7000-8000-' || lpad(to_hex(${n}), 12, '0')`

/** Runs that ended, with a step and an event each, a few in progress with a lease, and the statistics of all. */
const fill = Effect.flatMap(SqlClient.SqlClient, (sql) =>
  Effect.forEach(
    [
      `INSERT INTO effect_deployers_runs (deployment, id, idx, generation, session, name, status, parameters, outputs,
        started_at, finished_at)
      SELECT d.deployment, ${id16("n")}, n, 5, CASE WHEN n % 100 = 0 THEN 's' || n END, 'weather',
        CASE WHEN n % 50 = 0 THEN 'failed' WHEN n > ${runs - 20} THEN 'running' ELSE 'succeeded' END, '{}', '{}', n, n
      FROM generate_series(1, ${runs}) AS n, effect_deployers_run_stores AS d`,
      `INSERT INTO effect_deployers_step_runs (deployment, run_id, number, name, status, attempts, started_at)
      SELECT deployment, id, 0, 'a', 'succeeded', 1, started_at FROM effect_deployers_runs`,
      `INSERT INTO effect_deployers_run_events (deployment, run_id, sequence, at, data)
      SELECT deployment, id, 2, started_at, '1' FROM effect_deployers_runs`,
      `INSERT INTO effect_deployers_leases (deployment, run_id, token, recoveries, request)
      SELECT deployment, id, 1, 0, '{}' FROM effect_deployers_runs WHERE status = 'running' AND idx % 2 = 0`,
      "ANALYZE"
    ],
    (statement) => sql.unsafe(statement),
    { discard: true }
  )
)

/** The statements that an effect executes. */
const recording = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const statements: Array<readonly [text: string, values: ReadonlyArray<unknown>]> = []
    yield* Statement.withTransformer(effect, (statement) =>
      Effect.sync(() => {
        statements.push(statement.compile())
        return statement
      })
    )
    return statements
  })

/** The scans of whole tables in the plan of a statement. */
const scansOf = (text: string, values: ReadonlyArray<unknown>) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const rows = yield* sql.unsafe<{ readonly "QUERY PLAN": string }>(`EXPLAIN ${text}`, [...values])
    return rows
      .map((row) => row["QUERY PLAN"])
      .filter((line) => /Seq Scan on effect_deployers_(runs|step_runs|run_events)/.test(line))
  })

describe("a run store with many runs", () => {
  it.scopedLive("P13: lists, retention and taking over read indexes, no table as a whole", () =>
    Effect.gen(function* () {
      const built = (deployment: string) =>
        Effect.map(
          Layer.build(Layer.provide(PostgresRuns.layerSql({ deployment, generation: 5 }), database)),
          (context) => Context.get(context, RunStore)
        )
      const store = yield* built("many")
      yield* built("others")
      yield* fill
      const before = DateTime.unsafeMake(30)
      const statements = yield* recording(
        Effect.all([
          store.list({ limit: 50 }),
          store.list({ limit: 50, cursor: id(9_000) }),
          store.list({ limit: 50, status: "failed" }),
          store.list({ limit: 50, session: "s100" }),
          store.find(id(70)),
          store.events({ runId: id(70), after: 0 }),
          store.cancelled,
          store.alive,
          store.markLost,
          store.orphan,
          store.take(10),
          store.abandon({ own: true }),
          store.journal(id(70)),
          store.counts,
          store.prune({ keep: runs - 100 }),
          store.prune({ before })
        ])
      )
      assert.isAbove(statements.length, 20)
      for (const [text, values] of statements) {
        if (!/^\s*(SELECT|UPDATE|DELETE|INSERT)/.test(text)) continue
        assert.deepStrictEqual(yield* scansOf(text, values), [], text)
      }
    }).pipe(Effect.provide(database))
  )
})
