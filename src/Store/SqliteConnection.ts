/**
 * One connection to SQLite, as a `SqlClient` and bare. A client on top of better-sqlite3 takes more time for a commit than
 * SQLite itself, 35 to 40 us each, so whatever commits for every run takes the bare connection.
 */
import * as Reactivity from "@effect/experimental/Reactivity"
import * as SqlClient from "@effect/sql/SqlClient"
import type { Connection } from "@effect/sql/SqlConnection"
import { SqlError } from "@effect/sql/SqlError"
import * as Statement from "@effect/sql/Statement"
import Sqlite from "better-sqlite3"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"

/** A value a column can hold. */
export type Value = string | number | null

/** A statement that is ready to run, with its parameters in their order. */
export interface Prepared<Row = never> {
  readonly run: (...values: ReadonlyArray<Value>) => {
    readonly changes: number
    readonly lastInsertRowid: number | bigint
  }
  /** The first row it gives. */
  readonly get: (...values: ReadonlyArray<Value>) => Row | undefined
}

/** What of a bare connection is used. It blocks, and it throws. */
export interface Bare {
  readonly prepare: <Row = never>(text: string) => Prepared<Row>
  readonly pragma: (text: string) => unknown
  /** A function that runs as one transaction: whatever it throws leaves nothing behind. */
  readonly transaction: <A>(run: (value: A) => void) => {
    /** Takes the write lock first. */
    readonly immediate: (value: A) => void
  }
}

/**
 * Runs a function on the bare connection at a moment when nobody else is in a transaction on it; within a transaction of
 * the caller it is a part of that. What the function throws is the cause of the failure.
 */
export class Exclusive extends Context.Tag("effect-deployers/Store/SqliteConnection/Exclusive")<
  Exclusive,
  <A>(operation: (connection: Bare) => A) => Effect.Effect<A, SqlError>
>() {}

/** Opens a connection for as long as the scope lives. */
export const open = (options: {
  readonly path: string
  readonly readonly: boolean
}): Effect.Effect<
  { readonly client: SqlClient.SqlClient; readonly exclusive: Exclusive["Type"] },
  SqlError,
  Scope.Scope
> =>
  Effect.gen(function* () {
    const database = yield* Effect.acquireRelease(
      attempt("open", () => new Sqlite(options.path, { readonly: options.readonly })),
      (opened) => Effect.sync(() => opened.close())
    )
    const semaphore = yield* Effect.makeSemaphore(1)
    const connection = connectionOf(database)
    const client = yield* SqlClient.make({
      acquirer: semaphore.withPermits(1)(Effect.succeed(connection)),
      transactionAcquirer: reserved(semaphore, connection),
      compiler: Statement.makeCompilerSqlite(),
      spanAttributes: [["db.system.name", "sqlite"]]
    }).pipe(Effect.provide(Reactivity.layer))
    return { client, exclusive: exclusively(semaphore, database, connection) }
  })

// internal

const failed = (what: string) => (cause: unknown) => new SqlError({ cause, message: `SQLite could not ${what}` })

const attempt = <A>(what: string, run: () => A): Effect.Effect<A, SqlError> =>
  Effect.try({ try: run, catch: failed(what) })

/** More texts than the stores have; who makes up texts does not fill the memory. */
const mostPrepared = 200

const connectionOf = (database: Sqlite.Database): Connection => {
  const known = new Map<string, Text>()
  const prepared = (text: string): Text => {
    const before = known.get(text)
    if (before !== undefined) return before
    const statement = database.prepare<Array<unknown>, Row>(text)
    if (known.size >= mostPrepared) known.clear()
    known.set(text, statement)
    return statement
  }
  return {
    execute: (text, values, transform) =>
      transformed(
        attempt("execute", () => rows(prepared(text), values)),
        transform
      ),
    executeRaw: (text, values) =>
      attempt("execute", () => {
        const statement = prepared(text)
        return statement.reader ? statement.all(...values) : statement.run(...values)
      }),
    executeValues: (text, values) =>
      attempt("execute", () => {
        const statement = prepared(text)
        if (statement.reader) return arrays(statement, values)
        statement.run(...values)
        return []
      }),
    executeUnprepared: (text, values, transform) =>
      transformed(
        attempt("execute", () => rows(database.prepare<Array<unknown>, Row>(text), values)),
        transform
      ),
    executeStream: () => Stream.dieMessage("Rows of SQLite come all at once; there is no stream of them.")
  }
}

type Row = object
type Text = Sqlite.Statement<Array<unknown>, Row>

const rows = (statement: Text, values: ReadonlyArray<unknown>): ReadonlyArray<Row> => {
  if (statement.reader) return statement.all(...values)
  statement.run(...values)
  return []
}

const arrays = (statement: Text, values: ReadonlyArray<unknown>): ReadonlyArray<ReadonlyArray<unknown>> => {
  statement.raw(true)
  try {
    return statement.all(...values) as Array<Array<unknown>>
  } finally {
    statement.raw(false)
  }
}

const transformed = (
  found: Effect.Effect<ReadonlyArray<Row>, SqlError>,
  transform: Parameters<Connection["execute"]>[2]
) => (transform === undefined ? found : Effect.map(found, transform))

const reserved = (semaphore: Effect.Semaphore, connection: Connection): Connection.Acquirer =>
  Effect.uninterruptibleMask((restore) =>
    Effect.zipRight(
      restore(semaphore.take(1)),
      Effect.as(
        Effect.addFinalizer(() => semaphore.release(1)),
        connection
      )
    )
  )

/**
 * Only a transaction keeps others waiting: everything else is done as soon as it begins. Looking and running are one
 * step, so no fiber comes in between: inside of somebody's transaction nothing would be on disk when it succeeds.
 */
const exclusively = (
  semaphore: Effect.Semaphore,
  database: Sqlite.Database,
  connection: Connection
): Exclusive["Type"] => {
  const bare: Bare = {
    prepare: <Row>(text: string) => database.prepare<Array<Value>, Row>(text),
    pragma: (text) => database.pragma(text),
    transaction: (run) => database.transaction((value: Parameters<typeof run>[0]) => run(value))
  }
  const isOwn = (context: Context.Context<never>) =>
    Option.exists(Context.getOption(context, SqlClient.TransactionConnection), ([own]) => own === connection)
  return (operation) => {
    const run = () => Either.try({ try: () => operation(bare), catch: failed("execute") })
    return Effect.contextWithEffect((context: Context.Context<never>) =>
      !database.inTransaction || isOwn(context)
        ? run()
        : semaphore.withPermits(1)(Effect.suspend(() => (database.inTransaction ? Effect.fail(stray()) : run())))
    )
  }
}

const stray = () => failed("execute")(new Error("a transaction was begun without reserving the connection"))
