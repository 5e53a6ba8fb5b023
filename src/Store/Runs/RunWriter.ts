/** The writer behind {@link RunStore} `commit`. */
import * as SqlClient from "@effect/sql/SqlClient"
import { SqlError } from "@effect/sql/SqlError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { transaction } from "../Database/Access.js"
import { greatest } from "../Database/Dialect.js"
import type { Run, RunWrite, StepRun } from "../RunStore.js"
import { idOf } from "../WebhookStore.js"
import type { DurableWrite } from "./DurableRuns.js"
import * as DurableWrites from "./DurableWrites.js"
import { stepsPerRun } from "./RunsSchema.js"
import { Added, kindValue, latest, millis, optionalMillis, optionalText, text } from "./RunValues.js"

/**
 * Stores a batch in one transaction, or fails and stores nothing. A batch is on disk when it succeeds.
 *
 * @category models
 * @since 0.1.0
 */
export type Write = (batch: ReadonlyArray<RunWrite>) => Effect.Effect<void, SqlError>

/**
 * Makes the writer of one generation of a deployment. The default writes through any `SqlClient`; the layers of {@link Runs}
 * for a file put a bare SQLite connection in its place.
 *
 * @category services
 * @since 0.1.0
 */
export class RunWriter extends Context.Reference<RunWriter>()("effect-deployers/Store/RunWriter", {
  defaultValue: (): {
    readonly make: (generation: number) => Effect.Effect<Write, never, SqlClient.SqlClient>
  } => ({ make })
}) {}

/**
 * Makes a writer over any `SqlClient`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (generation: number): Effect.Effect<Write, never, SqlClient.SqlClient> =>
  Effect.map(SqlClient.SqlClient, (client) => {
    const sql = client.withoutTransforms()
    return (batch) => Effect.flatMap(encoded(batch), (rows) => transaction(sql)(writeRows(sql, generation, rows)))
  })

// internal

type Sql = SqlClient.SqlClient

/** Rows of one statement: SQLite takes 32,766 parameters at most. */
const rowsAtOnce = 500

const runRow = (run: Run) => ({
  name: run.name,
  status: run.status,
  cause: run.cause ?? null,
  parameters: text(run.parameters),
  outputs: optionalText(run.outputs),
  error: optionalText(run.error),
  started_at: millis(run.startedAt),
  finished_at: optionalMillis(run.finishedAt),
  execution_millis: run.executionTimeMillis ?? null
})

const stepRow = (step: StepRun) => ({
  name: step.name,
  status: step.status,
  attempts: step.attempts,
  outputs: optionalText(step.outputs),
  error: optionalText(step.error),
  started_at: millis(step.startedAt),
  finished_at: optionalMillis(step.finishedAt),
  execution_millis: step.executionTimeMillis ?? null,
  started_sequence: step.startedSequence ?? null,
  finished_sequence: step.finishedSequence ?? null
})

const messageRow = ({ at, data, kind, runId, sequence }: Extract<RunWrite, { readonly _tag: "Message" }>) => ({
  run_id: runId,
  sequence,
  at: Math.trunc(at),
  data: text(data),
  kind: kindValue(kind)
})

const lineRow = ({ at, data, level, runId, sequence }: Extract<RunWrite, { readonly _tag: "Log" }>) => ({
  run_id: runId,
  sequence,
  at: Math.trunc(at),
  level,
  data: text(data)
})

const outputRow = ({ expiresAt, key, output, runId, step }: Extract<RunWrite, { readonly _tag: "CacheOutput" }>) => ({
  cache_key: key,
  run_id: runId,
  step,
  output: text(output),
  expires_at: expiresAt ?? null
})

const hitRow = ({ from, runId, step }: Extract<RunWrite, { readonly _tag: "CacheHit" }>) => ({
  run_id: runId,
  step,
  from_run: from.runId,
  from_step: from.step
})

const artifactRow = ({ artifact, runId, step }: Extract<RunWrite, { readonly _tag: "Artifact" }>) => ({
  run_id: runId,
  step,
  digest: artifact.digest,
  bytes: artifact.bytes
})

const deliveryRow = ({ runId, url, webhook }: Extract<RunWrite, { readonly _tag: "Delivery" }>) => ({
  id: idOf(runId, webhook),
  run_id: runId,
  webhook,
  url: url ?? null,
  state: "pending",
  attempts: 0,
  token: 0,
  due_at: 0
})

/** Values that are no JSON are found before anything is written. */
const encoded = (batch: ReadonlyArray<RunWrite>) =>
  Effect.try({
    try: () => ({
      runs: Array.from(latest(batch), (run) => ({
        run,
        row: runRow(run),
        steps: (run.steps ?? []).slice(0, stepsPerRun).map(stepRow)
      })),
      steps: batch.flatMap((write) =>
        write._tag === "Step" && write.position < stepsPerRun ? [{ ...write, row: stepRow(write.step) }] : []
      ),
      messages: batch.flatMap((write) => (write._tag === "Message" ? [messageRow(write)] : [])),
      lines: batch.flatMap((write) => (write._tag === "Log" ? [lineRow(write)] : [])),
      outputs: batch.flatMap((write) => (write._tag === "CacheOutput" ? [outputRow(write)] : [])),
      inputs: batch.flatMap((write) =>
        write._tag === "Input" ? [{ run_id: write.runId, step: write.step, input_digest: write.digest }] : []
      ),
      hits: batch.flatMap((write) => (write._tag === "CacheHit" ? [hitRow(write)] : [])),
      artifacts: batch.flatMap((write) => (write._tag === "Artifact" ? [artifactRow(write)] : [])),
      answers: batch.flatMap((write) =>
        write._tag === "Answer" ? [{ ...write, headers: optionalText(write.headers) }] : []
      ),
      responses: batch.flatMap((write) =>
        write._tag === "Response" ? [{ runId: write.runId, response: text(write.response) }] : []
      ),
      deliveries: batch.flatMap((write) => (write._tag === "Delivery" ? [deliveryRow(write)] : [])),
      durable: batch.filter(isDurable)
    }),
    catch: (cause) => new SqlError({ cause, message: "A run cannot be stored as JSON" })
  })

type Rows = Effect.Effect.Success<ReturnType<typeof encoded>>

const isDurable = (write: RunWrite): write is DurableWrite =>
  write._tag === "Lease" || write._tag === "Entry" || write._tag === "Release"

const writeRows = (sql: Sql, generation: number, rows: Rows) =>
  Effect.gen(function* () {
    const { answers, artifacts, deliveries, durable, hits, inputs, lines, messages, outputs, responses, runs, steps } =
      rows
    const added = new Added()
    for (const { row, run, steps } of runs) {
      const number = yield* writeRun(sql, generation, run, row, added)
      if (number !== undefined) yield* writeSteps(sql, number, steps)
    }
    for (const { position, row, runId } of steps) yield* writeStep(sql, runId, position, row)
    for (const some of inParts(messages)) {
      yield* sql`INSERT INTO run_events ${sql.insert(some)} ON CONFLICT (run_id, sequence) DO NOTHING`
    }
    for (const row of outputs) {
      const { cache_key: _, ...replaced } = row
      yield* sql`INSERT INTO step_cache ${sql.insert(row)} ON CONFLICT (cache_key) DO UPDATE SET ${sql.update(replaced)}`
    }
    for (const some of inParts(inputs)) {
      yield* sql`INSERT INTO step_inputs ${sql.insert(some)} ON CONFLICT (run_id, step) DO NOTHING`
    }
    for (const some of inParts(hits)) {
      yield* sql`INSERT INTO step_hits ${sql.insert(some)} ON CONFLICT (run_id, step) DO NOTHING`
    }
    for (const some of inParts(artifacts)) {
      yield* sql`INSERT INTO run_artifacts ${sql.insert(some)} ON CONFLICT (run_id, step) DO NOTHING`
    }
    for (const some of inParts(lines)) {
      yield* sql`INSERT INTO run_logs ${sql.insert(some)} ON CONFLICT (run_id, sequence) DO NOTHING`
    }
    for (const some of inParts(deliveries)) {
      yield* sql`INSERT INTO webhook_deliveries ${sql.insert(some)} ON CONFLICT (id) DO NOTHING`
    }
    for (const { body, headers, key, runId, status } of answers) {
      yield* sql`UPDATE claims SET status = ${status}, body = ${body}, headers = ${headers}
        WHERE key = ${key} AND run_id = ${runId}`
    }
    for (const { response, runId } of responses) {
      yield* sql`UPDATE runs SET response = ${response} WHERE id = ${runId}`
    }
    yield* Effect.forEach(durable, DurableWrites.onClient(sql), { discard: true })
    yield* writeTotals(sql, added)
  })

/** Returns the number of the run, or nothing for a run that ended before and stays as it is. */
const writeRun = (sql: Sql, generation: number, run: Run, row: ReturnType<typeof runRow>, added: Added) =>
  Effect.gen(function* () {
    type Numbered = { readonly number: number }
    const values = { id: run.id, idx: run.index, generation, session: run.session ?? null, ...row }
    const [inserted] = yield* sql<Numbered>`INSERT INTO runs ${sql.insert(values)}
      ON CONFLICT (id) DO NOTHING RETURNING number`
    if (inserted !== undefined) {
      added.add(run)
      return inserted.number
    }
    // The generation, the index and the session stay as they were when the run was first written.
    const [updated] = yield* sql<Numbered>`UPDATE runs SET ${sql.update(row)}
      WHERE id = ${run.id} AND status IN ('queued', 'running') RETURNING number`
    return updated?.number
  })

const stepColumns = [
  ...["name", "status", "attempts", "outputs", "error", "started_at", "finished_at", "execution_millis"],
  ...["started_sequence", "finished_sequence"]
]
const replaced = stepColumns.map((column) => `${column} = excluded.${column}`).join(", ")

const writeSteps = (sql: Sql, run: number, steps: ReadonlyArray<ReturnType<typeof stepRow>>) =>
  Effect.forEach(
    inParts(steps.map((step, position) => ({ number: run * stepsPerRun + position, ...step }))),
    (some) =>
      sql`INSERT INTO step_runs ${sql.insert(some)} ON CONFLICT (number) DO UPDATE SET ${sql.literal(replaced)}`,
    { discard: true }
  )

const writeStep = (sql: Sql, runId: string, position: number, row: ReturnType<typeof stepRow>) =>
  Effect.gen(function* () {
    const [run] = yield* sql<{ readonly number: number }>`SELECT number FROM runs
      WHERE id = ${runId} AND status IN ('queued', 'running')`
    if (run === undefined) return
    yield* sql`INSERT INTO step_runs ${sql.insert({ number: Number(run.number) * stepsPerRun + position, ...row })}
      ON CONFLICT (number) DO UPDATE SET ${sql.literal(replaced)}`
  })

const writeTotals = (sql: Sql, { byStatus, lastIndex }: Added) =>
  Effect.forEach(
    byStatus,
    ([status, count]) => sql`UPDATE totals
      SET value = CASE name WHEN 'lastIndex' THEN ${greatest(sql, sql`value`, sql`${lastIndex}`)} ELSE value + ${count} END
      WHERE name IN ('lastIndex', ${status})`,
    { discard: true }
  )

const inParts = <A>(rows: ReadonlyArray<A>): ReadonlyArray<ReadonlyArray<A>> =>
  Array.from({ length: Math.ceil(rows.length / rowsAtOnce) }, (_, part) =>
    rows.slice(part * rowsAtOnce, (part + 1) * rowsAtOnce)
  )
