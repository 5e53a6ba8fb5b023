/**
 * The tables of a run store as its statements name them. A SQLite file belongs to one deployment. A PostgreSQL database has
 * the rows of many: there each row belongs to a deployment, and a statement sees the rows of one.
 */
import type * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import type * as Statement from "@effect/sql/Statement"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { ParseError } from "effect/ParseResult"
import * as Schema from "effect/Schema"
import type { StoreError } from "../../Errors/Stores.js"
import * as Access from "../Database/Access.js"
import { decodeRows, Integer, now } from "../Database/Columns.js"
import { stepsPerRun } from "./RunsSchema.js"

/** The names of the tables. */
export type RunTable =
  | "cancellations"
  | "claims"
  | "journal"
  | "leases"
  | "run_artifacts"
  | "run_events"
  | "run_logs"
  | "runs"
  | "schedule_firings"
  | "schedules"
  | "seen"
  | "session_states"
  | "session_versions"
  | "signals"
  | "step_cache"
  | "step_hits"
  | "step_inputs"
  | "step_runs"
  | "totals"
  | "unsettled_artifacts"
  | "webhook_deliveries"

/** A run as its steps refer to it. */
export interface RunRef {
  readonly id: string
  /** The number of the run within its store; 0 where runs have none. */
  readonly number: number
}

/** Runs that were sent a signal, and the mark after which the next look continues. */
export interface Signalled {
  readonly last: number
  readonly runIds: ReadonlyArray<string>
}

/** The tables of one deployment. */
export interface Tables {
  /** The rows of the deployment, to be read under the name of the table. */
  readonly from: (table: RunTable) => Statement.Fragment
  /** The table itself, to be written. */
  readonly into: (table: RunTable) => Statement.Fragment
  /** True for the rows of the deployment, in a statement that changes a table. */
  readonly mine: Statement.Fragment
  /** The columns that a new row has besides its own. */
  readonly owner: Readonly<Record<string, number>>
  /** The columns of a key, for `ON CONFLICT`. */
  readonly key: (...columns: ReadonlyArray<string>) => Statement.Fragment
  /** True for the steps of a run, whose column `number` has their order. */
  readonly stepsOf: (run: RunRef) => Statement.Fragment
  /** The number of a run, in a list of columns. */
  readonly runNumber: Statement.Fragment
  /** The time of the store: each process that shares it has the same. */
  readonly now: Effect.Effect<number>
  /** Records that a generation is alive. `own` are its runs in progress. */
  readonly beat: (
    generation: number,
    at: Statement.Fragment,
    own: Statement.Fragment
  ) => Effect.Effect<unknown, SqlError | ParseError>
  /** See `DurableRuns.signalled`. */
  readonly signalsAfter: (after: number) => Effect.Effect<Signalled, SqlError | ParseError>
  /** Limits the time of an operation; `operation` names it in the failure. */
  readonly within: <A, E, R>(operation: string, effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E | StoreError, R>
  /** True for a generation that has not been alive for some time. */
  readonly isSilent: (generation: number, at: Statement.Fragment, millis: number) => Statement.Fragment
}

/** The access of a run store to its tables. */
export interface RunAccess extends Access.Access, Tables {}

/** The tables behind the client in use. The default are those of a SQLite file; `PostgresRuns` has its own. */
export class RunTables extends Context.Reference<RunTables>()("effect-deployers/Store/RunTables", {
  defaultValue: (): { readonly make: (sql: SqlClient.SqlClient) => Tables } => ({ make: ofFile })
}) {}

/** Makes the access of a run store to the database of the `SqlClient` in use. */
export const make: Effect.Effect<RunAccess, never, SqlClient.SqlClient> = Effect.gen(function* () {
  const access = yield* Access.make("runs")
  const tables = yield* RunTables
  const made = tables.make(access.sql)
  return {
    ...access,
    ...made,
    read: (operation, effect) => made.within(operation, access.read(operation, effect)),
    write: (operation, effect) => made.within(operation, access.write(operation, effect))
  }
})

// internal

const ofFile = (sql: SqlClient.SqlClient): Tables => {
  const named = (table: RunTable) => sql.literal(table)
  return {
    from: named,
    into: named,
    mine: sql.literal("TRUE"),
    owner: {},
    key: (...columns) => sql.literal(`(${columns.join(", ")})`),
    stepsOf: ({ number }) => sql`number BETWEEN ${number * stepsPerRun} AND ${(number + 1) * stepsPerRun - 1}`,
    runNumber: sql.literal("number"),
    now,
    signalsAfter: (after) => signalsAfter(sql, after),
    // The client of a file has limits of its own, and does not leave the turn of the event loop.
    within: (_operation, effect) => effect,
    // A process without runs has nothing to say.
    beat: (generation, at, own) =>
      sql`INSERT INTO seen (generation, at) SELECT ${generation}, ${at} WHERE EXISTS (SELECT 1 FROM runs WHERE ${own})
        ON CONFLICT (generation) DO UPDATE SET at = excluded.at`,
    isSilent: (_generation, at, millis) =>
      sql`started_at <= ${at} - ${millis} AND generation NOT IN (SELECT generation FROM seen WHERE at > ${at} - ${millis})`
  }
}

/** A file has one writer at a time, so signals are committed in the order of their sequences. */
const signalsAfter = (sql: SqlClient.SqlClient, after: number): Effect.Effect<Signalled, SqlError | ParseError> =>
  after < 0
    ? Effect.map(Effect.flatMap(sql`SELECT max(sequence) AS sequence FROM signals`, decodeLast), ([row]) => ({
        last: row?.sequence ?? 0,
        runIds: []
      }))
    : Effect.map(
        Effect.flatMap(
          sql`SELECT sequence, run_id FROM signals WHERE sequence > ${after} ORDER BY sequence LIMIT 1000`,
          decodeSignalled
        ),
        (rows) => ({ last: rows.at(-1)?.sequence ?? after, runIds: rows.map(({ run_id }) => run_id) })
      )

const decodeLast = decodeRows(Schema.Struct({ sequence: Schema.NullOr(Integer) }))

const decodeSignalled = decodeRows(Schema.Struct({ sequence: Integer, run_id: Schema.String }))
