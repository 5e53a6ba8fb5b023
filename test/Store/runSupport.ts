import { SqlClient } from "@effect/sql"
import { assert } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import * as Sqlite from "../../src/Store/Database/Sqlite.js"
import { RunStatus, RunStore } from "../../src/Store/RunStore.js"
import { schema } from "../../src/Store/Runs/RunsSchema.js"
import { RunWriter } from "../../src/Store/Runs/RunWriter.js"
import * as SqliteRunWriter from "../../src/Store/Runs/SqliteRunWriter.js"
import * as SqlRunStore from "../../src/Store/Runs/SqlRunStore.js"
import { folder } from "./support.js"

/** The writers of a run store in a file by their names. */
export const writers: Record<string, Layer.Layer<RunWriter, never, SqlClient.SqlClient>> = {
  "the SQLite writer": SqliteRunWriter.layer,
  "the writer over any client": Layer.succeed(RunWriter, RunWriter.defaultValue())
}

/** The store of one generation, and its connection. */
export const opened = (
  path: string,
  generation = 1,
  busyBudget: "1 second" | "1 minute" = "1 minute",
  writer = SqliteRunWriter.layer
) =>
  Effect.gen(function* () {
    const context = yield* Layer.build(
      Layer.fresh(SqlRunStore.layer(generation)).pipe(
        Layer.provide(writer),
        Layer.provideMerge(Sqlite.layer({ schema, path, busyBudget }))
      )
    )
    return { store: Context.get(context, RunStore), sql: Context.get(context, SqlClient.SqlClient) }
  })

/** A new store and its connection. */
export const freshWith = (writer: Layer.Layer<RunWriter, never, SqlClient.SqlClient>) =>
  Effect.gen(function* () {
    const path = `${yield* folder}/runs.db`
    return { path, ...(yield* opened(path, 1, "1 minute", writer)) }
  })

/** See {@link freshWith}, with the writer of a file. */
export const fresh = freshWith(SqliteRunWriter.layer)

type Client = SqlClient.SqlClient

/** What the totals say, and what they should. */
const totals = (sql: Client) =>
  Effect.gen(function* () {
    const kept = yield* sql<{ readonly name: string; readonly value: number }>`SELECT name, value FROM totals`
    const counted = yield* sql<{ readonly status: string; readonly runs: number }>`SELECT status, COUNT(*) AS runs
      FROM runs GROUP BY status`
    const [last] = yield* sql<{ readonly idx: number }>`SELECT COALESCE(MAX(idx), 0) AS idx FROM runs`
    const runs = new Map(counted.map((row) => [row.status, row.runs]))
    return {
      kept: Object.fromEntries(kept.map(({ name, value }) => [name, value])),
      expected: {
        ...Object.fromEntries(RunStatus.literals.map((status) => [status, runs.get(status) ?? 0])),
        lastIndex: last?.idx
      }
    }
  })

export const expectTotals = (sql: Client) =>
  Effect.map(totals(sql), ({ expected, kept }) => assert.deepStrictEqual<unknown>(kept, expected))

export const rowsOf = (sql: Client) =>
  Effect.map(
    sql`SELECT (SELECT COUNT(*) FROM runs) AS runs, (SELECT COUNT(*) FROM step_runs) AS steps,
      (SELECT COUNT(*) FROM run_events) AS messages`,
    ([row]) => row
  )
