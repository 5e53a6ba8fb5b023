/**
 * The writer of a run store in a PostgreSQL database. A batch is one statement, so it takes one round trip and is committed
 * as a whole: each kind of row is a part of the statement, and its columns are lists.
 */
import * as SqlClient from "@effect/sql/SqlClient"
import { SqlError } from "@effect/sql/SqlError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Struct from "effect/Struct"
import { transaction } from "../Database/Access.js"
import { classify } from "../Database/SqlFailure.js"
import { released } from "./DurableWrites.js"
import * as Batch from "./PostgresBatch.js"
import { prefix } from "./PostgresRunsSchema.js"
import * as RunWriter from "./RunWriter.js"

/**
 * Writers of the runs of one deployment, by its number in the database.
 *
 * @param isRelaxed The server answers before its disk has the batch.
 */
export const layer = (deployment: number, isRelaxed: boolean): Layer.Layer<RunWriter.RunWriter> =>
  Layer.succeed(RunWriter.RunWriter, {
    make: (generation) =>
      Effect.map(SqlClient.SqlClient, (client): RunWriter.Write => {
        const sql = client.withoutTransforms()
        return (batch) =>
          Effect.flatMap(
            Effect.try({
              try: () => statementOf(deployment, isRelaxed, Batch.of(batch, generation)),
              catch: (cause) => new SqlError({ cause, message: "A run cannot be stored as JSON" })
            }),
            ({ text, values }) =>
              Effect.catchIf(sql.unsafe(text, values), isReadonly, () =>
                // A transaction closes its connection then, so the next attempt may find a server that writes.
                transaction(sql)(sql.unsafe(text, values))
              )
          )
      })
  })

// internal

const isReadonly = (error: SqlError): boolean => classify(error) === "readonly"

/** The types of columns by their names. */
type Columns<Name extends string> = { readonly [N in Name]: string }

type Row<Name extends string> = { readonly [N in Name]: Batch.Value }

/** The lists of a statement. */
class Statement {
  readonly parts: Array<string> = []
  readonly values: Array<ReadonlyArray<Batch.Value>> = []

  constructor(readonly deployment: number) {}

  /** The rows of columns, as a table of the statement. */
  rows<Name extends string>(columns: Columns<Name>, rows: ReadonlyArray<Row<Name>>): string {
    const names = Struct.keys(columns)
    const lists = names.map((name) => {
      this.values.push(rows.map((row) => row[name]))
      return `$${this.values.length}::${columns[name]}[]`
    })
    return `unnest(${lists.join(", ")}) AS rows (${names.join(", ")})`
  }

  /** Adds a part whose rows other parts may read. */
  part(name: string, text: string): void {
    this.parts.push(`${name} AS (${text})`)
  }

  /** Adds rows to a table, unless there are none. */
  insert<Name extends string>(
    table: string,
    columns: Columns<Name>,
    rows: ReadonlyArray<Row<Name>>,
    onConflict: string
  ): void {
    if (rows.length === 0) return
    const names = Object.keys(columns).join(", ")
    this.part(
      `add_${table}`,
      `INSERT INTO ${prefix}${table} AS ${table} (deployment, ${names})
      SELECT ${this.deployment}, rows.* FROM ${this.rows(columns, rows)} ${onConflict}`
    )
  }
}

const runColumns = {
  id: "text",
  idx: "bigint",
  generation: "bigint",
  session: "text",
  name: "text",
  status: "text",
  cause: "text",
  parameters: "text",
  outputs: "text",
  error: "text",
  response: "text",
  started_at: "bigint",
  finished_at: "bigint",
  execution_millis: "double precision"
} as const

const stepColumns = {
  run_id: "text",
  number: "integer",
  name: "text",
  status: "text",
  attempts: "integer",
  outputs: "text",
  error: "text",
  started_at: "bigint",
  finished_at: "bigint",
  execution_millis: "double precision",
  started_sequence: "integer",
  finished_sequence: "integer"
} as const

const journalColumns = {
  run_id: "text",
  ordinal: "integer",
  parent: "integer",
  kind: "text",
  name: "text",
  number: "integer",
  sequential: "integer",
  digest: "text",
  result: "text",
  failures: "integer",
  position: "integer",
  value: "text"
} as const

const replaced = (names: ReadonlyArray<string>): string => names.map((name) => `${name} = excluded.${name}`).join(", ")

const without = (columns: object, ...left: ReadonlyArray<string>): ReadonlyArray<string> =>
  Object.keys(columns).filter((name) => !left.includes(name))

/** The generation, the index and the session of a run stay as they were when it was first written. */
const updatedRun = `DO UPDATE SET ${replaced(without(runColumns, "id", "idx", "generation", "session", "response"))},
  response = coalesce(excluded.response, runs.response),
  generation = CASE excluded.generation WHEN ${released} THEN ${released} ELSE runs.generation END
  WHERE runs.status IN ('queued', 'running')`

const statementOf = (
  deployment: number,
  isRelaxed: boolean,
  batch: Batch.Batch
): { readonly text: string; readonly values: Array<ReadonlyArray<Batch.Value>> } => {
  const statement = new Statement(deployment)
  writeRuns(statement, batch)
  writeSteps(statement, batch)
  writeParts(statement, batch)
  const fenced = writeLeases(statement, batch)
  const results = [
    ...(fenced === undefined ? [] : [`${prefix}fence(${fenced})`]),
    ...(isRelaxed ? ["set_config('synchronous_commit', 'off', true)"] : [])
  ]
  const parts = statement.parts.length === 0 ? "" : `WITH ${statement.parts.join(",\n")}\n`
  return { text: `${parts}SELECT ${["1", ...results].join(", ")}`, values: statement.values }
}

const writeRuns = (statement: Statement, { responses, runs }: Batch.Batch): void => {
  const names = Object.keys(runColumns).join(", ")
  if (runs.length > 0) {
    statement.part(
      "written",
      `INSERT INTO ${prefix}runs AS runs (deployment, ${names})
      SELECT ${statement.deployment}, rows.* FROM ${statement.rows(runColumns, runs)}
      ON CONFLICT (deployment, id) ${updatedRun} RETURNING id`
    )
  }
  if (responses.length > 0) {
    const others = runs.length > 0 ? "AND runs.id NOT IN (SELECT id FROM written)" : ""
    statement.part(
      "responses",
      `UPDATE ${prefix}runs AS runs SET response = rows.response
      FROM ${statement.rows({ run_id: "text", response: "text" }, responses)}
      WHERE runs.deployment = ${statement.deployment} AND runs.id = rows.run_id ${others}`
    )
  }
}

/** The steps of a run that is not part of the batch are written while the run is in progress. */
const writeSteps = (statement: Statement, { runs, steps, stepsAlone }: Batch.Batch): void => {
  const names = Object.keys(stepColumns).join(", ")
  const onConflict = `ON CONFLICT (deployment, run_id, number)
    DO UPDATE SET ${replaced(without(stepColumns, "run_id", "number"))}`
  const insert = (part: string, rows: Batch.Batch["steps"], condition: string) =>
    statement.part(
      part,
      `INSERT INTO ${prefix}step_runs AS step_runs (deployment, ${names})
      SELECT ${statement.deployment}, rows.* FROM ${statement.rows(stepColumns, rows)}
      WHERE rows.run_id IN (${condition}) ${onConflict}`
    )
  if (steps.length > 0 && runs.length > 0) insert("steps", steps, "SELECT id FROM written")
  if (stepsAlone.length > 0) {
    insert(
      "steps_alone",
      stepsAlone,
      `SELECT id FROM ${prefix}runs WHERE deployment = ${statement.deployment} AND status IN ('queued', 'running')`
    )
  }
}

const writeParts = (statement: Statement, batch: Batch.Batch): void => {
  const once = "ON CONFLICT DO NOTHING"
  const message = { run_id: "text", sequence: "integer", at: "bigint", data: "text", kind: "text" }
  statement.insert("run_events", message, batch.messages, once)
  const line = { run_id: "text", sequence: "integer", at: "bigint", level: "text", data: "text" }
  statement.insert("run_logs", line, batch.lines, once)
  const output = { cache_key: "text", run_id: "text", step: "text", output: "text", expires_at: "bigint" }
  const replace = `DO UPDATE SET ${replaced(without(output, "cache_key"))}`
  statement.insert("step_cache", output, batch.outputs, `ON CONFLICT (deployment, cache_key) ${replace}`)
  statement.insert("step_inputs", { run_id: "text", step: "text", input_digest: "text" }, batch.inputs, once)
  const hit = { run_id: "text", step: "text", from_run: "text", from_step: "text" }
  statement.insert("step_hits", hit, batch.hits, once)
  const artifact = { run_id: "text", step: "text", digest: "text", bytes: "bigint" }
  statement.insert("run_artifacts", artifact, batch.artifacts, once)
  const delivery = { id: "text", run_id: "text", webhook: "text", url: "text", state: "text" }
  const counters = { attempts: "integer", token: "bigint", due_at: "bigint" }
  statement.insert("webhook_deliveries", { ...delivery, ...counters }, batch.deliveries, once)
  if (batch.answers.length > 0) {
    const answer = { key: "text", run_id: "text", status: "integer", body: "text", headers: "text" }
    statement.part(
      "answers",
      `UPDATE ${prefix}claims AS claims SET status = rows.status, body = rows.body, headers = rows.headers
      FROM ${statement.rows(answer, batch.answers)}
      WHERE claims.deployment = ${statement.deployment} AND claims.key = rows.key AND claims.run_id = rows.run_id`
    )
  }
  const entry = `DO UPDATE SET ${replaced(["result", "failures", "position", "value"])}`
  statement.insert("journal", journalColumns, batch.entries, `ON CONFLICT (deployment, run_id, ordinal) ${entry}`)
}

/**
 * Makes and checks leases; returns the expression with the number of those that another process has. A check locks the row
 * of its lease until the batch is committed, so a process that takes the run waits, or the batch sees its token.
 */
const writeLeases = (statement: Statement, { leases, releases }: Batch.Batch): string | undefined => {
  const { deployment } = statement
  if (releases.length > 0) {
    statement.part(
      "released",
      `UPDATE ${prefix}runs AS runs SET generation = ${released} FROM ${statement.rows({ run_id: "text" }, releases)}
      WHERE runs.deployment = ${deployment} AND runs.id = rows.run_id`
    )
  }
  if (leases.length === 0) return undefined
  const columns = {
    run_id: "text",
    token: "bigint",
    next_token: "bigint",
    request: "text",
    is_progress: "boolean"
  }
  statement.part("asked", `SELECT rows.* FROM ${statement.rows(columns, leases)}`)
  statement.part(
    "made",
    `INSERT INTO ${prefix}leases AS leases (deployment, run_id, token, recoveries, request)
    SELECT ${deployment}, run_id, next_token, 0, request FROM asked WHERE request IS NOT NULL
    ON CONFLICT (deployment, run_id) DO NOTHING RETURNING run_id`
  )
  statement.part(
    "held",
    `SELECT leases.run_id, leases.token FROM ${prefix}leases AS leases
    WHERE leases.deployment = ${deployment} AND leases.run_id IN (SELECT run_id FROM asked) FOR UPDATE`
  )
  statement.part(
    "moved",
    `UPDATE ${prefix}leases AS leases SET token = asked.next_token,
      recoveries = CASE WHEN asked.is_progress THEN 0 ELSE leases.recoveries END
    FROM asked WHERE leases.deployment = ${deployment} AND leases.run_id = asked.run_id AND leases.token = asked.token
      AND (asked.is_progress OR asked.next_token <> asked.token)`
  )
  return `(SELECT count(*) FROM asked LEFT JOIN held ON held.run_id = asked.run_id
    WHERE asked.run_id NOT IN (SELECT run_id FROM made) AND held.token IS DISTINCT FROM asked.token)`
}
