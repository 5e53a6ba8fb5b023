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
import type { StoreError } from "../../Errors/Stores.js"
import { Database, defaultBusyBudget, transaction, whileBusy } from "./Access.js"
import * as DatabaseCopy from "./DatabaseCopy.js"
import {
  copyInto,
  create,
  type DatabaseLocation,
  type Header,
  inspect,
  refuse,
  requireWritable,
  secure
} from "./DatabaseFile.js"
import { pragmaNumber } from "./Dialect.js"
import { type Reserve, reasonAt, reserveAt } from "./DiskRoom.js"
import * as Migrations from "./Migrations.js"
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
  /**
   * A file that keeps 1 MiB of the disk free. On a full disk the store gives it up for reading and for its next writes, and
   * takes it again when it closes. Default: no reserve.
   */
  readonly reserve?: string | undefined
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

const pathOf = ({ path }: Pick<DatabaseLocation, "path">): string | undefined => (path === memory ? undefined : path)

type Failing = (operation: string) => (error: SqlError) => StoreError

const failing =
  (place: DatabaseLocation): Failing =>
  (operation) =>
  (error) =>
    refuse(place, operation, reasonAt(pathOf(place), error), error)

/** The client whose transactions take the write lock at their start. Errors name the place, also for a copy in another file. */
const connect = (
  place: DatabaseLocation,
  options: SqliteClient.ClientOptions & { readonly readonly?: boolean; readonly filename?: string } = {},
  before: ReadonlyArray<string> = []
): Effect.Effect<SqlClient.SqlClient, StoreError, Scope.Scope> =>
  SqliteClient.make({ filename: place.path, ...options }).pipe(
    Effect.mapError(({ cause }) => refuse(place, "open", reasonAt(pathOf(place), cause, "unreadable"), cause)),
    Effect.map((client) => Object.assign(client, { withTransaction: transaction({ ...client }) })),
    Effect.tap((client) =>
      setPragmas(client, [...before, ...pragmas]).pipe(
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

const checkClient = (client: SqlClient.SqlClient, place: DatabaseLocation, schema: DatabaseSchema) =>
  Effect.flatMap(Effect.mapError(headerOf(client), failing(place)("open")), (header) => check(place, schema, header))

/** The header on disk may be older than the log beside it; a connection that cannot write sees both. */
const checkWithLog = (place: DatabaseLocation, schema: DatabaseSchema) =>
  Effect.scoped(Effect.flatMap(connect(place, { readonly: true }), (client) => checkClient(client, place, schema)))

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

const verified = (
  place: DatabaseLocation,
  options: Options & { readonly mustWrite?: boolean }
): Effect.Effect<void, StoreError> =>
  Effect.gen(function* () {
    const header = yield* ensureExists(place, options)
    yield* check(place, options.schema, header)
    if (options.mustWrite === true) yield* requireWritable(place)
    if (header.hasLog) yield* checkWithLog(place, options.schema)
  })

const openInRoom = (place: DatabaseLocation, options: Options) =>
  Effect.gen(function* () {
    yield* verified(place, { ...options, mustWrite: true })
    yield* secure(place)
    const client = yield* connect(place, options.client)
    yield* writeAhead(client, place)
    yield* backUp(client, place, options.schema)
    yield* migrate(client, place, options.schema)
    return client
  })

/** Shared memory takes room on the disk; a connection that excludes other processes has it on its heap. */
const openAlone = (place: DatabaseLocation, options: Options, full: StoreError) =>
  Effect.gen(function* () {
    if ((yield* inspect(place)) === undefined) return yield* full
    const client = yield* connect(place, options.client, ["locking_mode = EXCLUSIVE"])
    const header = yield* Effect.mapError(headerOf(client), failing(place)("open"))
    yield* check(place, options.schema, header)
    return header.schemaVersion === options.schema.migrations.length ? client : yield* full
  })

/** On a full disk the reserve makes the room for opening. Without one, the database opens for one process. */
const openWithReserve = (place: DatabaseLocation, options: Options, reserve: Reserve | undefined) => {
  const open = closingOnFailure(openInRoom(place, options))
  if (reserve === undefined) return open
  return Effect.catchIf(open, isFull, (full) =>
    Effect.catchIf(
      Effect.suspend(() => (reserve.giveUp() ? open : Effect.fail(full))),
      isFull,
      () => closingOnFailure(openAlone(place, options, full))
    )
  )
}

/** A database that cannot be written is read: each write fails as `readonly` then. */
const openWritable = (place: DatabaseLocation, options: Options, reserve: Reserve | undefined) =>
  Effect.catchIf(openWithReserve(place, options, reserve), isReadOnly, (refused) =>
    closingOnFailure(openForReading(place, options, refused))
  )

const isFull = ({ reason }: StoreError): boolean => reason === "full"

const isReadOnly = ({ reason }: StoreError): boolean => reason === "readonly"

/** An older schema cannot be read, and a migration would write. */
const openForReading = (place: DatabaseLocation, options: Options, refused: StoreError) =>
  Effect.gen(function* () {
    if ((yield* inspect(place)) === undefined) return yield* refused
    const client = yield* openReadOnly(place, options)
    const version = yield* Effect.mapError(pragmaNumber(client, "user_version"), failing(place)("open"))
    return version === options.schema.migrations.length ? client : yield* refused
  })

/** A reader needs shared memory beside the database. Where that cannot be created, a copy is read. */
const openReadOnly = (place: DatabaseLocation, options: Options) => {
  const inPlace = Effect.zipRight(
    verified(place, { ...options, mustExist: true }),
    connect(place, { ...options.client, readonly: true })
  )
  return Effect.catchIf(closingOnFailure(inPlace), cannotShare, (error) =>
    Effect.flatMap(inspect(place), (found) =>
      found === undefined ? Effect.fail(error) : closingOnFailure(openCopy(place, options))
    )
  )
}

const cannotShare = ({ reason }: StoreError): boolean => reason === "readonly" || reason === "unreadable"

const openCopy = (place: DatabaseLocation, options: Options) =>
  Effect.gen(function* () {
    const filename = yield* DatabaseCopy.make(place)
    const client = yield* connect(place, { ...options.client, filename, readonly: true })
    yield* checkClient(client, place, options.schema)
    return client
  })

const closingOnFailure = <A, E>(open: Effect.Effect<A, E, Scope.Scope>): Effect.Effect<A, E, Scope.Scope> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function* () {
      const attempt = yield* Scope.fork(yield* Effect.scope, ExecutionStrategy.sequential)
      return yield* restore(Scope.extend(open, attempt)).pipe(
        Effect.onError((cause) => Scope.close(attempt, Exit.failCause(cause)))
      )
    })
  )

/** Takes the reserve when the database is open, and again when it is closed: on a full disk that is the room it gave up. */
const keepingRoom = <A, E>(open: Effect.Effect<A, E, Scope.Scope>, reserve: Reserve | undefined) => {
  if (reserve === undefined) return open
  const take = Effect.sync(reserve.take)
  return Effect.zipRight(
    Effect.addFinalizer(() => take),
    Effect.tap(open, () => take)
  )
}

const provideClient = (
  options: Pick<Options, "busyBudget" | "path">,
  open: Effect.Effect<SqlClient.SqlClient, StoreError, Scope.Scope>,
  reserve?: Reserve | undefined
): Layer.Layer<Connections, StoreError> => {
  const busyBudget = options.busyBudget ?? defaultBusyBudget
  const path = pathOf(options)
  return Layer.scopedContext(
    Effect.retry(closingOnFailure(open), {
      schedule: whileBusy(busyBudget),
      while: (error) => error.reason === "busy"
    }).pipe(
      Effect.map((client) =>
        Context.make(SqlClient.SqlClient, client).pipe(Context.add(Database, { path, busyBudget, reserve }))
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
export const layer = (options: Options): Layer.Layer<Connections, StoreError> => {
  const place = { store: options.schema.store, path: options.path }
  const reserve = options.reserve === undefined ? undefined : reserveAt(options.reserve)
  return provideClient(options, keepingRoom(openWritable(place, options, reserve), reserve), reserve)
}

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
