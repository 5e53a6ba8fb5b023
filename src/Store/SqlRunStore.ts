/**
 * Runs in a SQL database. Served processes carry this module, so it needs nothing of the registry.
 *
 * @since 0.1.0
 */
import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import type * as Statement from "@effect/sql/Statement"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { StoreError } from "../Errors/Stores.js"
import * as Access from "./Access.js"
import { now } from "./Columns.js"
import * as Rows from "./RunRows.js"
import { type Run, type RunStatus, RunStore, type RunWrite } from "./RunStore.js"

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

/**
 * Inserts rows in chunks over the transaction's own connection. The text for each chunk size is compiled once: this is
 * the path of every run.
 */
const inserter = <Row extends object, A = never>(
  statement: (rows: ReadonlyArray<Row>) => Statement.Statement<A>
): ((rows: ReadonlyArray<Row>) => Effect.Effect<ReadonlyArray<A>, SqlError, SqlClient.TransactionConnection>) => {
  const texts = new Map<number, string>()
  const textFor = (chunk: ReadonlyArray<Row>): string => {
    const text = texts.get(chunk.length) ?? statement(chunk).compile()[0]
    texts.set(chunk.length, text)
    return text
  }
  return (rows) =>
    Effect.flatMap(SqlClient.TransactionConnection, ([connection]) =>
      Effect.map(
        Effect.forEach(chunked(rows), (chunk) =>
          connection.execute(textFor(chunk), chunk.flatMap(Object.values), undefined)
        ),
        (results) => results.flat()
      )
    )
}

/** Whose run it is: that stays what it was when the run was first written. */
type OwnedRun = Rows.RunColumns & { readonly generation: number }

const makeInserters = (sql: SqlClient.SqlClient) => ({
  runs: inserter(
    (rows: ReadonlyArray<OwnedRun>) => sql<{ readonly id: string }>`INSERT INTO runs ${sql.insert(rows)}
      ON CONFLICT (id) DO UPDATE SET
        name = excluded.name, status = excluded.status, cause = excluded.cause, parameters = excluded.parameters,
        outputs = excluded.outputs, error = excluded.error, started_at = excluded.started_at,
        finished_at = excluded.finished_at, execution_millis = excluded.execution_millis
      WHERE runs.status IN ('queued', 'running')
      RETURNING id`
  ),
  steps: inserter(
    (rows: ReadonlyArray<Rows.StepColumns>) => sql`INSERT INTO step_runs ${sql.insert(rows)}
      ON CONFLICT (run_id, position) DO UPDATE SET
        name = excluded.name, status = excluded.status, attempts = excluded.attempts, outputs = excluded.outputs,
        error = excluded.error, started_at = excluded.started_at, finished_at = excluded.finished_at,
        execution_millis = excluded.execution_millis`
  ),
  messages: inserter(
    (rows: ReadonlyArray<Rows.MessageColumns>) =>
      sql`INSERT INTO run_events ${sql.insert(rows)} ON CONFLICT (run_id, sequence) DO NOTHING`
  )
})

/** Steps follow only the runs whose rows were written: those of a run that ended before stay as they are. */
const makeStoreBatch = (sql: SqlClient.SqlClient, generation: number) => {
  const insert = makeInserters(sql)
  return (batch: Rows.Batch) =>
    insert.runs(batch.runs.map((run) => ({ ...run, generation }))).pipe(
      Effect.flatMap((accepted) => insert.steps(accepted.flatMap(({ id }) => batch.steps.get(id) ?? []))),
      Effect.zipRight(insert.messages(batch.messages))
    )
}

const makeCommit = ({ sql, write }: Access.Access, generation: number): RunStore["Type"]["commit"] => {
  const storeBatch = makeStoreBatch(sql, generation)
  const encode = (batch: ReadonlyArray<RunWrite>) =>
    Effect.try({
      try: () => Rows.encodeBatch(batch),
      catch: (cause) => new StoreError({ store: "runs", operation: "runs.commit", reason: "query", cause })
    })
  return (batch) =>
    batch.length === 0
      ? Effect.void
      : Effect.flatMap(encode(batch), (encoded) => Effect.asVoid(write("runs.commit", storeBatch(encoded))))
}

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

const lostAfterMillis = 10_000

const makeLost = ({ sql, write }: Access.Access, generation: number) => {
  const silent = (at: number) => sql`status = 'running' AND generation <> ${generation}
    AND started_at <= ${at - lostAfterMillis}
    AND generation NOT IN (SELECT generation FROM seen WHERE at > ${at - lostAfterMillis})`
  const mark = (at: number, dead: Statement.Fragment) =>
    Effect.gen(function* () {
      yield* sql`UPDATE step_runs SET status = 'interrupted', finished_at = ${at}
        WHERE status = 'running' AND run_id IN (SELECT id FROM runs WHERE ${dead})`
      const lost = yield* sql`UPDATE runs SET status = 'interrupted', cause = 'lost', finished_at = ${at}
        WHERE ${dead} RETURNING id`
      return lost.length
    })
  const own = sql`status = 'running' AND generation = ${generation}`
  return {
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
          mark(at, silent(at))
        )
      )
    )
  } satisfies Partial<RunStore["Type"]>
}

/**
 * Makes the store of one generation of a deployment; the generation does not matter to who only reads.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (generation: number): Effect.Effect<RunStore["Type"], never, SqlClient.SqlClient> =>
  Effect.map(Access.make("runs"), (access) => ({
    commit: makeCommit(access, generation),
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
    ...makeLost(access, generation)
  }))

/**
 * @category layers
 * @since 0.1.0
 */
export const layer = (generation = 0): Layer.Layer<RunStore, never, SqlClient.SqlClient> =>
  Layer.effect(RunStore, make(generation))
