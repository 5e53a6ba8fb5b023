/** Removes old runs, a few hundred at a time, so that no caller waits for the store for long. */
import type { SqlError } from "@effect/sql/SqlError"
import type * as Statement from "@effect/sql/Statement"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type { ParseError } from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { decodeRows, Integer } from "../Database/Columns.js"
import type { RunStore } from "../RunStore.js"
import { decodeIds, decodeNumbers } from "./RunRows.js"
import { stepsPerRun } from "./RunsSchema.js"
import type { RunAccess } from "./RunTables.js"
import * as SqlArtifacts from "./SqlArtifacts.js"

/** Most runs that are removed at once. */
export const batch = 500

/** Makes the part of a run store that removes runs. */
export const make = (access: RunAccess): Pick<RunStore["Type"], "prune"> => ({
  prune: (options) => {
    const pruned: Effect.Effect<number, SqlError | ParseError> = access.sql.onDialectOrElse({
      sqlite: () => byNumber(access, options),
      orElse: () => byId(access, options)
    })
    return access.write("runs.prune", pruned)
  }
})

// internal

type Options = Parameters<RunStore["Type"]["prune"]>[0]

/** So many of the oldest runs are looked at for their time, which has no index: they were stored in about that order. */
const lookedAt = 4 * batch

const millisOf = (time: DateTime.Utc | undefined): number => (time === undefined ? 0 : DateTime.toEpochMillis(time))

/** The tables with rows of a run besides its steps and its artifacts. */
const tables = [
  "run_events",
  "run_logs",
  "step_cache",
  "step_hits",
  "step_inputs",
  "leases",
  "journal",
  "signals",
  "webhook_deliveries"
] as const

/** A run that ended, was started before a time or is one of those before a mark, and has no delivery to come. */
const removable = ({ from, sql }: RunAccess, beforeMark: Statement.Fragment, time: number): Statement.Fragment =>
  sql`status NOT IN ('queued', 'running') AND (${beforeMark} OR started_at < ${time})
    AND id NOT IN (SELECT run_id FROM ${from("webhook_deliveries")} WHERE state = 'pending')`

/** The numbers of the runs in a SQLite file have no gaps but those of removed runs. */
const byNumber = (access: RunAccess, { before, keep }: Options) =>
  Effect.gen(function* () {
    const { sql } = access
    const time = millisOf(before)
    const [limits] = yield* decodeLimits(
      yield* sql`SELECT
        ${keep === undefined ? sql`0` : sql`(SELECT coalesce(max(number), 0) - ${keep} FROM runs)`} AS surplus,
        (SELECT coalesce(max(number), 0) FROM (SELECT number, started_at FROM runs ORDER BY number LIMIT ${lookedAt})
          WHERE started_at < ${time}) AS expired`
    )
    if (limits === undefined) return 0
    const isRemovable = removable(access, sql`number <= ${limits.surplus}`, time)
    const found = yield* decodeNumbers(
      yield* sql`SELECT number FROM runs WHERE number <= ${Math.max(limits.surplus, limits.expired)} AND ${isRemovable}
        ORDER BY number LIMIT ${batch}`
    )
    const last = found.at(-1)
    if (last === undefined) return 0
    const removed = sql`number <= ${last} AND ${isRemovable}`
    yield* sql`DELETE FROM step_runs WHERE number IN (
      SELECT step_runs.number FROM (SELECT number AS run FROM runs WHERE ${removed}) CROSS JOIN step_runs
      ON step_runs.number BETWEEN run * ${factor(sql)} AND (run + 1) * ${factor(sql)} - 1)`
    for (const table of tables) {
      yield* sql`DELETE FROM ${sql(table)} WHERE run_id IN (SELECT id FROM runs WHERE ${removed})`
    }
    yield* SqlArtifacts.release(access, sql`SELECT id FROM runs WHERE ${removed}`, yield* access.now)
    yield* sql`DELETE FROM runs WHERE ${removed}`
    return found.length
  })

/**
 * Runs without numbers go by their ids, which are in the order of time. What is more than is to be kept are so many of the oldest:
 * the totals say how many there are, so that the others are not read. Another process may remove the same ones.
 */
const byId = (access: RunAccess, { before, keep }: Options) =>
  Effect.gen(function* () {
    const { from, into, mine, sql } = access
    const time = millisOf(before)
    const surplus = keep === undefined ? 0 : yield* surplusOf(access, keep)
    const [marks] = yield* decodeMarks(
      yield* sql`SELECT
        (SELECT max(id) FROM (SELECT id FROM ${from("runs")} ORDER BY id LIMIT ${surplus}) AS oldest) AS surplus,
        (SELECT max(id) FROM (SELECT id, started_at FROM ${from("runs")} ORDER BY id LIMIT ${lookedAt}) AS oldest
          WHERE started_at < ${time}) AS expired`
    )
    const mark = marks?.surplus ?? ""
    const [end = ""] = [mark, marks?.expired ?? ""].sort().reverse()
    const isRemovable = removable(access, sql`id <= ${mark}`, time)
    const found = yield* decodeIds(
      yield* sql`SELECT id AS run_id FROM ${from("runs")} WHERE id <= ${end} AND ${isRemovable}
        ORDER BY id LIMIT ${batch} FOR UPDATE SKIP LOCKED`
    )
    if (found.length === 0) return 0
    const ofRemoved = sql`${mine} AND ${sql.in("run_id", found)}`
    for (const table of ["step_runs", ...tables] as const) yield* sql`DELETE FROM ${into(table)} WHERE ${ofRemoved}`
    const ids = sql`SELECT id FROM ${from("runs")} WHERE ${sql.in("id", found)}`
    yield* SqlArtifacts.release(access, ids, yield* access.now)
    yield* sql`DELETE FROM ${into("runs")} WHERE ${mine} AND ${sql.in("id", found)}`
    yield* countRemoved(access, found.length)
    return found.length
  })

/** The name of the number of removed runs among the totals, which count runs over the life of the deployment. */
const removedName = "removed"

/** The number of runs that are more than is to be kept, but no more than a pass looks at; runs in progress stay in the way. */
const surplusOf = ({ from, sql }: RunAccess, keep: number) =>
  Effect.map(
    Effect.flatMap(
      sql`SELECT
        (SELECT coalesce(sum(CASE name WHEN ${removedName} THEN -value ELSE value END), 0)
          FROM ${from("totals")} WHERE name <> 'lastIndex') AS stored,
        (SELECT count(*) FROM ${from("runs")} WHERE status IN ('queued', 'running')) AS going`,
      decodeStored
    ),
    ([row]) => (row === undefined ? 0 : Math.max(0, Math.min(row.stored - keep, lookedAt + row.going)))
  )

const countRemoved = ({ into, key, owner, sql }: RunAccess, value: number) =>
  sql`INSERT INTO ${into("totals")} ${sql.insert({ ...owner, generation: 0, name: removedName, value })}
    ON CONFLICT ${key("generation", "name")} DO UPDATE SET value = totals.value + excluded.value`

const decodeLimits = decodeRows(Schema.Struct({ surplus: Schema.Int, expired: Schema.Int }))

const decodeStored = decodeRows(Schema.Struct({ stored: Integer, going: Integer }))

const Mark = Schema.NullOr(Schema.String)

const decodeMarks = decodeRows(Schema.Struct({ surplus: Mark, expired: Mark }))

/** As a literal: numbers given as parameters are no integers for SQLite, and a product with one is none. */
const factor = (sql: RunAccess["sql"]) => sql.literal(`${stepsPerRun}`)
