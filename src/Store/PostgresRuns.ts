/**
 * Run stores in a PostgreSQL database. The processes of a deployment share one, on any machine, and serve as one service.
 */
import type * as SqlClient from "@effect/sql/SqlClient"
import type * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type { StoreError } from "../Errors/Stores.js"
import * as Access from "./Database/Access.js"
import { decodeRows, Integer, single } from "./Database/Columns.js"
import { LeaseClock } from "./Database/Dialect.js"
import * as Migrations from "./Database/Migrations.js"
import type { PostgresConfig } from "./Database/PostgresSettings.js"
import * as Postgres from "./Postgres.js"
import type { RunStore } from "./RunStore.js"
import { deployments, prefix, schema } from "./Runs/PostgresRunsSchema.js"
import * as PostgresRunTables from "./Runs/PostgresRunTables.js"
import * as PostgresRunWriter from "./Runs/PostgresRunWriter.js"
import { RunTables } from "./Runs/RunTables.js"
import * as SqlRunStore from "./Runs/SqlRunStore.js"

/**
 * Options of a run store.
 *
 * @category models
 * @since 0.2.0
 */
export interface Options {
  /** The deployment whose runs these are. The runs of another one are never seen. */
  readonly deployment: string
  /**
   * The number of the process among those of the deployment. A process that starts with the number of an earlier one takes
   * that one for dead. Default a new one, so that the runs of a dead process are taken over when its lease ends.
   */
  readonly generation?: number | undefined
  /**
   * The server acknowledges a batch before its disk has it, as the serving setting `recording: "relaxed"` asks: a crash of
   * the server may lose the last moments. Default false.
   */
  readonly isRelaxed?: boolean | undefined
}

/**
 * The run store of a deployment in a database. Makes or upgrades its tables. Needs the package `@effect/sql-pg`.
 *
 * @example
 * ```ts
 * import { Redacted } from "effect"
 * import { PostgresRuns } from "effect-deployers/Store"
 *
 * export const runs = PostgresRuns.layer(
 *   { url: Redacted.make("postgres://weather@db.internal/runs") },
 *   { deployment: "weather" }
 * )
 * ```
 *
 * @category layers
 * @since 0.2.0
 */
export const layer = (config: PostgresConfig, options: Options): Layer.Layer<RunStore, StoreError> =>
  Layer.provide(layerSql(options), Postgres.layer(schema, config))

/**
 * See {@link layer}, with settings that come from a `ConfigProvider`.
 *
 * @category layers
 * @since 0.2.0
 */
export const layerConfig = (
  config: Config.Config.Wrap<PostgresConfig>,
  options: Options
): Layer.Layer<RunStore, StoreError | ConfigError> =>
  Layer.provide(layerSql(options), Postgres.layerConfig(schema, config))

/**
 * The run store of a deployment over any client of PostgreSQL. Makes the tables if they are missing.
 *
 * @category layers
 * @since 0.2.0
 */
export const layerSql = (options: Options): Layer.Layer<RunStore, StoreError, SqlClient.SqlClient> =>
  Layer.unwrapEffect(
    Effect.gen(function* () {
      yield* Migrations.run(schema)
      const clock = yield* LeaseClock
      const { server } = yield* Access.Database
      const { deployment, generation } = yield* register(options)
      const tables = Layer.succeed(RunTables, {
        make: (sql) => PostgresRunTables.make(sql, deployment, { clock, server })
      })
      return Layer.provide(
        Layer.fresh(SqlRunStore.layer(generation)),
        Layer.merge(tables, PostgresRunWriter.layer(deployment, options.isRelaxed === true))
      )
    })
  )

// internal

/** Numbers of processes that start without one: above those of generations and their workers. */
const firstOwner = 2 ** 40

const register = (options: Options) =>
  Effect.flatMap(Access.make("runs"), ({ sql, write }) =>
    write(
      "runs.register",
      Effect.gen(function* () {
        yield* sql`INSERT INTO ${sql(deployments)} ${sql.insert({ id: options.deployment })} ON CONFLICT DO NOTHING`
        const { deployment } = yield* Effect.flatMap(
          decodeDeployments(yield* sql`SELECT deployment FROM ${sql(deployments)} WHERE id = ${options.deployment}`),
          single
        )
        yield* sql`INSERT INTO ${sql(`${prefix}session_versions`)} ${sql.insert({ deployment, last: 0 })}
          ON CONFLICT DO NOTHING`
        if (options.generation !== undefined) return { deployment, generation: options.generation }
        const { owner } = yield* Effect.flatMap(
          decodeOwners(yield* sql`SELECT nextval(${`${prefix}run_owners`}) AS owner`),
          single
        )
        return { deployment, generation: firstOwner + owner }
      })
    )
  )

const decodeDeployments = decodeRows(Schema.Struct({ deployment: Integer }))

const decodeOwners = decodeRows(Schema.Struct({ owner: Integer }))
