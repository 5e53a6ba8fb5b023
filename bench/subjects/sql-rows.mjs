// The rows of a run through @effect/sql, in a transaction for each request.
import { SqlClient } from "@effect/sql"
import { SqliteClient } from "@effect/sql-sqlite-node"
import { Context, Effect, Layer } from "effect"
import { v7 } from "uuid"
import { tables } from "./rows.mjs"

const step = (runId, position, [name, outputs], startedAt, now) => ({
  run_id: runId,
  position,
  name,
  status: "succeeded",
  attempts: 1,
  outputs: JSON.stringify(outputs),
  error: null,
  started_at: startedAt,
  finished_at: now,
  execution_millis: now - startedAt
})

const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql`PRAGMA synchronous = FULL`
  for (const table of tables) yield* sql.unsafe(table)
  let index = 0
  return (parameters, steps, startedAt) =>
    Effect.gen(function* () {
      const id = v7()
      const now = Date.now()
      index++
      const run = {
        id,
        idx: index,
        name: `run-${index}`,
        status: "succeeded",
        cause: null,
        parameters: JSON.stringify(parameters),
        outputs: JSON.stringify(steps[1][1]),
        error: null,
        started_at: startedAt,
        finished_at: now,
        execution_millis: now - startedAt
      }
      yield* sql`INSERT INTO runs ${sql.insert(run)}`
      yield* sql`INSERT INTO step_runs ${sql.insert(steps.map((one, i) => step(id, i, one, startedAt, now)))}`
      return id
    }).pipe(sql.withTransaction, Effect.orDie)
})

/** Stores a run that succeeded and answers its id. */
export class Recorder extends Context.Tag("bench/Recorder")() {
  static none = Layer.succeed(Recorder, () => Effect.succeed(undefined))
  static layer = (filename) => Layer.effect(Recorder, make).pipe(Layer.provide(SqliteClient.layer({ filename })))
}
