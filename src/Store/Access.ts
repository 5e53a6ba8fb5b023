/**
 * How the SQL stores run statements: reads and writes are retried for a bounded while when another process keeps the
 * database locked, writes are one transaction, and whatever goes wrong becomes a {@link StoreError}.
 */
import * as SqlClient from "@effect/sql/SqlClient"
import { SqlError } from "@effect/sql/SqlError"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as ParseResult from "effect/ParseResult"
import * as Schedule from "effect/Schedule"
import { StoreError, type StoreReason } from "../Errors/Stores.js"
import { classify } from "./SqliteFailure.js"

/** Which of the stores a database keeps. */
export type StoreName = StoreError["store"]

/**
 * What is known of the database behind the `SqlClient` in use, for error messages and retries. A driver layer provides
 * it; without one there is no path and the default budget.
 */
export class Database extends Context.Reference<Database>()("effect-deployers/Store/Database", {
  defaultValue: (): {
    readonly path: string | undefined
    /** How long an operation keeps trying while the database is locked. */
    readonly busyBudget: Duration.DurationInput
  } => ({ path: undefined, busyBudget: defaultBusyBudget })
}) {}

/** How long an operation keeps trying while the database is locked, if nothing else is said. */
export const defaultBusyBudget: Duration.Duration = Duration.seconds(5)

/** Waits between attempts: from 5 ms to about 100 ms with jitter, for the given time in total. */
export const whileBusy = (budget: Duration.DurationInput): Schedule.Schedule<unknown> =>
  Schedule.exponential("5 millis", 1.7).pipe(
    Schedule.union(Schedule.spaced("100 millis")),
    Schedule.jittered,
    Schedule.upTo(budget)
  )

const reasonOf = (error: Failure): StoreReason => (error instanceof SqlError ? classify(error.cause) : "corrupt")

/** Statements of one store. */
export interface Access {
  readonly sql: SqlClient.SqlClient
  /**
   * Runs statements that only read, or that are a transaction already. `operation` names them in errors, such as
   * `deployments.find`.
   */
  readonly read: Run
  /** Runs statements as one transaction that holds the write lock from its start, and gives them its connection. */
  readonly write: <A, E, R>(
    operation: string,
    effect: Effect.Effect<A, E, R>
  ) => Effect.Effect<A, Exclude<E, Failure> | StoreError, Exclude<R, SqlClient.TransactionConnection>>
}

type Failure = SqlError | ParseResult.ParseError

type Run = <A, E, R>(
  operation: string,
  effect: Effect.Effect<A, E, R>
) => Effect.Effect<A, Exclude<E, Failure> | StoreError, R>

const isFailure = (error: unknown): error is Failure => error instanceof SqlError || ParseResult.isParseError(error)

const isBusy = (error: unknown): boolean => error instanceof StoreError && error.reason === "busy"

/** The type of `withTransaction` does not say that it provides the connection. */
const inTransaction = <A, E, R>(sql: SqlClient.SqlClient, effect: Effect.Effect<A, E, R>) =>
  sql.withTransaction(effect) as Effect.Effect<A, E | SqlError, Exclude<R, SqlClient.TransactionConnection>>

export const make = (store: StoreName): Effect.Effect<Access, never, SqlClient.SqlClient> =>
  Effect.gen(function* () {
    const sql = (yield* SqlClient.SqlClient).withoutTransforms()
    const { busyBudget, path } = yield* Database
    const schedule = whileBusy(busyBudget)
    const refail =
      (operation: string) =>
      <E>(error: E): Exclude<E, Failure> | StoreError =>
        isFailure(error)
          ? new StoreError({ store, operation, reason: reasonOf(error), path, cause: error })
          : (error as Exclude<E, Failure>)
    const read: Run = (operation, effect) => {
      const once = Effect.mapError(effect, refail(operation))
      // A schedule is only set up when it is needed: that costs as much as a quick statement.
      return Effect.catchIf(once, isBusy, () => Effect.retry(once, { schedule, while: isBusy }))
    }
    return { sql, read, write: (operation, effect) => read(operation, inTransaction(sql, effect)) }
  })
