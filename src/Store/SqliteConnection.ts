/**
 * Connections to SQLite: the client of `@effect/sql-sqlite-node`, and a bare connection for the one writer that commits
 * for every run. A client on top of better-sqlite3 takes more time for a commit than SQLite itself, 35 to 40 us each.
 */
import * as Reactivity from "@effect/experimental/Reactivity"
import { SqlError } from "@effect/sql/SqlError"
import * as SqliteClient from "@effect/sql-sqlite-node/SqliteClient"
import Driver from "better-sqlite3"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/** A value a column can hold. */
export type Value = string | number | null

/** A statement that is ready to run, with its parameters in their order. */
export interface Prepared<Row = never> {
  readonly run: (...values: ReadonlyArray<Value>) => {
    readonly changes: number
    readonly lastInsertRowid: number | bigint
  }
  /** The first row of the result. */
  readonly get: (...values: ReadonlyArray<Value>) => Row | undefined
}

/** A bare connection. It blocks, and it throws. */
export interface Bare {
  readonly prepare: <Row = never>(text: string) => Prepared<Row>
  readonly pragma: (text: string) => unknown
  /** Makes a function that runs as one transaction: a function that throws leaves nothing behind. */
  readonly transaction: <A>(run: (value: A) => void) => {
    /** Takes the write lock first. */
    readonly immediate: (value: A) => void
  }
  readonly close: () => void
}

/** The time for which SQLite itself waits for a lock. It blocks the process meanwhile. */
export const nativeWaitMillis = 50

/** Kilobytes of pages in the memory of a connection. The system keeps them too: more makes nothing faster that is measured. */
const cacheKilobytes = 2_000

/** The settings of every connection that writes. */
export const pragmas: ReadonlyArray<string> = [
  `cache_size = -${cacheKilobytes}`,
  `busy_timeout = ${nativeWaitMillis}`,
  "trusted_schema = OFF",
  "foreign_keys = ON",
  "synchronous = FULL",
  "journal_size_limit = 16777216"
]

/** The cache of prepared statements also keeps failures to prepare one, which must not outlive their reason for long. */
const prepareCacheTTL = "1 second"

/**
 * The options of the client that a caller may choose.
 *
 * @category models
 * @since 0.1.0
 */
export type ClientOptions = Omit<SqliteClient.SqliteClientConfig, "filename" | "readonly" | "disableWAL">

/**
 * Opens a client for as long as the scope lives. The write-ahead log is left to the caller: the client's own switch throws
 * while another process holds the lock.
 */
export const openClient = (
  options: ClientOptions & Pick<SqliteClient.SqliteClientConfig, "filename" | "readonly">
): Effect.Effect<SqliteClient.SqliteClient, SqlError, Scope.Scope> =>
  SqliteClient.make({ prepareCacheTTL, ...options, disableWAL: true }).pipe(
    Effect.provide(Reactivity.layer),
    // The constructor of the driver throws within the client.
    Effect.catchAllDefect((cause) => Effect.fail(new SqlError({ cause, message: "SQLite cannot open the database" })))
  )

/** Opens a bare connection to a database that exists. Throws what the driver throws. */
export const openBare = (path: string): Bare => {
  const database = new Driver(path, { fileMustExist: true })
  try {
    for (const pragma of pragmas) database.pragma(pragma)
  } catch (cause) {
    database.close()
    throw cause
  }
  return {
    prepare: <Row>(text: string) => database.prepare<Array<Value>, Row>(text),
    pragma: (text) => database.pragma(text),
    transaction: (run) => database.transaction((value: Parameters<typeof run>[0]) => run(value)),
    close: () => database.close()
  }
}
