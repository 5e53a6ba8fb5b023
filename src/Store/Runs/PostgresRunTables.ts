/** The tables of one deployment in a PostgreSQL database. Every statement of a run store names them through this module. */
import type * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import type * as Statement from "@effect/sql/Statement"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { ParseError } from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { StoreError } from "../../Errors/Stores.js"
import { decodeRows, Integer } from "../Database/Columns.js"
import type { LeaseClock } from "../Database/Dialect.js"
import { prefix } from "./PostgresRunsSchema.js"
import type { RunTable, Signalled, Tables } from "./RunTables.js"

/** A process is taken for dead only by one that was connected all the time: after an outage all of them get their time again. */
const longestGapMillis = 10_000

/** The wait of a caller for a slow server, which may answer later: its statement ends by itself. */
const longestWait = "10 seconds"

/** The clock of leases, and the name of the server for messages. */
export interface Options {
  readonly clock: LeaseClock["Type"]
  readonly server: string | undefined
}

/** Makes the tables of a deployment by its number in the database. */
export const make = (sql: SqlClient.SqlClient, deployment: number, { clock, server }: Options): Tables => {
  const mine = sql.literal(`deployment = ${deployment}`)
  const named = (table: RunTable) => `${prefix}${table}`
  const own = Effect.map(Clock.currentTimeMillis, Math.trunc)
  // The difference between the clocks, as each sign of life finds it.
  let ahead = 0
  const learn = (rows: ReadonlyArray<unknown>) =>
    Effect.flatMap(decodeTimes(rows), ([row]) =>
      clock === "process" || row === undefined
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
    within: (operation, effect) =>
      Effect.timeoutFail(Effect.disconnect(effect), {
        duration: longestWait,
        onTimeout: () => new StoreError({ store: "runs", operation, reason: "unreachable", server })
      }),
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
    sql`SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS last, (
        SELECT coalesce(json_agg(DISTINCT run_id), '[]') FROM ${literal(sql, `${prefix}signals`)}
        WHERE deployment = ${deployment} AND transaction >= ${Math.max(after, 0)} AND ${after < 0} = FALSE
      ) AS run_ids`,
    (rows) => Effect.map(decodeSignalled(rows), ([row]) => ({ last: row?.last ?? after, runIds: row?.run_ids ?? [] }))
  )

const decodeTimes = decodeRows(Schema.Struct({ at: Integer }))

const decodeSignalled = decodeRows(Schema.Struct({ last: Integer, run_ids: Schema.Array(Schema.String) }))
