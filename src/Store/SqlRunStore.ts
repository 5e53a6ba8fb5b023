/**
 * Runs in a SQL database. Served processes carry this module, so it needs nothing of the registry.
 *
 * @since 0.1.0
 */
import type * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { StoreError } from "../Errors/Stores.js"
import * as Access from "./Access.js"
import { now } from "./Columns.js"
import * as Rows from "./RunRows.js"
import { type Run, type RunStatus, RunStore } from "./RunStore.js"

const largestChunk = 128
const largestPage = 1_000
const runId = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Chunks with a power of two of rows, so that a handful of prepared statements serves batches of every size. */
const chunked = <Row>(rows: ReadonlyArray<Row>): ReadonlyArray<ReadonlyArray<Row>> => {
  const chunks: Array<ReadonlyArray<Row>> = []
  for (let start = 0; start < rows.length; ) {
    const size = Math.min(largestChunk, 2 ** Math.floor(Math.log2(rows.length - start)))
    chunks.push(rows.slice(start, start + size))
    start += size
  }
  return chunks
}

const upsertRuns = (sql: SqlClient.SqlClient, rows: ReadonlyArray<Rows.RunColumns>) =>
  sql<{ readonly id: string }>`INSERT INTO runs ${sql.insert(rows)}
    ON CONFLICT (id) DO UPDATE SET
      name = excluded.name, status = excluded.status, cause = excluded.cause, parameters = excluded.parameters,
      outputs = excluded.outputs, error = excluded.error, started_at = excluded.started_at,
      finished_at = excluded.finished_at, execution_millis = excluded.execution_millis
    WHERE runs.status IN ('queued', 'running')
    RETURNING id`

const upsertSteps = (sql: SqlClient.SqlClient, rows: ReadonlyArray<Rows.StepColumns>) =>
  sql`INSERT INTO step_runs ${sql.insert(rows)}
    ON CONFLICT (run_id, position) DO UPDATE SET
      name = excluded.name, status = excluded.status, attempts = excluded.attempts, outputs = excluded.outputs,
      error = excluded.error, started_at = excluded.started_at, finished_at = excluded.finished_at,
      execution_millis = excluded.execution_millis`

const insertMessages = (sql: SqlClient.SqlClient, rows: ReadonlyArray<Rows.MessageColumns>) =>
  sql`INSERT INTO run_events ${sql.insert(rows)} ON CONFLICT (run_id, sequence) DO NOTHING`

const eachChunk = <Row, A>(
  rows: ReadonlyArray<Row>,
  store: (chunk: ReadonlyArray<Row>) => Effect.Effect<ReadonlyArray<A>, SqlError>
): Effect.Effect<ReadonlyArray<A>, SqlError> =>
  Effect.map(Effect.forEach(chunked(rows), store), (results) => results.flat())

/** Steps follow only the runs whose rows were written: those of a run that ended before stay as they are. */
const storeBatch = (sql: SqlClient.SqlClient, batch: Rows.Batch): Effect.Effect<void, SqlError> =>
  Effect.gen(function* () {
    const accepted = yield* eachChunk(batch.runs, (chunk) => upsertRuns(sql, chunk))
    const steps = accepted.flatMap(({ id }) => batch.steps.get(id) ?? [])
    yield* eachChunk(steps, (chunk) => upsertSteps(sql, chunk))
    yield* eachChunk(batch.messages, (chunk) => insertMessages(sql, chunk))
  })

const makeCommit =
  ({ sql, write }: Access.Access): RunStore["Type"]["commit"] =>
  (batch) =>
    batch.length === 0
      ? Effect.void
      : Effect.flatMap(
          Effect.try({
            try: () => Rows.encodeBatch(batch),
            catch: (cause) => new StoreError({ store: "runs", operation: "runs.commit", reason: "query", cause })
          }),
          (encoded) => write("runs.commit", storeBatch(sql, encoded))
        )

const makeFind =
  ({ read, sql }: Access.Access): RunStore["Type"]["find"] =>
  (id) =>
    read(
      "runs.find",
      Effect.gen(function* () {
        const [run] = yield* Rows.decodeRuns(yield* sql`SELECT * FROM runs WHERE id = ${id}`)
        if (run === undefined) return Option.none()
        const steps = yield* Rows.decodeSteps(
          yield* sql`SELECT * FROM step_runs WHERE run_id = ${id} ORDER BY started_at, position`
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

const makeMarkLost = ({ sql, write }: Access.Access): RunStore["Type"]["markLost"] =>
  write(
    "runs.markLost",
    Effect.gen(function* () {
      const at = yield* now
      yield* sql`UPDATE step_runs SET status = 'interrupted', finished_at = ${at}
        WHERE status = 'running' AND run_id IN (SELECT id FROM runs WHERE status = 'running')`
      const lost = yield* sql`UPDATE runs SET status = 'interrupted', cause = 'lost', finished_at = ${at}
        WHERE status = 'running' RETURNING id`
      return lost.length
    })
  )

/**
 * @category constructors
 * @since 0.1.0
 */
export const make: Effect.Effect<RunStore["Type"], never, SqlClient.SqlClient> = Effect.map(
  Access.make("runs"),
  (access) => ({
    commit: makeCommit(access),
    find: makeFind(access),
    list: makeList(access),
    messages: (runId) =>
      access.read(
        "runs.messages",
        Effect.flatMap(
          access.sql`SELECT sequence, at, data FROM run_events WHERE run_id = ${runId} ORDER BY sequence`,
          Rows.decodeMessages
        )
      ),
    ...makeTotals(access),
    markLost: makeMarkLost(access)
  })
)

/**
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<RunStore, never, SqlClient.SqlClient> = Layer.effect(RunStore, make)
