/**
 * A `SqlClient` on one connection to a SQLite file: the client of `@effect/sql-sqlite-node`, whose failures are values and may
 * pass. The build copies the code of that package, see "Client of SQLite" in `docs/dependencies.md`.
 */
import * as Reactivity from "@effect/experimental/Reactivity"
import * as SqlClient from "@effect/sql/SqlClient"
import type * as SqlConnection from "@effect/sql/SqlConnection"
import { SqlError } from "@effect/sql/SqlError"
import * as Statement from "@effect/sql/Statement"
import * as Client from "@effect/sql-sqlite-node/SqliteClient"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { codeOf } from "./SqlFailure.js"

/**
 * The options of the client that a caller may choose.
 *
 * @category models
 * @since 0.1.0
 */
export interface ClientOptions {
  /** Attributes of the span of every statement. */
  readonly spanAttributes?: Readonly<Record<string, unknown>> | undefined
}

/** The file of a client, and the right to write it; default `true`. */
export interface Options extends ClientOptions {
  readonly filename: string
  readonly readonly?: boolean | undefined
}

/**
 * Opens a client for as long as the scope lives. A statement waits while a transaction of another fiber is open. The journal
 * mode is left to the caller.
 */
export const make = (options: Options): Effect.Effect<SqlClient.SqlClient, SqlError, Scope.Scope> =>
  Effect.gen(function* () {
    const client = yield* open(options)
    const connection = preparingAgain(yield* Effect.scoped(client.reserve))
    const reserved = Effect.as(client.reserve, connection)
    return yield* SqlClient.make({
      acquirer: Effect.scoped(reserved),
      // The turn is as interruptible as the caller, so an undo in an interrupted fiber takes its turn, too.
      transactionAcquirer: reserved,
      compiler: Statement.makeCompilerSqlite(),
      spanAttributes: [...Object.entries(options.spanAttributes ?? {}), ["db.system.name", "sqlite"]]
    })
  }).pipe(Effect.provide(Reactivity.layer))

// internal

/** The client throws when it cannot open the file. */
const open = ({ filename, readonly = false }: Options) =>
  Effect.catchAllDefect(Client.make({ filename, readonly, disableWAL: true }), (cause) =>
    Effect.fail(new SqlError({ cause, message: "SQLite cannot open the database" }))
  )

/**
 * The client keeps a failed preparation for ten minutes, as it keeps a prepared statement: a full disk or a missing table would
 * stay after it is gone. Behind another comment the same statement is a new one.
 */
const preparingAgain = (connection: SqlConnection.Connection): SqlConnection.Connection => {
  const failures = new Map<string, number>()
  const attempt = <A>(text: string, run: (text: string) => Effect.Effect<A, SqlError>): Effect.Effect<A, SqlError> =>
    Effect.suspend(() => {
      const failed = failures.get(text)
      return Effect.tapError(run(failed === undefined ? text : `${text} /* ${failed} */`), (error) =>
        Effect.sync(() => {
          if (mayBeUnprepared(error)) failures.set(text, (failed ?? 0) + 1)
        })
      )
    })
  const execute: SqlConnection.Connection["execute"] = (text, values, transformRows) =>
    attempt(text, (text) => connection.execute(text, values, transformRows))
  return {
    ...connection,
    execute,
    executeRaw: (text, values) => attempt(text, (text) => connection.executeRaw(text, values)),
    executeValues: (text, values) => attempt(text, (text) => connection.executeValues(text, values)),
    // The client throws for a statement that it cannot prepare here, and has no streams.
    executeUnprepared: execute,
    executeStream: (text, values, transformRows) =>
      Stream.unwrap(Effect.map(execute(text, values, transformRows), Stream.fromIterable))
  }
}

/** A statement that breaks a constraint is prepared. */
const mayBeUnprepared = ({ cause }: SqlError): boolean => codeOf(cause)?.startsWith("SQLITE_CONSTRAINT") !== true
