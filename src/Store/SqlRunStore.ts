/** Runs in a SQL database. Served processes carry this module, so it needs nothing of the registry. */
import type * as SqlClient from "@effect/sql/SqlClient"
import type * as Statement from "@effect/sql/Statement"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { RunId } from "../Contract/RunRecord.js"
import type { StoreError } from "../Errors/Stores.js"
import * as Access from "./Access.js"
import { now } from "./Columns.js"
import * as IdempotencyKeys from "./IdempotencyKeys.js"
import * as Prune from "./Prune.js"
import * as RunEventPages from "./RunEventPages.js"
import * as Rows from "./RunRows.js"
import { type Run, type RunStatus, RunStore, type RunSummary } from "./RunStore.js"
import { stepsPerRun } from "./RunsSchema.js"
import { RunWriter } from "./RunWriter.js"
import * as SqlArtifacts from "./SqlArtifacts.js"
import * as SqlDurableRuns from "./SqlDurableRuns.js"
import * as SqlRunLogs from "./SqlRunLogs.js"
import * as SqlScheduleStore from "./SqlScheduleStore.js"
import * as SqlSessionStore from "./SqlSessionStore.js"
import * as SqlStepCache from "./SqlStepCache.js"
import * as SqlWebhookStore from "./SqlWebhookStore.js"

const largestPage = 1_000
const isRunId = Schema.is(RunId)

const stepsOf = (sql: Access.Access["sql"], run: number): Statement.Fragment =>
  sql`number BETWEEN ${run * stepsPerRun} AND ${(run + 1) * stepsPerRun - 1}`

const makeFind =
  ({ read, sql }: Access.Access): RunStore["Type"]["find"] =>
  (id) =>
    read(
      "runs.find",
      Effect.gen(function* () {
        const rows = yield* sql`SELECT * FROM runs WHERE id = ${id}`
        const [run] = yield* Rows.decodeRuns(rows)
        const [number] = yield* Rows.decodeNumbers(rows)
        if (run === undefined || number === undefined) return Option.none()
        const steps = yield* Rows.decodeSteps(
          yield* sql`SELECT step_runs.*, digest, bytes, from_run, from_step, input_digest FROM step_runs
            LEFT JOIN run_artifacts ON run_artifacts.run_id = ${id} AND run_artifacts.step = step_runs.name
            LEFT JOIN step_inputs ON step_inputs.run_id = ${id} AND step_inputs.step = step_runs.name
            LEFT JOIN step_hits ON step_hits.run_id = ${id} AND step_hits.step = step_runs.name
            WHERE ${stepsOf(sql, number)} ORDER BY started_at, number`
        )
        return Option.some<Run>({ ...run, steps })
      })
    )

const makeList =
  ({ read, sql, write }: Access.Access): RunStore["Type"]["list"] =>
  ({ cursor, limit, session, status }) => {
    const size = Math.min(Math.max(Math.trunc(limit), 1), largestPage)
    const conditions = [
      ...(status === undefined ? [] : [sql`status = ${status}`]),
      ...(session === undefined ? [] : [sql`session = ${session}`]),
      ...(cursor !== undefined && isRunId(cursor) ? [sql`id < ${cursor}`] : [])
    ]
    const where = sql`WHERE ${sql.and(conditions)} ORDER BY id DESC LIMIT ${size + 1}`
    const rows = read("runs.list", Effect.flatMap(sql`SELECT ${summary(sql)} FROM runs ${where}`, Rows.decodeSummaries))
    const page = (found: ReadonlyArray<RunSummary>) => {
      const runs = found.slice(0, size)
      return { runs, nextCursor: found.length > size ? runs.at(-1)?.id : undefined }
    }
    return Effect.catchIf(Effect.map(rows, page), isCorrupt, (error) =>
      listReadable({ read, sql, write }, where, size, error)
    )
  }

const summary = (sql: Access.Access["sql"]) =>
  sql.literal("id, idx, name, status, cause, session, started_at, finished_at, execution_millis")

const isCorrupt = ({ reason }: StoreError): boolean => reason === "corrupt"

/** The ids of a page come from an index. A run whose row is in a damaged page is left out, unless all of them are. */
const listReadable = (
  { read, sql }: Access.Access,
  where: Statement.Fragment,
  size: number,
  error: StoreError
): ReturnType<RunStore["Type"]["list"]> =>
  Effect.gen(function* () {
    const all = yield* read("runs.list", Effect.flatMap(sql`SELECT id AS run_id FROM runs ${where}`, Rows.decodeIds))
    const ids = all.slice(0, size)
    const [damaged, found] = yield* Effect.partition(ids, (id) =>
      read("runs.list", Effect.flatMap(sql`SELECT ${summary(sql)} FROM runs WHERE id = ${id}`, Rows.decodeSummaries))
    )
    if (found.length === 0) return yield* error
    yield* Effect.logWarning(`A list of runs leaves out ${damaged.length} whose records are damaged: ${error.message}`)
    return { runs: found.flat(), nextCursor: all.length > size ? ids.at(-1) : undefined }
  })

const makeTotals = ({ read, sql }: Access.Access) => {
  const totals = (operation: string) =>
    read(
      operation,
      Effect.map(
        Effect.flatMap(sql`SELECT name, value FROM totals`, Rows.decodeTotals),
        (rows) => new Map(rows.map(({ name, value }) => [name, value]))
      )
    )
  const of = (all: ReadonlyMap<string, number>, name: RunStatus | "lastIndex") => all.get(name) ?? 0
  return {
    counts: Effect.map(totals("runs.counts"), (all) => ({
      queued: of(all, "queued"),
      running: of(all, "running"),
      succeeded: of(all, "succeeded"),
      failed: of(all, "failed"),
      interrupted: of(all, "interrupted")
    })),
    lastIndex: Effect.map(totals("runs.lastIndex"), (all) => of(all, "lastIndex"))
  } satisfies Partial<RunStore["Type"]>
}

const lostAfterMillis = 10_000

const makeLost = (access: Access.Access, generation: number) => {
  const { sql, write } = access
  const going = sql`status IN ('queued', 'running')`
  const silent = (at: number) => sql`${going} AND generation <> ${generation}
    AND started_at <= ${at - lostAfterMillis}
    AND generation NOT IN (SELECT generation FROM seen WHERE at > ${at - lostAfterMillis})`
  const mark = (at: number, dead: Statement.Fragment) =>
    SqlDurableRuns.markLost(sql, at, sql`(${dead}) AND NOT ${SqlDurableRuns.isLeased(sql)}`)
  const own = sql`${going} AND generation = ${generation}`
  const forget = sql`DELETE FROM cancellations WHERE run_id NOT IN (SELECT id FROM runs WHERE ${going})`
  return {
    cancel: (id) =>
      write(
        "runs.cancel",
        Effect.asVoid(sql`INSERT INTO cancellations (run_id) VALUES (${id}) ON CONFLICT (run_id) DO NOTHING`)
      ),
    cancelled: access.read(
      "runs.cancelled",
      Effect.flatMap(
        sql`SELECT run_id FROM cancellations WHERE run_id IN (SELECT id FROM runs WHERE ${own})`,
        Rows.decodeIds
      )
    ),
    markLost: write(
      "runs.markLost",
      Effect.flatMap(now, (at) => mark(at, sql.or([own, silent(at)])))
    ),
    alive: write(
      "runs.alive",
      Effect.flatMap(now, (at) =>
        Effect.zipRight(
          sql`INSERT INTO seen (generation, at) SELECT ${generation}, ${at} WHERE EXISTS (SELECT 1 FROM runs WHERE ${own})
            ON CONFLICT (generation) DO UPDATE SET at = excluded.at`,
          Effect.zipLeft(mark(at, silent(at)), Effect.zipRight(forget, IdempotencyKeys.expire(access, at)))
        )
      )
    )
  } satisfies Partial<RunStore["Type"]>
}

/**
 * Makes the store of one generation of a deployment, in a database that has the tables of {@link RunsSchema}. A store that
 * only reads may have any generation. Batches pass through the {@link RunWriter} in use.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (generation: number): Effect.Effect<RunStore["Type"], never, SqlClient.SqlClient> =>
  Effect.gen(function* () {
    const access = yield* Access.make("runs")
    const { make } = yield* RunWriter
    const write = yield* make(generation)
    return {
      commit: (batch) => (batch.length === 0 ? Effect.void : access.read("runs.commit", write(batch))),
      find: makeFind(access),
      list: makeList(access),
      ...RunEventPages.make(access),
      ...SqlRunLogs.make(access),
      ...SqlArtifacts.make(access),
      ...SqlStepCache.make(access),
      ...IdempotencyKeys.make(access),
      ...Prune.make(access),
      schedules: SqlScheduleStore.make(access),
      sessions: SqlSessionStore.make(access),
      webhooks: SqlWebhookStore.make(access),
      ...makeTotals(access),
      ...makeLost(access, generation),
      ...SqlDurableRuns.make(access, generation)
    }
  })

/**
 * The run store of one generation; the default will do for a store that only reads.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (generation = 0): Layer.Layer<RunStore, never, SqlClient.SqlClient> =>
  Layer.effect(RunStore, make(generation))
