/** Registries ready to use: all stores of the control plane over one database. */
import * as SqlClient from "@effect/sql/SqlClient"
import type * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { StoreError } from "../Errors/Stores.js"
import type { BuildStore } from "./BuildStore.js"
import type { PostgresConfig } from "./Database/PostgresSettings.js"
import * as Sqlite from "./Database/Sqlite.js"
import { DeploymentStore } from "./DeploymentStore.js"
import type { EventStore } from "./EventStore.js"
import { Home } from "./Home.js"
import * as HomeBinding from "./HomeBinding.js"
import type { Ids } from "./Ids.js"
import * as Postgres from "./Postgres.js"
import { schema } from "./Registry/RegistrySchema.js"
import * as RegistryUrl from "./Registry/RegistryUrl.js"
import * as SecretBox from "./Registry/SecretBox.js"
import * as SqlBuildStore from "./Registry/SqlBuildStore.js"
import * as SqlDeploymentStore from "./Registry/SqlDeploymentStore.js"
import * as SqlEventStore from "./Registry/SqlEventStore.js"
import * as SqlSecretStore from "./Registry/SqlSecretStore.js"
import * as SqlSnapshotStore from "./Registry/SqlSnapshotStore.js"
import type { SecretStore } from "./SecretStore.js"
import type { SnapshotStore } from "./SnapshotStore.js"

/**
 * The services of a registry.
 *
 * @category models
 * @since 0.1.0
 */
export type Stores = SnapshotStore | DeploymentStore | EventStore | SecretStore | BuildStore

/**
 * The place of a registry's database, and options for opening it.
 *
 * @category models
 * @since 0.1.0
 */
export type Options = Pick<Sqlite.Options, "path" | "busyBudget" | "mustExist" | "reserve">

/**
 * All stores over the database of any `SqlClient`. {@link Migrations} makes the tables.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerSql: Layer.Layer<Stores, StoreError, SqlClient.SqlClient | SecretBox.SecretBox | Ids> =
  Layer.mergeAll(
    SqlSnapshotStore.layer,
    SqlDeploymentStore.layer,
    SqlEventStore.layer,
    SqlSecretStore.layer,
    SqlBuildStore.layer
  )

const sqlite = (options: string | Options) =>
  Sqlite.layer({ schema, ...(typeof options === "string" ? { path: options } : options) })

/**
 * The registry in a SQLite file, which is created if it is not there. See {@link layerHome} for the usual place.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: string | Options): Layer.Layer<Stores, StoreError, SecretBox.SecretBox | Ids> =>
  Layer.provide(Layer.fresh(layerSql), sqlite(options))

/**
 * The registry on PostgreSQL, for programs on several machines. The first one makes the tables. Needs the package
 * `@effect/sql-pg`.
 *
 * @example
 * ```ts
 * import { Layer, Redacted } from "effect"
 * import { Ids } from "effect-deployers"
 * import { layerPg, SecretBox } from "effect-deployers/Store"
 *
 * export const registry = layerPg({ url: Redacted.make("postgres://deployers@db.internal/registry") }).pipe(
 *   Layer.provide(SecretBox.layerFile("/etc/deployers/key")),
 *   Layer.provide(Ids.layer)
 * )
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layerPg = (config: PostgresConfig): Layer.Layer<Stores, StoreError, SecretBox.SecretBox | Ids> =>
  Layer.provide(Layer.fresh(layerSql), Postgres.layer(schema, config))

/**
 * See {@link layerPg}, with settings that come from a `ConfigProvider`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerPgConfig = (
  config: Config.Config.Wrap<PostgresConfig>
): Layer.Layer<Stores, StoreError | ConfigError, SecretBox.SecretBox | Ids> =>
  Layer.provide(Layer.fresh(layerSql), Postgres.layerConfig(schema, config))

/**
 * `true` for a registry with sealed values, whose missing key must be restored and not made anew. An unreadable
 * registry counts as one that holds secrets.
 *
 * @category accessors
 * @since 0.1.0
 */
export const holdsSecrets: Effect.Effect<boolean, never, SqlClient.SqlClient> = Effect.flatMap(
  SqlClient.SqlClient,
  (sql) =>
    sql`SELECT 1 FROM secrets UNION ALL SELECT 1 FROM deployments WHERE auth_sealed IS NOT NULL LIMIT 1`.pipe(
      Effect.map((rows) => rows.length > 0),
      Effect.orElseSucceed(() => true)
    )
)

const boxOf = (path: string): Layer.Layer<SecretBox.SecretBox, never, SqlClient.SqlClient> =>
  Layer.unwrapEffect(
    Effect.map(SqlClient.SqlClient, (sql) =>
      SecretBox.layerFile(path, {
        holdsSecrets: Effect.provideService(holdsSecrets, SqlClient.SqlClient, sql)
      })
    )
  )

/**
 * The registry and the key of the {@link Home} folder. The registry is a SQLite file, or the PostgreSQL database that the file
 * `registry.url` of the home names. The key file is made when the first secret is sealed. In a copy of the
 * folder the registry can be read, and no deployment changes until {@link HomeBinding} adopts it.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerHome: Layer.Layer<Stores | SecretBox.SecretBox | HomeBinding.HomeBinding, StoreError, Home | Ids> =
  Layer.unwrapEffect(
    Effect.gen(function* () {
      const home = yield* Home
      const url = yield* RegistryUrl.read(home)
      return url === undefined ? inFile(home) : onServer(home, { url })
    })
  )

const inFile = (home: Home["Type"]) =>
  boundStores(home.registry).pipe(
    Layer.provideMerge(boxOf(home.key)),
    Layer.provideMerge(HomeBinding.layer(home.root)),
    Layer.provide(sqlite({ path: home.registry, reserve: `${home.registry}.reserve` }))
  )

const onServer = (home: Home["Type"], config: PostgresConfig) =>
  Layer.fresh(layerSql).pipe(
    Layer.provideMerge(boxOf(home.key)),
    Layer.provideMerge(HomeBinding.layerShared(home.root)),
    Layer.provide(Postgres.layer(schema, config))
  )

/** The stores, whose deployments change only while the registry is bound to this home. */
const boundStores = (path: string) =>
  Layer.scopedContext(
    Effect.gen(function* () {
      const binding = yield* HomeBinding.HomeBinding
      const stores = yield* Layer.build(Layer.fresh(layerSql))
      return Context.add(
        stores,
        DeploymentStore,
        HomeBinding.guard(Context.get(stores, DeploymentStore), binding, path)
      )
    })
  )

/**
 * A registry in memory, with a fixed key, that is gone with its scope.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerMemory: Layer.Layer<Stores | SecretBox.SecretBox, StoreError, Ids> = Layer.fresh(layerSql).pipe(
  Layer.provideMerge(SecretBox.layerTest),
  Layer.provide(Sqlite.layerMemory(schema))
)
