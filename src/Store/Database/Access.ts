/**
 * Statements of the SQL stores: reads and writes are retried for a bounded while when another process keeps the
 * database locked, writes are one transaction, and every failure becomes a {@link StoreError}.
 */
import * as SqlClient from "@effect/sql/SqlClient"
import { SqlError } from "@effect/sql/SqlError"
import type * as Statement from "@effect/sql/Statement"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import { StoreError, type StoreReason } from "../../Errors/Stores.js"
import { LeaseClock, leaseTime } from "./Dialect.js"
import { type Reserve, reasonAt } from "./DiskRoom.js"

/** The names of the stores. */
export type StoreName = StoreError["store"]

/**
 * Facts about the database behind the `SqlClient` in use, for error messages and retries. A driver layer provides them;
 * the default is no path and the default budget.
 */
export class Database extends Context.Reference<Database>()("effect-deployers/Store/Database", {
  defaultValue: (): {
    readonly path: string | undefined
    /** The host, port and name of a database on a server. */
    readonly server?: string | undefined
    /** The time for which an operation keeps trying while the database is locked. */
    readonly busyBudget: Duration.DurationInput
    /** The room that a write on a full disk may use. */
    readonly reserve?: Reserve | undefined
  } => ({ path: undefined, busyBudget: defaultBusyBudget })
}) {}

/** The default time for which an operation keeps trying while the database is locked. */
export const defaultBusyBudget: Duration.Duration = Duration.seconds(5)

/** Waits between attempts: from 5 ms to about 100 ms with jitter, for the given time in total. */
export const whileBusy = (budget: Duration.DurationInput): Schedule.Schedule<unknown> =>
  Schedule.exponential("5 millis", 1.7).pipe(
    Schedule.union(Schedule.spaced("100 millis")),
    Schedule.jittered,
    Schedule.upTo(budget)
  )

/** Statements of one store. */
export interface Access {
  readonly sql: SqlClient.SqlClient
  /** The time in milliseconds by which leases end, as an expression of a statement. */
  readonly leaseTime: Effect.Effect<Statement.Fragment>
  /**
   * Runs statements that only read, or that are a transaction already. `operation` names them in errors, such as
   * `deployments.find`.
   */
  readonly read: Run
  /** Runs statements as one {@link transaction}. */
  readonly write: Run
  /**
   * The same. When the connection breaks at the commit, `again` runs until it is known whether the change was made: it finds
   * the change, or makes it. Default: the statements themselves, if they may be repeated.
   */
  readonly writeOnce: WriteOnce
}

type Failure = SqlError | ParseResult.ParseError

type WriteOnce = <A, E, R>(
  operation: string,
  effect: Effect.Effect<A, E, R>,
  again?: Effect.Effect<A, E, R>
) => Effect.Effect<A, Exclude<E, Failure> | StoreError, R>

type Run = <A, E, R>(
  operation: string,
  effect: Effect.Effect<A, E, R>
) => Effect.Effect<A, Exclude<E, Failure> | StoreError, R>

/**
 * Runs statements as one transaction, or as a savepoint of the caller's transaction. On SQLite it takes the write lock when
 * it begins: a lock taken later fails at once, without waiting, when another process wrote in between. A failing commit
 * is an error, not a defect as it is with `withTransaction`.
 */
export const transaction =
  (sql: Pick<SqlClient.SqlClient, "reserve" | "withTransaction" | "onDialectOrElse">) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | SqlError, R> =>
    Effect.contextWithEffect((context: Context.Context<never>) =>
      isWithin(context)
        ? sql.withTransaction(effect)
        : sql.onDialectOrElse({
            sqlite: () => begun(sql, "BEGIN IMMEDIATE", effect),
            pg: () => begun(sql, "BEGIN", effect),
            orElse: () => sql.withTransaction(effect)
          })
    )

/** Makes the access of one store to the database of the `SqlClient` in use. */
export const make = (store: StoreName): Effect.Effect<Access, never, SqlClient.SqlClient> =>
  Effect.gen(function* () {
    const sql = (yield* SqlClient.SqlClient).withoutTransforms()
    const { busyBudget, path, reserve, server } = yield* Database
    const schedule = whileBusy(busyBudget)
    const refail =
      (operation: string) =>
      <E>(error: E): Exclude<E, Failure> | StoreError =>
        isFailure(error)
          ? new StoreError({ store, operation, reason: reasonOf(path, error), path, server, cause: error })
          : (error as Exclude<E, Failure>)
    const read: Run = (operation, effect) => {
      const once = Effect.mapError(effect, refail(operation))
      // A schedule is only set up when it is needed: that costs as much as a quick statement.
      return Effect.catchIf(once, passesSoon, (error) =>
        Effect.retry(once, { schedule: error.reason === "conflict" ? repeatedly : schedule, while: passesSoon })
      )
    }
    const write: Run = (operation, effect) => {
      const written = read(operation, transaction(sql)(effect))
      // The room is for the failed statement alone, so a transaction of the caller, which may be undone already, fails.
      return reserve === undefined
        ? written
        : Effect.catchIf(written, isFull, (error) =>
            Effect.contextWithEffect((context: Context.Context<never>) =>
              !isWithin(context) && reserve.giveUp() ? written : Effect.fail(error)
            )
          )
    }
    const writeOnce: WriteOnce = (operation, effect, again = effect) =>
      Effect.catchIf(write(operation, effect), isUnknown, (unknown) =>
        // The state is still unknown when the database cannot be asked.
        write(operation, again).pipe(
          Effect.retry({ schedule, while: cannotAsk }),
          Effect.catchIf(cannotAsk, () => Effect.fail(unknown))
        )
      )
    return { sql, leaseTime: leaseTime(sql, yield* LeaseClock), read, write, writeOnce }
  })

// internal

const reasonOf = (path: string | undefined, error: Failure): StoreReason =>
  error instanceof SqlError ? reasonAt(path, error.cause) : "corrupt"

const isFailure = (error: unknown): error is Failure => error instanceof SqlError || ParseResult.isParseError(error)

const passesSoon = (error: unknown): error is StoreError =>
  error instanceof StoreError && (error.reason === "busy" || error.reason === "conflict")

/** A row that another transaction wrote meanwhile is there at the next attempt. */
const repeatedly = Schedule.recurs(2)

const isUnknown = (error: unknown): error is StoreError =>
  error instanceof StoreError && error.reason === "outcomeUnknown"

const cannotAsk = (error: unknown): boolean =>
  isUnknown(error) || (error instanceof StoreError && (error.reason === "unreachable" || error.reason === "overloaded"))

const isFull = (error: unknown): boolean => error instanceof StoreError && error.reason === "full"

const isWithin = (context: Context.Context<never>): boolean =>
  Option.isSome(Context.getOption(context, SqlClient.TransactionConnection))

const begun = <A, E, R>(
  sql: Pick<SqlClient.SqlClient, "reserve">,
  begin: string,
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, E | SqlError, R> =>
  Effect.scopedWith((scope) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(restore(Scope.extend(sql.reserve, scope)), (connection) => {
        const rollback = Effect.ignore(connection.executeRaw("ROLLBACK", []))
        const commit = Effect.onError(connection.executeRaw("COMMIT", []), () => rollback)
        return Effect.zipRight(
          connection.executeRaw(begin, []),
          Effect.matchCauseEffect(
            restore(Effect.provideService(effect, SqlClient.TransactionConnection, [connection, 0])),
            {
              onFailure: (cause) => Effect.zipRight(rollback, Effect.failCause(cause)),
              onSuccess: (value) => Effect.as(commit, value)
            }
          )
        )
      })
    )
  )
