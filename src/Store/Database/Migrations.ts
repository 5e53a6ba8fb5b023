/**
 * Migrations of the stores' tables, through the Migrator of `@effect/sql`, on any `SqlClient`.
 *
 * **Details**
 *
 * Each store has its own table of migrations, so both can share a database. A SQLite database also carries the number of
 * its migrations in its header (`user_version`), which {@link Sqlite.layer} checks before a driver opens the file. Earlier
 * releases kept that number alone: it is carried over into the table.
 */
import * as Migrator from "@effect/sql/Migrator"
import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { StoreError, type StoreReason } from "../../Errors/Stores.js"
import { Database, type StoreName, transaction } from "./Access.js"
import { pragmaNumber } from "./Dialect.js"
import { classify } from "./SqlFailure.js"

/**
 * The tables of a store and the mark of its databases.
 *
 * @category models
 * @since 0.1.0
 */
export interface DatabaseSchema {
  readonly store: StoreName
  /** Positive 32-bit number in the header of a SQLite database of this store. */
  readonly applicationId: number
  /** Statements of SQLite that bring a database from version i to i + 1; never changed once released. */
  readonly migrations: ReadonlyArray<ReadonlyArray<string>>
  /** The same for PostgreSQL; without them the store cannot be migrated there. */
  readonly postgres?: ReadonlyArray<ReadonlyArray<string>> | undefined
}

/**
 * The table that lists the migrations a database has.
 *
 * @category accessors
 * @since 0.1.0
 */
export const tableOf = ({ store }: DatabaseSchema): string => `effect_deployers_${store}_migrations`

/**
 * The migrations of a store for a `Migrator` of your own. Run it with the table of {@link tableOf}.
 *
 * @category constructors
 * @since 0.1.0
 */
export const loader = (schema: DatabaseSchema): Migrator.Loader<SqlClient.SqlClient> =>
  Effect.flatMap(SqlClient.SqlClient, (sql) =>
    Effect.flatMap(versionsFor(sql, schema), (versions) =>
      Migrator.fromRecord(
        named(
          schema,
          versions.map((texts) => Effect.forEach(texts, (text) => sql.unsafe(text), { discard: true }))
        )
      )
    )
  )

/**
 * Brings the tables of a store up to date. A failed migration changes nothing. A database that a newer version of this
 * library migrated is refused as `newerSchema`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const run = (schema: DatabaseSchema): Effect.Effect<void, StoreError, SqlClient.SqlClient> =>
  Effect.flatMap(SqlClient.SqlClient, (client) => {
    const sql = client.withoutTransforms()
    const migrated: Effect.Effect<void, SqlError | Migrator.MigrationError | StoreError> = sql.onDialectOrElse({
      sqlite: () => runOnSqlite(sql, schema),
      pg: () => runOnPostgres(sql, schema),
      orElse: () => migrate(sql, schema)
    })
    const refused = (cause: SqlError | Migrator.MigrationError) =>
      Effect.flatMap(adviceFor(sql, classify(cause)), (advice) => refuse(schema, classify(cause), cause, advice))
    return Effect.catchTags(migrated, { SqlError: refused, MigrationError: refused })
  })

/**
 * True for a PostgreSQL database that {@link run} leaves as it is. One of a newer version fails as `newerSchema`.
 *
 * @category accessors
 * @since 0.1.0
 */
export const isUpToDate = (schema: DatabaseSchema): Effect.Effect<boolean, StoreError, SqlClient.SqlClient> =>
  Effect.flatMap(SqlClient.SqlClient, (client) => {
    const refused = (cause: SqlError | Migrator.MigrationError) => refuse(schema, classify(cause), cause)
    return Effect.catchTags(hasAll(client.withoutTransforms(), schema), { SqlError: refused, MigrationError: refused })
  })

/**
 * See {@link run}.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (schema: DatabaseSchema): Layer.Layer<never, StoreError, SqlClient.SqlClient> =>
  Layer.effectDiscard(run(schema))

// internal

const refuse = ({ store }: DatabaseSchema, reason: StoreReason, cause?: unknown, advice?: string) =>
  Effect.flatMap(Database, ({ path, server }) =>
    Effect.fail(new StoreError({ store, operation: "migrate", reason, path, server, cause, advice }))
  )

const failed = (message: string) => new Migrator.MigrationError({ reason: "bad-state", message })

const versionsFor = (sql: SqlClient.SqlClient, schema: DatabaseSchema) =>
  sql.onDialectOrElse({
    sqlite: () => Effect.succeed(schema.migrations),
    pg: () => (schema.postgres === undefined ? unsupported(schema) : Effect.succeed(schema.postgres)),
    orElse: () => unsupported(schema)
  })

const unsupported = ({ store }: DatabaseSchema): Effect.Effect<never, Migrator.MigrationError> =>
  Effect.fail(
    failed(`The ${store} store has no migrations for this database. Use SQLite, or make the tables yourself.`)
  )

const named = <A>({ store }: DatabaseSchema, migrations: ReadonlyArray<A>): Record<string, A> =>
  Object.fromEntries(migrations.map((migration, index) => [`${index + 1}_${store}`, migration]))

/** Runs what is missing of the migrations. The Migrator makes a failing migration a defect. */
const apply = <R>(sql: SqlClient.SqlClient, schema: DatabaseSchema, migrations: Migrator.Loader<R>) =>
  Migrator.make({})({ loader: migrations, table: tableOf(schema) }).pipe(
    Effect.provideService(SqlClient.SqlClient, sql),
    Effect.catchAllDefect((defect) =>
      defect instanceof Migrator.MigrationError ? Effect.fail(defect) : Effect.die(defect)
    )
  )

/** The Migrator succeeds when it cannot write a version down, so the table is asked afterwards. */
const migrate = (sql: SqlClient.SqlClient, schema: DatabaseSchema) =>
  Effect.gen(function* () {
    yield* apply(sql, schema, loader(schema))
    const { length } = yield* versionsFor(sql, schema)
    const [row] = yield* sql<{ readonly version: number | null }>`SELECT MAX(migration_id) AS version
      FROM ${sql(tableOf(schema))}`
    const version = row?.version ?? 0
    if (version > length) return yield* refuse(schema, "newerSchema")
    if (version < length) return yield* Effect.fail(failed("The migrations were not written down."))
  })

/**
 * One transaction for everything, under a lock that one process at a time has, so that the others wait and find the tables. A
 * database that is up to date is only read.
 */
const runOnPostgres = (sql: SqlClient.SqlClient, schema: DatabaseSchema) => {
  const table = tableOf(schema)
  const locked = Effect.gen(function* () {
    yield* sql`SELECT pg_advisory_xact_lock(hashtextextended(${table}, 0))`
    if (yield* hasAll(sql, schema)) return
    // The Migrator looks for its table with a statement that fails, which ends a transaction of PostgreSQL.
    yield* sql`CREATE TABLE IF NOT EXISTS ${sql(table)} (migration_id integer PRIMARY KEY,
      created_at timestamp with time zone NOT NULL DEFAULT now(), name text NOT NULL)`
    yield* migrate(sql, schema)
  })
  return Effect.flatMap(hasAll(sql, schema), (isUpToDate) => (isUpToDate ? Effect.void : transaction(sql)(locked)))
}

const hasAll = (sql: SqlClient.SqlClient, schema: DatabaseSchema) =>
  Effect.gen(function* () {
    const { length } = yield* versionsFor(sql, schema)
    const version = yield* versionOnPostgres(sql, tableOf(schema))
    return version > length ? yield* refuse(schema, "newerSchema") : version === length
  })

const versionOnPostgres = (sql: SqlClient.SqlClient, table: string) =>
  Effect.gen(function* () {
    const [found] = yield* sql<{ readonly found: boolean | null }>`SELECT to_regclass(${table}) IS NOT NULL AS found`
    if (found?.found !== true) return 0
    const [row] = yield* sql<{
      readonly version: number | null
    }>`SELECT MAX(migration_id) AS version FROM ${sql(table)}`
    return row?.version ?? 0
  })

/** The right that the user of a database lacks to make tables. */
const adviceFor = (sql: SqlClient.SqlClient, reason: StoreReason) =>
  sql.onDialectOrElse({
    pg: () => (reason === "denied" ? grantsOf(sql) : Effect.succeed(undefined)),
    orElse: () => Effect.succeed(undefined)
  })

const grantsOf = (sql: SqlClient.SqlClient) =>
  sql<{
    readonly role: string
    readonly schema: string | null
  }>`SELECT current_user AS role, current_schema() AS schema`.pipe(
    Effect.map(([found]) =>
      found === undefined
        ? undefined
        : `the role "${found.role}" may not make tables; the owner of the database permits it with: GRANT USAGE, CREATE ON SCHEMA "${found.schema ?? "public"}" TO "${found.role}"`
    ),
    Effect.orElseSucceed(() => undefined)
  )

/**
 * One transaction for everything. In a database that is marked as ours the header has the number of migrations too, and
 * the header of one of an earlier release is all there is.
 */
const runOnSqlite = (sql: SqlClient.SqlClient, schema: DatabaseSchema) =>
  Effect.gen(function* () {
    if ((yield* pragmaNumber(sql, "application_id")) !== schema.applicationId) {
      return yield* transaction(sql)(migrate(sql, schema))
    }
    const isUpToDate = Effect.map(pragmaNumber(sql, "user_version"), (version) => version === schema.migrations.length)
    if (yield* isUpToDate) return
    yield* transaction(sql)(
      Effect.gen(function* () {
        const version = yield* pragmaNumber(sql, "user_version")
        if (version > schema.migrations.length) return yield* refuse(schema, "newerSchema")
        if (version > 0) yield* apply(sql, schema, carriedOver(schema, version))
        yield* migrate(sql, schema)
        yield* sql.unsafe(`PRAGMA user_version = ${schema.migrations.length}`)
      })
    )
  })

const carriedOver = (schema: DatabaseSchema, version: number) =>
  Migrator.fromRecord(
    named(
      schema,
      Array.from({ length: version }, () => Effect.void)
    )
  )
