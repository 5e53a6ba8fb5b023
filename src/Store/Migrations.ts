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
import { StoreError, type StoreReason } from "../Errors/Stores.js"
import { Database, pragmaNumber, type StoreName, transaction } from "./Access.js"
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
      orElse: () => migrate(sql, schema)
    })
    const refused = (cause: SqlError | Migrator.MigrationError) => refuse(schema, classify(cause), cause)
    return Effect.catchTags(migrated, { SqlError: refused, MigrationError: refused })
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

const refuse = ({ store }: DatabaseSchema, reason: StoreReason, cause?: unknown) =>
  Effect.flatMap(Database, ({ path }) =>
    Effect.fail(new StoreError({ store, operation: "migrate", reason, path, cause }))
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
