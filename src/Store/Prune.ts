/** Removes old runs, a few hundred at a time, so that no caller waits for the store for long. */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Access from "./Access.js"
import { decodeRows, now } from "./Columns.js"
import { decodeNumbers } from "./RunRows.js"
import type { RunStore } from "./RunStore.js"
import { stepsPerRun } from "./RunsSchema.js"
import * as SqlArtifacts from "./SqlArtifacts.js"

/** Most runs that are removed at once. */
export const batch = 500

/** Makes the part of a run store that removes runs. */
export const make = ({ sql, write }: Access.Access): Pick<RunStore["Type"], "prune"> => ({
  prune: ({ before, keep }) =>
    write(
      "runs.prune",
      Effect.gen(function* () {
        const time = before === undefined ? 0 : DateTime.toEpochMillis(before)
        const [limits] = yield* decodeLimits(
          yield* sql`SELECT
          ${keep === undefined ? sql`0` : sql`(SELECT coalesce(max(number), 0) - ${keep} FROM runs)`} AS surplus,
          (SELECT coalesce(max(number), 0) FROM (SELECT number, started_at FROM runs ORDER BY number LIMIT ${lookedAt})
            WHERE started_at < ${time}) AS expired`
        )
        if (limits === undefined) return 0
        const removable = sql`status NOT IN ('queued', 'running')
          AND (number <= ${limits.surplus} OR started_at < ${time})
          AND id NOT IN (SELECT run_id FROM webhook_deliveries WHERE state = 'pending')`
        const found = yield* decodeNumbers(
          yield* sql`SELECT number FROM runs WHERE number <= ${Math.max(limits.surplus, limits.expired)} AND ${removable}
            ORDER BY number LIMIT ${batch}`
        )
        const last = found.at(-1)
        if (last === undefined) return 0
        const removed = sql`number <= ${last} AND ${removable}`
        yield* sql`DELETE FROM step_runs WHERE number IN (
          SELECT step_runs.number FROM (SELECT number AS run FROM runs WHERE ${removed}) CROSS JOIN step_runs
          ON step_runs.number BETWEEN run * ${factor(sql)} AND (run + 1) * ${factor(sql)} - 1)`
        for (const table of [
          "run_events",
          "run_logs",
          "step_cache",
          "step_hits",
          "step_inputs",
          "leases",
          "journal",
          "signals",
          "webhook_deliveries"
        ]) {
          yield* sql`DELETE FROM ${sql(table)} WHERE run_id IN (SELECT id FROM runs WHERE ${removed})`
        }
        yield* SqlArtifacts.release({ sql }, sql`SELECT id FROM runs WHERE ${removed}`, yield* now)
        yield* sql`DELETE FROM runs WHERE ${removed}`
        return found.length
      })
    )
})

// internal

/** So many of the oldest runs are looked at for their time, which has no index: they were stored in about that order. */
const lookedAt = 4 * batch

const decodeLimits = decodeRows(Schema.Struct({ surplus: Schema.Int, expired: Schema.Int }))

/** As a literal: numbers given as parameters are no integers for SQLite, and a product with one is none. */
const factor = (sql: Access.Access["sql"]) => sql.literal(`${stepsPerRun}`)
