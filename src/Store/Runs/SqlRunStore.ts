/** Runs in a SQL database. Served processes carry this module, so it needs nothing of the registry. */
import type * as SqlClient from "@effect/sql/SqlClient"
import type * as Statement from "@effect/sql/Statement"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { RunId } from "../../Contract/RunRecord.js"
import type { StoreError } from "../../Errors/Stores.js"
import { type Run, type RunStatus, RunStore, type RunSummary } from "../RunStore.js"
import * as IdempotencyKeys from "./IdempotencyKeys.js"
import * as Prune from "./Prune.js"
import * as RunEventPages from "./RunEventPages.js"
import * as Rows from "./RunRows.js"
import * as RunTables from "./RunTables.js"
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

const makeFind =
  ({ from, read, runNumber, sql, stepsOf }: RunTables.RunAccess): RunStore["Type"]["find"] =>
  (id, options = {}) =>
    read(
      "runs.find",
      Effect.gen(function* () {
        const decode = Rows.decodersOf(options)
        const rows = yield* sql`SELECT runs.*, ${runNumber} AS number FROM ${from("runs")} WHERE id = ${id}`
        const [run] = yield* decode.runs(rows)
        const [number] = yield* Rows.decodeNumbers(rows)
        if (run === undefined || number === undefined) return Option.none()
        const steps = yield* decode.steps(
          yield* sql`SELECT step_runs.*, digest, bytes, from_run, from_step, input_digest
            FROM (SELECT * FROM ${from("step_runs")} WHERE ${stepsOf({ id, number })}) AS step_runs
            LEFT JOIN ${from("run_artifacts")} ON run_artifacts.run_id = ${id} AND run_artifacts.step = step_runs.name
            LEFT JOIN ${from("step_inputs")} ON step_inputs.run_id = ${id} AND step_inputs.step = step_runs.name
            LEFT JOIN ${from("step_hits")} ON step_hits.run_id = ${id} AND step_hits.step = step_runs.name
            ORDER BY started_at, number`
        )
        return Option.some<Run>({ ...run, steps })
      })
    )

const makeList =
  ({ from, read, sql }: RunTables.RunAccess): RunStore["Type"]["list"] =>
  ({ cursor, limit, session, status }) => {
    const size = Math.min(Math.max(Math.trunc(limit), 1), largestPage)
    const conditions = [
      ...(status === undefined ? [] : [sql`status = ${status}`]),
      ...(session === undefined ? [] : [sql`session = ${session}`]),
      ...(cursor !== undefined && isRunId(cursor) ? [sql`id < ${cursor}`] : [])
    ]
    const where = sql`WHERE ${sql.and(conditions)} ORDER BY id DESC LIMIT ${size + 1}`
    const runs = from("runs")
    const rows = read(
      "runs.list",
      Effect.flatMap(sql`SELECT ${summary(sql)} FROM ${runs} ${where}`, Rows.decodeSummaries)
    )
    const page = (found: ReadonlyArray<RunSummary>) => {
      const runs = found.slice(0, size)
      return { runs, nextCursor: found.length > size ? runs.at(-1)?.id : undefined }
    }
    return Effect.catchIf(Effect.map(rows, page), isCorrupt, (error) =>
      listReadable({ read, sql }, runs, where, size, error)
    )
  }

const summary = (sql: RunTables.RunAccess["sql"]) =>
  sql.literal("id, idx, name, status, cause, session, started_at, finished_at, execution_millis")

const isCorrupt = ({ reason }: StoreError): boolean => reason === "corrupt"

/** The ids of a page come from an index. A run whose row is in a damaged page is left out, unless all of them are. */
const listReadable = (
  { read, sql }: Pick<RunTables.RunAccess, "read" | "sql">,
  runs: Statement.Fragment,
  where: Statement.Fragment,
  size: number,
  error: StoreError
): ReturnType<RunStore["Type"]["list"]> =>
  Effect.gen(function* () {
    const all = yield* read("runs.list", Effect.flatMap(sql`SELECT id AS run_id FROM ${runs} ${where}`, Rows.decodeIds))
    const ids = all.slice(0, size)
    const [damaged, found] = yield* Effect.partition(ids, (id) =>
      read("runs.list", Effect.flatMap(sql`SELECT ${summary(sql)} FROM ${runs} WHERE id = ${id}`, Rows.decodeSummaries))
    )
    if (found.length === 0) return yield* error
    yield* Effect.logWarning(`A list of runs leaves out ${damaged.length} whose records are damaged: ${error.message}`)
    return { runs: found.flat(), nextCursor: all.length > size ? ids.at(-1) : undefined }
  })

/** A store of several processes has totals of each of them. */
const makeTotals = ({ from, read, sql }: RunTables.RunAccess) => {
  const totals = (operation: string) =>
    read(
      operation,
      Effect.map(
        Effect.flatMap(
          sql`SELECT name, CASE name WHEN 'lastIndex' THEN MAX(value) ELSE SUM(value) END AS value
            FROM ${from("totals")} GROUP BY name`,
          Rows.decodeTotals
        ),
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

const makeLost = (access: RunTables.RunAccess, generation: number) => {
  const { from, into, key, mine, owner, read, sql, write } = access
  const going = sql`status IN ('queued', 'running')`
  const own = sql`${going} AND generation = ${generation}`
  const silent = (at: Statement.Fragment) => SqlDurableRuns.silent(access, generation, at, lostAfterMillis)
  const markLost = (dead: Statement.Fragment) =>
    Effect.flatMap(access.now, (now) =>
      SqlDurableRuns.markLost(access, now, sql`(${dead}) AND NOT ${SqlDurableRuns.isLeased(access)}`)
    )
  const forget = sql`DELETE FROM ${into("cancellations")} WHERE ${mine}
    AND run_id NOT IN (SELECT id FROM ${from("runs")} WHERE ${going})`
  return {
    cancel: (id) =>
      write(
        "runs.cancel",
        Effect.asVoid(sql`INSERT INTO ${into("cancellations")} ${sql.insert({ ...owner, run_id: id })}
          ON CONFLICT ${key("run_id")} DO NOTHING`)
      ),
    cancelled: read(
      "runs.cancelled",
      Effect.flatMap(
        sql`SELECT run_id FROM ${from("cancellations")} WHERE run_id IN (SELECT id FROM ${from("runs")} WHERE ${own})`,
        Rows.decodeIds
      )
    ),
    markLost: write(
      "runs.markLost",
      Effect.flatMap(access.leaseTime, (at) => markLost(sql.or([sql`(${own})`, sql`(${silent(at)})`])))
    ),
    alive: write(
      "runs.alive",
      Effect.flatMap(access.leaseTime, (at) =>
        Effect.zipRight(
          access.beat(generation, at, own),
          Effect.zipLeft(
            markLost(silent(at)),
            Effect.zipRight(
              forget,
              Effect.flatMap(access.now, (now) => IdempotencyKeys.expire(access, now))
            )
          )
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
    const access = yield* RunTables.make
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
