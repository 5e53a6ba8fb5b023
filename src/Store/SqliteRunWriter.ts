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
import { Database } from "./Access.js"
import type { Run, RunWrite, StepRun } from "./RunStore.js"
import { stepsPerRun } from "./RunsSchema.js"
import { Added, latest, millis, optionalMillis, optionalText, text } from "./RunValues.js"
import * as RunWriter from "./RunWriter.js"
import { classify } from "./SqlFailure.js"
import { type Bare, nativeWaitMillis, openBare, type Prepared } from "./SqliteConnection.js"

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
export const layer: Layer.Layer<RunWriter.RunWriter, never, SqlClient.SqlClient> = layerWith(openBare)

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
  return connection.transaction((batch: ReadonlyArray<RunWrite>) => {
    const added = new Added()
    for (const run of latest(batch)) {
      const number = writeRun(statements, run, generation, added)
      if (number !== undefined && run.steps !== undefined) writeSteps(statements.step, number, run.steps)
    }
    for (const write of batch) {
      if (write._tag === "Message") writeMessage(statements.message, write)
      else if (write._tag === "Answer") statements.answer.run(write.status, write.body, write.key, write.runId)
    }
    for (const [status, count] of added.byStatus) statements.totals.run(added.lastIndex, count, status)
  }).immediate
}

const prepare = (connection: Bare) => ({
  insertRun: connection.prepare(
    `INSERT INTO runs (id, idx, generation, name, status, cause, parameters, outputs, error, started_at, finished_at,
      execution_millis)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`
  ),
  // The generation and the index stay as they were when the run was first written.
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
  message: connection.prepare(
    "INSERT INTO run_events (run_id, sequence, at, data) VALUES (?, ?, ?, ?) ON CONFLICT (run_id, sequence) DO NOTHING"
  ),
  answer: connection.prepare("UPDATE claims SET status = ?, body = ? WHERE key = ? AND run_id = ?"),
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
  const { changes, lastInsertRowid } = statements.insertRun.run(run.id, run.index, generation, ...state)
  if (changes === 0) return statements.updateRun.get(...state, run.id)?.number
  added.add(run)
  return Number(lastInsertRowid)
}

const writeSteps = (statement: Prepared, run: number, steps: ReadonlyArray<StepRun>): void => {
  let number = run * stepsPerRun
  const end = number + stepsPerRun
  for (const step of steps) {
    if (number === end) return
    statement.run(
      number++,
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
}

const writeMessage = (
  statement: Prepared,
  { at, data, runId, sequence }: Extract<RunWrite, { readonly _tag: "Message" }>
): void => {
  statement.run(runId, sequence, Math.trunc(at), text(data))
}
