/**
 * SQLite databases opened the safe way: nothing is touched before it is known to be ours, only the owner can read the
 * files, what is acknowledged is on disk, transactions take the write lock at their start, and waiting for a lock never
 * blocks the process for long.
 *
 * @since 0.1.0
 */
import * as SqlClient from "@effect/sql/SqlClient"
import { SqlError } from "@effect/sql/SqlError"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import type { StoreError } from "../Errors/Stores.js"
import { Database, defaultBusyBudget, type StoreName, whileBusy } from "./Access.js"
import { copyInto, create, type DatabaseLocation, type Header, inspect, refuse, secure } from "./DatabaseFile.js"
import * as SqliteConnection from "./SqliteConnection.js"
import { classify } from "./SqliteFailure.js"

/**
 * The tables of a store and the mark its databases carry.
 *
 * @category models
 * @since 0.1.0
 */
export interface DatabaseSchema {
  readonly store: StoreName
  /** Positive 32-bit number that tells our databases from other programs'. */
  readonly applicationId: number
  /** Statements that bring a database from version i to i + 1; never changed once released. */
  readonly migrations: ReadonlyArray<ReadonlyArray<string>>
}

/**
 * Which database to open, and how.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  readonly schema: DatabaseSchema
  /** The database file. Its folder is created if it is missing. */
  readonly path: string
  /** Refuse to create the file; default `false`. */
  readonly mustExist?: boolean | undefined
  /** How long to keep trying while another process holds the lock; default 5 seconds. */
  readonly busyBudget?: Duration.DurationInput | undefined
}

/**
 * The connection of an open database, as a client and bare.
 *
 * @category models
 * @since 0.1.0
 */
export type Connections = SqlClient.SqlClient | SqliteConnection.Exclusive

const nativeWaitMillis = 50
const memory = ":memory:"

/** Kilobytes of pages a connection keeps in memory. The system keeps them anyway: more makes nothing faster that is measured. */
const cacheKilobytes = 4_000

const pragmas = [
  `cache_size = -${cacheKilobytes}`,
  `busy_timeout = ${nativeWaitMillis}`,
  "trusted_schema = OFF",
  "foreign_keys = ON",
  "synchronous = FULL",
  "journal_size_limit = 16777216"
]

/** What is locked or cannot be read is found while opening. */
const loadSchema = "SELECT 1 FROM sqlite_master LIMIT 1"

type Failing = (operation: string) => (error: SqlError) => StoreError

const failing =
  (place: DatabaseLocation): Failing =>
  (operation) =>
  (error) =>
    refuse(place, operation, classify(error.cause), error)

/**
 * Transactions that take the write lock when they begin (a lock taken later fails at once, without waiting, when another
 * process wrote in between) and whose failing commit is an error, not a defect.
 */
const immediate =
  ({ reserve, withTransaction }: SqlClient.SqlClient): SqlClient.SqlClient["withTransaction"] =>
  (effect) =>
    Effect.contextWithEffect((context: Context.Context<never>) =>
      Option.isSome(Context.getOption(context, SqlClient.TransactionConnection))
        ? withTransaction(effect)
        : Effect.scoped(
            Effect.uninterruptibleMask((restore) =>
              Effect.flatMap(restore(reserve), (connection) => {
                const rollback = Effect.ignore(connection.executeRaw("ROLLBACK", []))
                const commit = Effect.onError(connection.executeRaw("COMMIT", []), () => rollback)
                return Effect.zipRight(
                  connection.executeRaw("BEGIN IMMEDIATE", []),
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
    )

interface Connected {
  readonly client: SqlClient.SqlClient
  readonly exclusive: SqliteConnection.Exclusive["Type"]
}

const connect = (place: DatabaseLocation, isReadOnly = false): Effect.Effect<Connected, StoreError, Scope.Scope> =>
  SqliteConnection.open({ path: place.path, readonly: isReadOnly }).pipe(
    Effect.mapError(({ cause }) => refuse(place, "open", classify(cause, "unreadable"), cause)),
    Effect.map(({ client, exclusive }) => ({
      client: Object.assign(client, { withTransaction: immediate(client) }),
      exclusive
    })),
    Effect.tap(({ client }) =>
      setPragmas(client, pragmas).pipe(
        Effect.zipRight(client.unsafe(loadSchema)),
        Effect.mapError(failing(place)("open"))
      )
    )
  )

const setPragmas = (client: SqlClient.SqlClient, names: ReadonlyArray<string>) =>
  Effect.forEach(names, (pragma) => client.unsafe(`PRAGMA ${pragma}`), { discard: true })

const pragmaNumber = (client: SqlClient.SqlClient, name: "application_id" | "user_version") =>
  Effect.map(client.unsafe<Record<string, number>>(`PRAGMA ${name}`), (rows) => rows[0]?.[name] ?? 0)

const headerOf = (client: SqlClient.SqlClient): Effect.Effect<Header, SqlError> =>
  Effect.all({
    applicationId: pragmaNumber(client, "application_id"),
    schemaVersion: pragmaNumber(client, "user_version"),
    hasLog: Effect.succeed(false)
  })

const check = (place: DatabaseLocation, schema: DatabaseSchema, header: Header): Effect.Effect<void, StoreError> => {
  if (header.applicationId !== schema.applicationId) return Effect.fail(refuse(place, "open", "foreign"))
  if (header.schemaVersion > schema.migrations.length) return Effect.fail(refuse(place, "open", "newerSchema"))
  return Effect.void
}

/** The header on disk may be older than the log beside it; a connection that cannot write sees both. */
const checkWithLog = (place: DatabaseLocation, schema: DatabaseSchema) =>
  Effect.scoped(
    connect(place, true).pipe(
      Effect.flatMap(({ client }) => Effect.mapError(headerOf(client), failing(place)("open"))),
      Effect.flatMap((header) => check(place, schema, header))
    )
  )

const applyMigrations = (client: SqlClient.SqlClient, place: DatabaseLocation, schema: DatabaseSchema) =>
  Effect.gen(function* () {
    const version = yield* pragmaNumber(client, "user_version")
    if (version > schema.migrations.length) return yield* Effect.fail(refuse(place, "migrate", "newerSchema"))
    const statements = schema.migrations.slice(version).flat()
    yield* Effect.forEach(statements, (statement) => client.unsafe(statement), { discard: true })
    yield* client.unsafe(`PRAGMA application_id = ${schema.applicationId}`)
    yield* client.unsafe(`PRAGMA user_version = ${schema.migrations.length}`)
  })

/** All pending migrations and the new version number are one transaction, so a failing one changes nothing. */
const migrate = (
  client: SqlClient.SqlClient,
  place: DatabaseLocation,
  schema: DatabaseSchema
): Effect.Effect<void, StoreError> =>
  Effect.flatMap(Effect.mapError(pragmaNumber(client, "user_version"), failing(place)("migrate")), (version) =>
    version === schema.migrations.length
      ? Effect.void
      : Effect.mapError(client.withTransaction(applyMigrations(client, place, schema)), (error) =>
          error instanceof SqlError ? failing(place)("migrate")(error) : error
        )
  )

/** What was there before a migration, whole, beside the database; kept until somebody removes it. */
const backUp = (
  client: SqlClient.SqlClient,
  place: DatabaseLocation,
  schema: DatabaseSchema
): Effect.Effect<void, StoreError> =>
  Effect.flatMap(Effect.mapError(pragmaNumber(client, "user_version"), failing(place)("back up")), (version) => {
    if (version === 0 || version >= schema.migrations.length) return Effect.void
    return copyInto(place, `${place.path}.schema-${version}`, (file) =>
      Effect.asVoid(Effect.mapError(client.unsafe("VACUUM INTO ?", [file]), failing(place)("back up")))
    )
  })

const writeAhead = (client: SqlClient.SqlClient, place: DatabaseLocation): Effect.Effect<void, StoreError> =>
  client.unsafe<{ readonly journal_mode: string }>("PRAGMA journal_mode = WAL").pipe(
    Effect.mapError(failing(place)("open")),
    Effect.filterOrFail(
      (rows) => rows[0]?.journal_mode === "wal",
      () => refuse(place, "open", "unreadable", new Error("the file system cannot hold a write-ahead log"))
    ),
    Effect.asVoid
  )

/** A draft is brought to the disk once, when it is whole; a crash before that leaves nothing that anybody looks at. */
const draftPragmas = ["synchronous = OFF", "journal_mode = MEMORY"]

const initialise = (schema: DatabaseSchema) => (draft: DatabaseLocation) =>
  Effect.scoped(
    Effect.flatMap(connect(draft), ({ client }) =>
      Effect.mapError(setPragmas(client, draftPragmas), failing(draft)("create")).pipe(
        Effect.zipRight(migrate(client, draft, schema)),
        Effect.zipRight(writeAhead(client, draft))
      )
    )
  )

const ensureExists = (place: DatabaseLocation, options: Options): Effect.Effect<Header, StoreError> =>
  Effect.gen(function* () {
    const found = yield* inspect(place)
    if (found !== undefined) return found
    if (options.mustExist !== true) yield* create(place, initialise(options.schema))
    const made = yield* inspect(place)
    return made ?? (yield* Effect.fail(refuse(place, "open", "unreadable", new Error("there is no such file"))))
  })

const verified = (place: DatabaseLocation, options: Options): Effect.Effect<void, StoreError> =>
  Effect.gen(function* () {
    const header = yield* ensureExists(place, options)
    yield* check(place, options.schema, header)
    if (header.hasLog) yield* checkWithLog(place, options.schema)
  })

const openWritable = (place: DatabaseLocation, options: Options) =>
  Effect.gen(function* () {
    yield* verified(place, options)
    yield* secure(place)
    const connected = yield* connect(place)
    yield* writeAhead(connected.client, place)
    yield* backUp(connected.client, place, options.schema)
    yield* migrate(connected.client, place, options.schema)
    return connected
  })

const openReadOnly = (place: DatabaseLocation, options: Options) =>
  Effect.zipRight(verified(place, { ...options, mustExist: true }), connect(place, true))

const closingOnFailure = <A, E>(open: Effect.Effect<A, E, Scope.Scope>): Effect.Effect<A, E, Scope.Scope> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function* () {
      const attempt = yield* Scope.fork(yield* Effect.scope, ExecutionStrategy.sequential)
      return yield* restore(Scope.extend(open, attempt)).pipe(
        Effect.onError((cause) => Scope.close(attempt, Exit.failCause(cause)))
      )
    })
  )

const provideClient = (
  options: Pick<Options, "busyBudget" | "path">,
  open: Effect.Effect<Connected, StoreError, Scope.Scope>
): Layer.Layer<Connections, StoreError> => {
  const busyBudget = options.busyBudget ?? defaultBusyBudget
  const path = options.path === memory ? undefined : options.path
  return Layer.scopedContext(
    Effect.retry(closingOnFailure(open), {
      schedule: whileBusy(busyBudget),
      while: (error) => error.reason === "busy"
    }).pipe(
      Effect.map(({ client, exclusive }) =>
        Context.make(SqlClient.SqlClient, client).pipe(
          Context.add(SqliteConnection.Exclusive, exclusive),
          Context.add(Database, { path, busyBudget })
        )
      )
    )
  )
}

/**
 * Opens a database, creating it if it is not there. Refuses, without changing a byte, what is not a database, is empty,
 * belongs to something else or was written by a newer version; links are not followed.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options): Layer.Layer<Connections, StoreError> =>
  provideClient(options, openWritable({ store: options.schema.store, path: options.path }, options))

/**
 * Opens a database that must exist, for reading only.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerReadOnly = (options: Omit<Options, "mustExist">): Layer.Layer<Connections, StoreError> =>
  provideClient(options, openReadOnly({ store: options.schema.store, path: options.path }, options))

/**
 * A database in memory that is gone with its scope.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerMemory = (schema: DatabaseSchema): Layer.Layer<Connections, StoreError> => {
  const place = { store: schema.store, path: memory }
  return provideClient(
    place,
    Effect.tap(connect(place), ({ client }) => migrate(client, place, schema))
  )
}
