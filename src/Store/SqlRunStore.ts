/** Runs in a SQL database. Served processes carry this module, so it needs nothing of the registry. */
import type * as SqlClient from "@effect/sql/SqlClient"
import type * as Statement from "@effect/sql/Statement"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Access from "./Access.js"
import { now } from "./Columns.js"
import * as IdempotencyKeys from "./IdempotencyKeys.js"
import * as Prune from "./Prune.js"
import * as Rows from "./RunRows.js"
import { type Run, type RunStatus, RunStore } from "./RunStore.js"
import { stepsPerRun } from "./RunsSchema.js"
import { RunWriter } from "./RunWriter.js"

const largestPage = 1_000
const runId = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

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
          yield* sql`SELECT * FROM step_runs WHERE ${stepsOf(sql, number)} ORDER BY started_at, number`
        )
        return Option.some<Run>({ ...run, steps })
      })
    )

const makeList =
  ({ read, sql }: Access.Access): RunStore["Type"]["list"] =>
  ({ cursor, limit, status }) => {
    const size = Math.min(Math.max(Math.trunc(limit), 1), largestPage)
    const conditions = [
      ...(status === undefined ? [] : [sql`status = ${status}`]),
      ...(cursor !== undefined && runId.test(cursor) ? [sql`id < ${cursor}`] : [])
    ]
    return read(
      "runs.list",
      sql`SELECT * FROM runs WHERE ${sql.and(conditions)} ORDER BY id DESC LIMIT ${size + 1}`.pipe(
        Effect.flatMap(Rows.decodeRuns),
        Effect.map((found) => {
          const runs = found.slice(0, size)
          return { runs, nextCursor: found.length > size ? runs.at(-1)?.id : undefined }
        })
      )
    )
  }

const makeMessages =
  ({ read, sql }: Access.Access): RunStore["Type"]["messages"] =>
  (runId) =>
    read(
      "runs.messages",
      Effect.flatMap(
        sql`SELECT sequence, at, data FROM run_events WHERE run_id = ${runId} ORDER BY sequence`,
        Rows.decodeMessages
      )
    )

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
    Effect.gen(function* () {
      for (const number of yield* Rows.decodeNumbers(yield* sql`SELECT number FROM runs WHERE ${dead}`)) {
        yield* sql`UPDATE step_runs SET status = 'interrupted', finished_at = ${at}
          WHERE status = 'running' AND ${stepsOf(sql, number)}`
      }
      const lost = yield* sql`UPDATE runs SET status = 'interrupted', cause = 'lost', finished_at = ${at}
        WHERE ${dead} RETURNING id`
      return lost.length
    })
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
      messages: makeMessages(access),
      ...IdempotencyKeys.make(access),
      ...Prune.make(access),
      ...makeTotals(access),
      ...makeLost(access, generation)
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
