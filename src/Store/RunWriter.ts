/**
 * Writes batches of runs over a bare connection: the path of every run, so values go from the run into prepared
 * statements, and no row is made of them in between.
 */
import * as DateTime from "effect/DateTime"
import { textOf } from "../Internal/EncodedJson.js"
import type { Run, RunWrite, StepRun } from "./RunStore.js"
import { stepsPerRun } from "./RunsSchema.js"
import type { Bare, Prepared } from "./SqliteConnection.js"

/**
 * Makes a function that stores a batch for one generation in one transaction, or throws and stores nothing. It throws
 * what SQLite throws, and what `JSON.stringify` throws for values that are no JSON.
 *
 * **Details**
 *
 * The types of a `Run` say what the tables check, so this connection leaves the checks out: they took a fifth of
 * SQLite's time for a run. The totals of new runs are added once for the batch.
 */
export const make = (connection: Bare, generation: number): ((batch: ReadonlyArray<RunWrite>) => void) => {
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
    added.write(statements.totals)
  }).immediate
}

// internal

const prepare = (connection: Bare) => ({
  insertRun: connection.prepare(
    `INSERT INTO runs (id, idx, generation, name, status, cause, parameters, outputs, error, started_at, finished_at,
      execution_millis)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`
  ),
  // Whose run it is stays what it was when the run was first written, and so does its index.
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

/** New runs of a batch by status, and their highest index. */
class Added {
  readonly #byStatus = new Map<Run["status"], number>()
  #lastIndex = 0

  add({ index, status }: Run): void {
    this.#byStatus.set(status, (this.#byStatus.get(status) ?? 0) + 1)
    if (index > this.#lastIndex) this.#lastIndex = index
  }

  write(totals: Prepared): void {
    for (const [status, count] of this.#byStatus) totals.run(this.#lastIndex, count, status)
  }
}

const text = (value: unknown): string => textOf(value) ?? "null"
const optionalText = (value: unknown): string | null => (value === undefined ? null : text(value))
const millis = (time: DateTime.Utc): number => Math.trunc(DateTime.toEpochMillis(time))
const optionalMillis = (time: DateTime.Utc | undefined): number | null => (time === undefined ? null : millis(time))

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

/** Answers the number of the run, or nothing if it ended before, and then it stays as it is. */
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

const hasEnded = (run: Run): boolean => run.status !== "queued" && run.status !== "running"

/** The last write of each run counts, up to the first that ended it. */
const latest = (batch: ReadonlyArray<RunWrite>): Iterable<Run> => {
  const runs = new Map<string, Run>()
  for (const write of batch) {
    if (write._tag !== "Run") continue
    const before = runs.get(write.run.id)
    if (before === undefined || !hasEnded(before)) runs.set(write.run.id, write.run)
  }
  return runs.values()
}
