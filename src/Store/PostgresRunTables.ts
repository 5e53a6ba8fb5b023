/** The tables of one deployment in a PostgreSQL database. Every statement of a run store names them through this module. */
import type * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import type * as Statement from "@effect/sql/Statement"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { ParseError } from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { decodeRows, Integer } from "./Columns.js"
import { prefix } from "./PostgresRunsSchema.js"
import type { RunTable, Signalled, Tables } from "./RunTables.js"

/**
 * The clock of the run stores in a database. By default it is that of the database, so that processes on machines with other
 * clocks agree; a test with virtual time takes its own with {@link layerOwnClock}.
 *
 * @category services
 * @since 0.2.0
 */
export class DatabaseClock extends Context.Reference<DatabaseClock>()("effect-deployers/Store/DatabaseClock", {
  defaultValue: (): { readonly isOwn: boolean } => ({ isOwn: false })
}) {}

/**
 * Has run stores use the clock of their process in place of that of the database. Only for one process, such as a test.
 *
 * @category testing
 * @since 0.2.0
 */
export const layerOwnClock: Layer.Layer<never> = Layer.succeed(DatabaseClock, { isOwn: true })

/** A process is taken for dead only by one that was connected all the time: after an outage all of them get their time again. */
const longestGapMillis = 10_000

/** Makes the tables of a deployment by its number in the database. */
export const make = (sql: SqlClient.SqlClient, deployment: number, { isOwn }: { readonly isOwn: boolean }): Tables => {
  const mine = sql.literal(`deployment = ${deployment}`)
  const named = (table: RunTable) => `${prefix}${table}`
  const own = Effect.map(Clock.currentTimeMillis, Math.trunc)
  const databases = sql.literal("(extract(epoch FROM clock_timestamp()) * 1000)::bigint")
  const clock = isOwn ? Effect.map(own, (at) => sql.literal(`${at}::bigint`)) : Effect.succeed(databases)
  // The difference between the clocks, as each sign of life finds it.
  let ahead = 0
  const learn = (rows: ReadonlyArray<unknown>) =>
    Effect.flatMap(decodeTimes(rows), ([row]) =>
      isOwn || row === undefined
        ? Effect.void
        : Effect.map(own, (now) => {
            ahead = row.at - now
          })
    )
  return {
    from: (table) => sql.literal(`(SELECT * FROM ${named(table)} WHERE deployment = ${deployment}) AS ${table}`),
    into: (table) => sql.literal(`${named(table)} AS ${table}`),
    mine,
    owner: { deployment },
    key: (...columns) => sql.literal(`(${["deployment", ...columns].join(", ")})`),
    stepsOf: ({ id }) => sql`run_id = ${id}`,
    runNumber: sql.literal("0"),
    now: Effect.map(own, (now) => now + ahead),
    clock,
    signalsAfter: (after) => signalsAfter(sql, deployment, after),
    beat: (generation, at) =>
      Effect.flatMap(
        sql`INSERT INTO ${sql.literal(named("seen"))} AS seen (deployment, generation, at, since)
          VALUES (${deployment}, ${generation}, ${at}, ${at})
          ON CONFLICT (deployment, generation) DO UPDATE SET at = excluded.at, since =
            CASE WHEN seen.at < excluded.at - ${literal(sql, longestGapMillis)} THEN excluded.at ELSE seen.since END
          RETURNING at`,
        learn
      ),
    isSilent: (generation, at, millis) => {
      const seen = literal(sql, named("seen"))
      return sql`EXISTS (SELECT 1 FROM ${seen} WHERE ${mine} AND generation = ${generation}
          AND since <= ${at} - ${literal(sql, millis)} AND at > ${at} - ${literal(sql, longestGapMillis)})
        AND generation NOT IN (SELECT generation FROM ${seen} WHERE ${mine} AND at > ${at} - ${literal(sql, millis)})`
    }
  }
}

// internal

const literal = (sql: SqlClient.SqlClient, value: string | number): Statement.Fragment => sql.literal(String(value))

/**
 * Transactions are committed in another order than they take their numbers. A mark is the oldest transaction that may still
 * be in progress, so a look returns what was committed since the look before, and perhaps more.
 */
const signalsAfter = (
  sql: SqlClient.SqlClient,
  deployment: number,
  after: number
): Effect.Effect<Signalled, SqlError | ParseError> =>
  Effect.flatMap(
    sql`SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS last, ARRAY(
        SELECT DISTINCT run_id FROM ${literal(sql, `${prefix}signals`)}
        WHERE deployment = ${deployment} AND transaction >= ${Math.max(after, 0)} AND ${after < 0} = FALSE
      ) AS run_ids`,
    (rows) => Effect.map(decodeSignalled(rows), ([row]) => ({ last: row?.last ?? after, runIds: row?.run_ids ?? [] }))
  )

const decodeTimes = decodeRows(Schema.Struct({ at: Integer }))

const decodeSignalled = decodeRows(Schema.Struct({ last: Integer, run_ids: Schema.Array(Schema.String) }))
