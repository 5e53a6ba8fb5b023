/** The parts in which the statements of SQLite and PostgreSQL differ. */
import type * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import type * as Statement from "@effect/sql/Statement"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { now } from "./Columns.js"

/** Locks the rows that a query finds until its transaction ends. SQLite has one writer at a time and needs no such lock. */
export const forUpdate = (sql: SqlClient.SqlClient): Statement.Fragment =>
  sql.onDialectOrElse({ sqlite: () => sql.literal(""), orElse: () => sql.literal("FOR UPDATE") })

/** The greater one of two numbers of a row. */
export const greatest = (sql: SqlClient.SqlClient, a: Statement.Fragment, b: Statement.Fragment): Statement.Fragment =>
  sql.onDialectOrElse({ sqlite: () => sql`MAX(${a}, ${b})`, orElse: () => sql`GREATEST(${a}, ${b})` })

/**
 * The clock by which leases end. That of the database is the same for all processes, so clocks of machines that differ by
 * minutes do not matter. SQLite serves the processes of one machine, and its clock is that of the process.
 */
export class LeaseClock extends Context.Reference<LeaseClock>()("effect-deployers/Store/LeaseClock", {
  defaultValue: (): "database" | "process" => "database"
}) {}

/** The time in milliseconds by the {@link LeaseClock}, as an expression of a statement. */
export const leaseTime = (sql: SqlClient.SqlClient, clock: LeaseClock["Type"]): Effect.Effect<Statement.Fragment> => {
  const ofProcess = Effect.map(now, (at) => sql`CAST(${at} AS BIGINT)`)
  return sql.onDialectOrElse({
    sqlite: () => ofProcess,
    pg: () => (clock === "process" ? ofProcess : Effect.succeed(sql.literal(databaseTime))),
    orElse: () => ofProcess
  })
}

/** The time of the statement, not that of the start of its transaction. */
const databaseTime = "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"

/** A number in the header of a SQLite database. */
export const pragmaNumber = (
  sql: SqlClient.SqlClient,
  name: "application_id" | "user_version"
): Effect.Effect<number, SqlError> =>
  Effect.map(sql.unsafe<Record<string, number>>(`PRAGMA ${name}`), (rows) => rows[0]?.[name] ?? 0)
