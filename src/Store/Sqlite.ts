/**
 * A `SqlClient` on a SQLite file, opened safely: a file that is not ours stays untouched, only the
 * owner can read the files, an acknowledged write is on disk, transactions take the write lock at their start, and
 * waiting for a lock never blocks the process for long.
 */
import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import type { StoreError } from "../Errors/Stores.js"
import { Database, defaultBusyBudget, pragmaNumber, transaction, whileBusy } from "./Access.js"
import { copyInto, create, type DatabaseLocation, type Header, inspect, refuse, secure } from "./DatabaseFile.js"
import * as Migrations from "./Migrations.js"
import { classify } from "./SqlFailure.js"
import * as SqliteClient from "./SqliteClient.js"
import { pragmas } from "./SqliteConnection.js"

type DatabaseSchema = Migrations.DatabaseSchema

export type { DatabaseSchema } from "./Migrations.js"
export type { ClientOptions } from "./SqliteClient.js"

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
  /** The time for which to keep trying while another process holds the lock; default 5 seconds. */
  readonly busyBudget?: Duration.DurationInput | undefined
  /** Further options of the client, such as span attributes. */
  readonly client?: SqliteClient.ClientOptions | undefined
}

/**
 * The client of an open database.
 *
 * @category models
 * @since 0.1.0
 */
export type Connections = SqlClient.SqlClient

const memory = ":memory:"

/** A locked or unreadable database shows while opening. */
const loadSchema = "SELECT 1 FROM sqlite_master LIMIT 1"

type Failing = (operation: string) => (error: SqlError) => StoreError

const failing =
  (place: DatabaseLocation): Failing =>
  (operation) =>
  (error) =>
    refuse(place, operation, classify(error), error)

/** The client whose transactions take the write lock at their start. */
const connect = (
  place: DatabaseLocation,
  options: SqliteClient.ClientOptions & { readonly readonly?: boolean } = {}
): Effect.Effect<SqlClient.SqlClient, StoreError, Scope.Scope> =>
  SqliteClient.make({ ...options, filename: place.path }).pipe(
    Effect.mapError(({ cause }) => refuse(place, "open", classify(cause, "unreadable"), cause)),
    Effect.map((client) => Object.assign(client, { withTransaction: transaction({ ...client }) })),
    Effect.tap((client) =>
      setPragmas(client, pragmas).pipe(
        Effect.zipRight(client.unsafe(loadSchema)),
        Effect.mapError(failing(place)("open"))
      )
    )
  )

const setPragmas = (client: SqlClient.SqlClient, names: ReadonlyArray<string>) =>
  Effect.forEach(names, (pragma) => client.unsafe(`PRAGMA ${pragma}`), { discard: true })

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
    connect(place, { readonly: true }).pipe(
      Effect.flatMap((client) => Effect.mapError(headerOf(client), failing(place)("open"))),
      Effect.flatMap((header) => check(place, schema, header))
    )
  )

const migrate = (client: SqlClient.SqlClient, place: DatabaseLocation, schema: DatabaseSchema) =>
  Migrations.run(schema).pipe(
    Effect.provideService(SqlClient.SqlClient, client),
    Effect.provideService(Database, { path: place.path, busyBudget: defaultBusyBudget })
  )

/** The mark says whose the database is. A migration writes its number into the header of a marked one. */
const prepare = (client: SqlClient.SqlClient, place: DatabaseLocation, schema: DatabaseSchema) =>
  client
    .unsafe(`PRAGMA application_id = ${schema.applicationId}`)
    .pipe(Effect.mapError(failing(place)("create")), Effect.zipRight(migrate(client, place, schema)))

/** Copies the database as it is before a migration, whole, to a file beside it that stays until its owner removes it. */
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

/** A draft reaches the disk once, when it is whole; after a crash before that, nothing reads it. */
const draftPragmas = ["synchronous = OFF", "journal_mode = MEMORY"]

const initialise = (schema: DatabaseSchema) => (draft: DatabaseLocation) =>
  Effect.scoped(
    Effect.flatMap(connect(draft), (client) =>
      Effect.mapError(setPragmas(client, draftPragmas), failing(draft)("create")).pipe(
        Effect.zipRight(prepare(client, draft, schema)),
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
    const client = yield* connect(place, options.client)
    yield* writeAhead(client, place)
    yield* backUp(client, place, options.schema)
    yield* migrate(client, place, options.schema)
    return client
  })

const openReadOnly = (place: DatabaseLocation, options: Options) =>
  Effect.zipRight(
    verified(place, { ...options, mustExist: true }),
    connect(place, { ...options.client, readonly: true })
  )

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
  open: Effect.Effect<SqlClient.SqlClient, StoreError, Scope.Scope>
): Layer.Layer<Connections, StoreError> => {
  const busyBudget = options.busyBudget ?? defaultBusyBudget
  const path = options.path === memory ? undefined : options.path
  return Layer.scopedContext(
    Effect.retry(closingOnFailure(open), {
      schedule: whileBusy(busyBudget),
      while: (error) => error.reason === "busy"
    }).pipe(
      Effect.map((client) =>
        Context.make(SqlClient.SqlClient, client).pipe(Context.add(Database, { path, busyBudget }))
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
    Effect.tap(connect(place), (client) => prepare(client, place, schema))
  )
}
