/**
 * A `SqlClient` on PostgreSQL for the tables of a store: it makes or upgrades them, connects within limits, reads 64-bit numbers
 * as numbers, and works behind PgBouncer in transaction mode.
 */
import * as SqlClient from "@effect/sql/SqlClient"
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { StoreError, type StoreReason } from "../Errors/Stores.js"
import { Database, defaultBusyBudget, transaction } from "./Database/Access.js"
import * as Migrations from "./Database/Migrations.js"
import * as PostgresClient from "./Database/PostgresClient.js"
import { describe, type PostgresConfig, parse, type Target } from "./Database/PostgresSettings.js"
import { classify, codeOf } from "./Database/SqlFailure.js"

export type { PostgresConfig, Tls } from "./Database/PostgresSettings.js"

/**
 * Connects to a database and brings the tables of a store up to date. One process at a time migrates; the others wait for it. A
 * database of a newer version is refused. Needs the package `@effect/sql-pg`, which loads here.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  schema: Migrations.DatabaseSchema,
  config: PostgresConfig
): Layer.Layer<SqlClient.SqlClient, StoreError> => Layer.scopedContext(make(schema, config))

/**
 * See {@link layer}, with settings that come from a `ConfigProvider`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerConfig = (
  schema: Migrations.DatabaseSchema,
  config: Config.Config.Wrap<PostgresConfig>
): Layer.Layer<SqlClient.SqlClient, StoreError | ConfigError.ConfigError> =>
  Layer.unwrapEffect(Effect.map(Config.unwrap(config), (settings) => layer(schema, settings)))

// internal

type Store = Migrations.DatabaseSchema["store"]

const failed = (
  store: Store,
  target: Target | undefined,
  reason: StoreReason,
  cause: unknown,
  advice?: string
): StoreError =>
  new StoreError({
    store,
    operation: "open",
    reason,
    cause,
    advice,
    server: target === undefined ? undefined : describe(target)
  })

const missingPackage =
  "the package @effect/sql-pg is not installed; install the version of your Effect, such as `npm install @effect/sql-pg@0.53`"

const load = (store: Store, target: Target) =>
  Effect.tryPromise({
    try: () => import("@effect/sql-pg/PgClient"),
    catch: (cause) =>
      codeOf(cause) === "ERR_MODULE_NOT_FOUND"
        ? failed(store, target, "misconfigured", cause, missingPackage)
        : failed(store, target, "query", cause)
  })

const make = (schema: Migrations.DatabaseSchema, config: PostgresConfig) =>
  Effect.gen(function* () {
    const { store } = schema
    const target = yield* Effect.mapError(parse(config, store), (advice) =>
      failed(store, undefined, "misconfigured", undefined, advice)
    )
    const library = yield* load(store, target)
    const open = (limits: PostgresClient.Limits) =>
      Effect.mapError(PostgresClient.make(library, target, limits), ({ cause }) =>
        failed(store, target, classify(cause, "unreachable"), cause)
      )
    const context = contextOf(yield* open(config), target, config)
    const isUpToDate = yield* Effect.provide(Migrations.isUpToDate(schema), context)
    if (!isUpToDate) yield* Effect.scoped(Effect.flatMap(open({ ...config, ...patient }), migrate(target, schema)))
    return context
  })

const contextOf = (client: SqlClient.SqlClient, target: Target, { busyBudget = defaultBusyBudget }: PostgresConfig) =>
  Context.make(SqlClient.SqlClient, client).pipe(
    Context.add(Database, { path: undefined, server: describe(target), busyBudget })
  )

/** A migration may take long, and waits for the one of another process. */
const patient: PostgresClient.Limits = { maxConnections: 1, statementTimeout: "1 hour", lockTimeout: "10 minutes" }

/** The schema of the tables is there before the tables. */
const migrate = (target: Target, schema: Migrations.DatabaseSchema) => (client: SqlClient.SqlClient) =>
  (target.schema === undefined ? Effect.void : ensureSchema(client, target, target.schema, schema.store)).pipe(
    Effect.zipRight(Migrations.run(schema)),
    Effect.provide(contextOf(client, target, {}))
  )

/** The check and the change are one transaction under a lock: two processes that make a schema at once fail otherwise. */
const ensureSchema = (client: SqlClient.SqlClient, target: Target, name: string, store: Store) => {
  const made = Effect.gen(function* () {
    yield* client`SELECT pg_advisory_xact_lock(hashtextextended(${`effect-deployers/${name}`}, 0))`
    const found = yield* client`SELECT 1 FROM pg_namespace WHERE nspname = ${name}`
    if (found.length === 0) yield* client`CREATE SCHEMA ${client(name)}`
  })
  const advice = `the schema "${name}" is missing, and the role "${target.username}" may not make it; the owner of the database makes it with: CREATE SCHEMA "${name}" AUTHORIZATION "${target.username}"`
  return Effect.mapError(transaction(client)(made), ({ cause }) => {
    const reason = classify(cause)
    return failed(store, target, reason, cause, reason === "denied" ? advice : undefined)
  })
}
