/**
 * A `SqlClient` on one connection of better-sqlite3. It needs `@effect/sql` alone: the client of `@effect/sql-sqlite-node`
 * accepts one minor version of `@effect/sql` and `@effect/platform`, so an application of another version could not install
 * this library.
 */
import * as Reactivity from "@effect/experimental/Reactivity"
import * as SqlClient from "@effect/sql/SqlClient"
import type * as SqlConnection from "@effect/sql/SqlConnection"
import { SqlError } from "@effect/sql/SqlError"
import * as Statement from "@effect/sql/Statement"
import Driver from "better-sqlite3"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"

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
    const database = yield* Effect.acquireRelease(open(options), (database) => Effect.sync(() => database.close()))
    const connection = connectionOf(database)
    const semaphore = yield* Effect.makeSemaphore(1)
    // As interruptible as the caller: an undo in an uninterruptible region of an interrupted fiber takes its turn, too.
    const reserved = Effect.uninterruptibleMask((restore) =>
      Effect.acquireRelease(restore(semaphore.take(1)), () => semaphore.release(1))
    )
    return yield* SqlClient.make({
      acquirer: semaphore.withPermits(1)(Effect.succeed(connection)),
      transactionAcquirer: Effect.as(reserved, connection),
      compiler: Statement.makeCompilerSqlite(),
      spanAttributes: [...Object.entries(options.spanAttributes ?? {}), ["db.system.name", "sqlite"]]
    })
  }).pipe(Effect.provide(Reactivity.layer))

// internal

/** The number of prepared statements of a connection that stay for their next use. */
const preparedStatements = 200

const attempt = <A>(message: string, run: () => A): Effect.Effect<A, SqlError> =>
  Effect.try({ try: run, catch: (cause) => new SqlError({ cause, message }) })

const open = ({ filename, readonly = false }: Options) =>
  attempt("SQLite cannot open the database", () => new Driver(filename, { readonly }))

type Prepare = (text: string) => Driver.Statement<Array<unknown>>

/** Prepares each text once, as long as it is among the last ones that were new. */
const preparing = (database: Driver.Database): Prepare => {
  const prepared = new Map<string, Driver.Statement<Array<unknown>>>()
  return (text) => {
    const found = prepared.get(text)
    if (found !== undefined) return found
    const statement = database.prepare<Array<unknown>>(text)
    const [oldest] = prepared.keys()
    if (prepared.size >= preparedStatements && oldest !== undefined) prepared.delete(oldest)
    prepared.set(text, statement)
    return statement
  }
}

type Row = Record<string, unknown>

const rowsOf = (statement: Driver.Statement<Array<unknown>>, values: ReadonlyArray<unknown>): ReadonlyArray<Row> => {
  if (statement.reader) return statement.all(...values) as ReadonlyArray<Row>
  statement.run(...values)
  return []
}

/** The rows as arrays. The statement is shared, so its mode ends with the call. */
const valuesOf = (statement: Driver.Statement<Array<unknown>>, values: ReadonlyArray<unknown>) => {
  if (!statement.reader) return rowsOf(statement, values) as ReadonlyArray<never>
  try {
    return statement.raw(true).all(...values) as ReadonlyArray<ReadonlyArray<unknown>>
  } finally {
    statement.raw(false)
  }
}

const failed = "SQLite cannot run the statement"

const connectionOf = (database: Driver.Database): SqlConnection.Connection => {
  const prepare = preparing(database)
  const run =
    (prepare: Prepare): SqlConnection.Connection["execute"] =>
    (text, values, transformRows) => {
      const rows = attempt(failed, () => rowsOf(prepare(text), values))
      return transformRows === undefined ? rows : Effect.map(rows, transformRows)
    }
  const execute = run(prepare)
  return {
    execute,
    executeUnprepared: run((text) => database.prepare<Array<unknown>>(text)),
    executeRaw: (text, values) =>
      attempt(failed, () => {
        const statement = prepare(text)
        return statement.reader ? statement.all(...values) : statement.run(...values)
      }),
    executeValues: (text, values) => attempt(failed, () => valuesOf(prepare(text), values)),
    executeStream: (text, values, transformRows) =>
      Stream.unwrap(Effect.map(execute(text, values, transformRows), Stream.fromIterable))
  }
}
