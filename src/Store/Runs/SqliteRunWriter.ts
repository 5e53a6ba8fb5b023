/**
 * The writer of a run store in a SQLite file: a bare connection of its own beside the client. It is on the path of every
 * run, so values pass from the run into prepared statements, and no row is made of them in between.
 */
import * as SqlClient from "@effect/sql/SqlClient"
import { SqlError } from "@effect/sql/SqlError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { memoize } from "../../Internal/Memoize.js"
import { Database } from "../Database/Access.js"
import { classify } from "../Database/SqlFailure.js"
import { type Bare, nativeWaitMillis, openBare, type Prepared } from "../Database/SqliteConnection.js"
import type { Run, RunWrite, StepRun } from "../RunStore.js"
import { idOf } from "../WebhookStore.js"
import * as DurableWrites from "./DurableWrites.js"
import { stepsPerRun } from "./RunsSchema.js"
import { Added, kindValue, latest, millis, optionalMillis, optionalText, text } from "./RunValues.js"
import * as RunWriter from "./RunWriter.js"

/** See {@link layer}; `openBare` opens the connections. */
export const layerWith = (
  openBare: (path: string) => Bare
): Layer.Layer<RunWriter.RunWriter, never, SqlClient.SqlClient> =>
  Layer.scoped(
    RunWriter.RunWriter,
    Effect.gen(function* () {
      const { path } = yield* Database
      if (path === undefined) return { make: RunWriter.make }
      const opened: Array<Bare> = []
      yield* Effect.addFinalizer(() => Effect.forEach(opened, (connection) => Effect.sync(() => connection.close())))
      const open = () => {
        const connection = openBare(path)
        opened.push(connection)
        return connection
      }
      return {
        make: (generation) =>
          Effect.zipWith(SqlClient.SqlClient, RunWriter.make(generation), (sql, withinTransaction) =>
            inTurn(sql, withinTransaction, writerOf(open, generation))
          )
      }
    })
  )

/**
 * Writers over bare connections to the file of the client in use; a database in memory keeps the default writer. A
 * connection opens with the first batch, so that reading opens none, and closes with the layer.
 *
 * **Details**
 *
 * A batch never blocks the process while a transaction of the same process holds the lock: the connection tries at once,
 * and on a locked database it takes its turn after the client's transaction. Only then SQLite waits, for other processes.
 * Within a transaction of the caller the batch is a part of that.
 */
export const layer: Layer.Layer<RunWriter.RunWriter, never, SqlClient.SqlClient> = layerWith((path) => openBare(path))

/**
 * The same without a wait for the disk: a batch has reached the file when it succeeds, so it outlives the process, and a loss
 * of power may lose the last ones.
 */
export const layerRelaxed: Layer.Layer<RunWriter.RunWriter, never, SqlClient.SqlClient> = layerWith((path) =>
  openBare(path, "NORMAL")
)

// internal

const inTurn = (sql: SqlClient.SqlClient, withinTransaction: RunWriter.Write, write: WriteNow): RunWriter.Write => {
  const isWithin = (context: Context.Context<never>) =>
    Option.isSome(Context.getOption(context, SqlClient.TransactionConnection))
  const afterOthers = (batch: ReadonlyArray<RunWrite>) =>
    Effect.scoped(
      Effect.zipRight(
        sql.reserve,
        Effect.suspend(() => write(batch, nativeWaitMillis))
      )
    )
  return (batch) =>
    Effect.contextWithEffect((context: Context.Context<never>) => {
      if (isWithin(context)) return withinTransaction(batch)
      const tried = write(batch, 0)
      return Either.isLeft(tried) && classify(tried.left) === "busy" ? afterOthers(batch) : tried
    })
}

type WriteNow = (batch: ReadonlyArray<RunWrite>, waitMillis: number) => Either.Either<void, SqlError>

const writerOf = (open: () => Bare, generation: number): WriteNow => {
  let connection: Bare | undefined
  let write: ReturnType<typeof compile> | undefined
  let wait = nativeWaitMillis
  return (batch, waitMillis) =>
    Either.try({
      try: () => {
        connection ??= open()
        write ??= compile(connection, generation)
        if (wait !== waitMillis) connection.pragma(`busy_timeout = ${waitMillis}`)
        wait = waitMillis
        write(batch)
      },
      catch: (cause) => new SqlError({ cause, message: "SQLite cannot store the batch" })
    })
}

/**
 * Makes a function that stores a batch in one transaction, or throws and stores nothing. It throws what SQLite throws, and
 * what `JSON.stringify` throws for values that are no JSON.
 *
 * The types of a `Run` say what the tables check, so this connection leaves the checks out: they took a fifth of
 * SQLite's time for a run. The totals of new runs are added once for the batch.
 */
const compile = (connection: Bare, generation: number): ((batch: ReadonlyArray<RunWrite>) => void) => {
  connection.pragma("ignore_check_constraints = ON")
  const statements = prepare(connection)
  const durable = memoize(() => DurableWrites.onBare(connection))
  return connection.transaction((batch: ReadonlyArray<RunWrite>) => {
    const added = new Added()
    for (const run of latest(batch)) {
      const number = writeRun(statements, run, generation, added)
      if (number !== undefined && run.steps !== undefined) writeSteps(statements.step, number, run.steps)
    }
    for (const write of batch) {
      if (write._tag === "Message") writeMessage(statements.message, write)
      else if (write._tag === "Step") writeStep(statements, write)
      else if (write._tag === "CacheOutput") writeOutput(statements.output, write)
      else if (write._tag === "CacheHit") statements.hit.run(write.runId, write.step, write.from.runId, write.from.step)
      else if (write._tag === "Input") statements.input.run(write.runId, write.step, write.digest)
      else if (write._tag === "Artifact") writeArtifact(statements.artifact, write)
      else if (write._tag === "Log") writeLine(statements.line, write)
      else if (write._tag === "Answer") {
        statements.answer.run(write.status, write.body, optionalText(write.headers), write.key, write.runId)
      } else if (write._tag === "Response") statements.response.run(text(write.response), write.runId)
      else if (write._tag === "Delivery") {
        statements.delivery.run(idOf(write.runId, write.webhook), write.runId, write.webhook, write.url ?? null)
      } else if (write._tag !== "Run") durable()(write)
    }
    for (const [status, count] of added.byStatus) statements.totals.run(added.lastIndex, count, status)
  }).immediate
}

const prepare = (connection: Bare) => ({
  insertRun: connection.prepare(
    `INSERT INTO runs (id, idx, generation, session, name, status, cause, parameters, outputs, error, started_at,
      finished_at, execution_millis)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`
  ),
  // The generation, the index and the session stay as they were when the run was first written.
  updateRun: connection.prepare<{ readonly number: number }>(
    `UPDATE runs SET name = ?, status = ?, cause = ?, parameters = ?, outputs = ?, error = ?, started_at = ?,
      finished_at = ?, execution_millis = ?
    WHERE id = ? AND status IN ('queued', 'running') RETURNING number`
  ),
  step: connection.prepare(
    `INSERT INTO step_runs (number, name, status, attempts, outputs, error, started_at, finished_at, execution_millis,
      started_sequence, finished_sequence)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (number) DO UPDATE SET
      name = excluded.name, status = excluded.status, attempts = excluded.attempts, outputs = excluded.outputs,
      error = excluded.error, started_at = excluded.started_at, finished_at = excluded.finished_at,
      execution_millis = excluded.execution_millis, started_sequence = excluded.started_sequence,
      finished_sequence = excluded.finished_sequence`
  ),
  going: connection.prepare<{ readonly number: number }>(
    "SELECT number FROM runs WHERE id = ? AND status IN ('queued', 'running')"
  ),
  message: connection.prepare(
    `INSERT INTO run_events (run_id, sequence, at, data, kind) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (run_id, sequence) DO NOTHING`
  ),
  output: connection.prepare(
    `INSERT INTO step_cache (cache_key, run_id, step, output, expires_at) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (cache_key) DO UPDATE SET run_id = excluded.run_id, step = excluded.step, output = excluded.output,
      expires_at = excluded.expires_at`
  ),
  input: connection.prepare(
    "INSERT INTO step_inputs (run_id, step, input_digest) VALUES (?, ?, ?) ON CONFLICT (run_id, step) DO NOTHING"
  ),
  hit: connection.prepare(
    "INSERT INTO step_hits (run_id, step, from_run, from_step) VALUES (?, ?, ?, ?) ON CONFLICT (run_id, step) DO NOTHING"
  ),
  artifact: connection.prepare(
    "INSERT INTO run_artifacts (run_id, step, digest, bytes) VALUES (?, ?, ?, ?) ON CONFLICT (run_id, step) DO NOTHING"
  ),
  line: connection.prepare(
    `INSERT INTO run_logs (run_id, sequence, at, level, data) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (run_id, sequence) DO NOTHING`
  ),
  answer: connection.prepare("UPDATE claims SET status = ?, body = ?, headers = ? WHERE key = ? AND run_id = ?"),
  response: connection.prepare("UPDATE runs SET response = ? WHERE id = ?"),
  delivery: connection.prepare(
    `INSERT INTO webhook_deliveries (id, run_id, webhook, url, state, attempts, token, due_at)
    VALUES (?, ?, ?, ?, 'pending', 0, 0, 0) ON CONFLICT (id) DO NOTHING`
  ),
  totals: connection.prepare(
    `UPDATE totals SET value = CASE name WHEN 'lastIndex' THEN max(value, ?) ELSE value + ? END
    WHERE name IN ('lastIndex', ?)`
  )
})

const stateValues = (run: Run) =>
  [
    run.name,
    run.status,
    run.cause ?? null,
    text(run.parameters),
    optionalText(run.outputs),
    optionalText(run.error),
    millis(run.startedAt),
    optionalMillis(run.finishedAt),
    run.executionTimeMillis ?? null
  ] as const

type Statements = ReturnType<typeof prepare>

/** Returns the number of the run, or nothing for a run that ended before and stays as it is. */
const writeRun = (statements: Statements, run: Run, generation: number, added: Added): number | undefined => {
  const state = stateValues(run)
  const { changes, lastInsertRowid } = statements.insertRun.run(
    run.id,
    run.index,
    generation,
    run.session ?? null,
    ...state
  )
  if (changes === 0) return statements.updateRun.get(...state, run.id)?.number
  added.add(run)
  return Number(lastInsertRowid)
}

const writeSteps = (statement: Prepared, run: number, steps: ReadonlyArray<StepRun>): void => {
  let number = run * stepsPerRun
  const end = number + stepsPerRun
  for (const step of steps) {
    if (number === end) return
    putStep(statement, number++, step)
  }
}

const writeStep = ({ going, step }: Statements, write: Extract<RunWrite, { readonly _tag: "Step" }>): void => {
  const number = write.position < stepsPerRun ? going.get(write.runId)?.number : undefined
  if (number !== undefined) putStep(step, number * stepsPerRun + write.position, write.step)
}

const putStep = (statement: Prepared, number: number, step: StepRun): void => {
  statement.run(
    number,
    step.name,
    step.status,
    step.attempts,
    optionalText(step.outputs),
    optionalText(step.error),
    millis(step.startedAt),
    optionalMillis(step.finishedAt),
    step.executionTimeMillis ?? null,
    step.startedSequence ?? null,
    step.finishedSequence ?? null
  )
}

const writeMessage = (
  statement: Prepared,
  { at, data, kind, runId, sequence }: Extract<RunWrite, { readonly _tag: "Message" }>
): void => {
  statement.run(runId, sequence, Math.trunc(at), text(data), kindValue(kind))
}

const writeLine = (
  statement: Prepared,
  { at, data, level, runId, sequence }: Extract<RunWrite, { readonly _tag: "Log" }>
): void => {
  statement.run(runId, sequence, Math.trunc(at), level, text(data))
}

const writeArtifact = (
  statement: Prepared,
  { artifact, runId, step }: Extract<RunWrite, { readonly _tag: "Artifact" }>
): void => {
  statement.run(runId, step, artifact.digest, artifact.bytes)
}

const writeOutput = (
  statement: Prepared,
  { expiresAt, key, output, runId, step }: Extract<RunWrite, { readonly _tag: "CacheOutput" }>
): void => {
  statement.run(key, runId, step, text(output), expiresAt ?? null)
}
