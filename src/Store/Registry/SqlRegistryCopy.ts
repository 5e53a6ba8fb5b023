/** The copy of a registry in a SQLite file to PostgreSQL: all rows or none. */
import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { StoreError } from "../../Errors/Stores.js"
import { Database, transaction } from "../Database/Access.js"
import { now } from "../Database/Columns.js"
import type { PostgresConfig } from "../Database/PostgresSettings.js"
import { classify } from "../Database/SqlFailure.js"
import * as Sqlite from "../Database/Sqlite.js"
import { Home } from "../Home.js"
import * as Postgres from "../Postgres.js"
import { type Copied, RegistryCopy } from "./RegistryCopy.js"
import { schema } from "./RegistrySchema.js"
import * as RegistryUrl from "./RegistryUrl.js"

/**
 * The copy of the registry of the {@link Home}.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<RegistryCopy, never, Home> = Layer.effect(
  RegistryCopy,
  Effect.map(Home, (home) => ({
    copyTo: (url) =>
      Effect.gen(function* () {
        if ((yield* RegistryUrl.read(home)) !== undefined) {
          return yield* refuse(
            home.registryUrl,
            `the registry of the home is on PostgreSQL already, which this file names`
          )
        }
        return yield* copy(home.registry, { url })
      }),
    use: (url) => Effect.as(RegistryUrl.write(home, url), home.registryUrl)
  }))
)

/**
 * Copies the registry in a SQLite file to a database. See {@link RegistryCopy}.
 *
 * @category constructors
 * @since 0.1.0
 */
export const copy = (path: string, target: PostgresConfig): Effect.Effect<Copied, StoreError> =>
  Effect.scoped(
    Effect.gen(function* () {
      const source = yield* connect(Sqlite.layer({ schema, path, mustExist: true }))
      const { client: to, server } = yield* connect(Postgres.layer(schema, target))
      const moved = Effect.gen(function* () {
        const from = yield* locked(source.client)
        yield* requireIdle(from, path)
        return yield* transaction(to)(moveAll(from, to, server ?? "the database"))
      })
      return yield* Effect.catchTag(moved, "SqlError", ({ cause }) =>
        Effect.fail(
          new StoreError({ store: "registry", operation: "registry.copy", reason: classify(cause), server, cause })
        )
      )
    })
  )

// internal

const connect = (
  opened: Layer.Layer<SqlClient.SqlClient, StoreError>
): Effect.Effect<{ client: SqlClient.SqlClient; server: string | undefined }, StoreError, Scope.Scope> =>
  Effect.flatMap(Layer.build(opened), (context) =>
    Effect.map(Effect.provide(Database, context), ({ server }) => ({
      client: Context.get(context, SqlClient.SqlClient),
      server
    }))
  )

type Read = (text: string, values?: ReadonlyArray<unknown>) => Effect.Effect<ReadonlyArray<Row>, SqlError>

/**
 * Reads the source as it is, and keeps others from writing it until the scope ends. The connection is used as it is, because a
 * client takes the transaction in progress for its own, and here one of another database is in progress.
 */
const locked = (sql: SqlClient.SqlClient): Effect.Effect<Read, SqlError, Scope.Scope> =>
  Effect.gen(function* () {
    const connection = yield* sql.reserve
    yield* Effect.acquireRelease(connection.executeRaw("BEGIN IMMEDIATE", []), () =>
      Effect.ignore(connection.executeRaw("ROLLBACK", []))
    )
    return (text, values = []) => connection.execute(text, values, undefined)
  })

const refuse = (place: string, advice: string) =>
  Effect.fail(new StoreError({ store: "registry", operation: "registry.copy", reason: "foreign", path: place, advice }))

interface Table {
  readonly name: string
  /** The order of the rows. */
  readonly key: string
  /** The key is a number that the database gives. */
  readonly sequence?: boolean
}

/** The tables, each behind those it refers to. */
const tables: ReadonlyArray<Table> = [
  { name: "meta", key: "name" },
  { name: "pipelines", key: "name" },
  { name: "snapshots", key: "id" },
  { name: "builds", key: "id" },
  { name: "deployments", key: "id" },
  { name: "revisions", key: "deployment_id, generation" },
  { name: "operations", key: "sequence", sequence: true },
  { name: "leases", key: "token", sequence: true },
  { name: "events", key: "sequence", sequence: true },
  { name: "secrets", key: "name" },
  { name: "tombstones", key: "deployment_id" }
]

const batch = 500

type Row = Readonly<Record<string, unknown>>

/** A process in the middle of an operation writes to the old registry afterwards. */
const requireIdle = (from: Read, path: string) =>
  Effect.gen(function* () {
    const [held] = yield* from("SELECT holder FROM leases WHERE expires_at > ?", [yield* now])
    if (held !== undefined) {
      return yield* refuse(path, `${held.holder} is changing a deployment; wait for it and copy again`)
    }
  })

const numberOf = (row: Row | undefined, column: string): number => Number(row?.[column] ?? 0)

const countIn = (to: SqlClient.SqlClient, table: string) =>
  Effect.map(to<Row>`SELECT COUNT(*) AS "rows" FROM ${to(table)}`, ([row]) => numberOf(row, "rows"))

const moveAll = (from: Read, to: SqlClient.SqlClient, server: string) =>
  Effect.gen(function* () {
    for (const { name } of tables) {
      const rows = yield* countIn(to, name)
      if (rows > 0) {
        return yield* refuse(server, `its table ${name} has ${rows} rows; name an empty database or another schema`)
      }
    }
    const copied = yield* Effect.forEach(tables, (table) =>
      Effect.map(move(from, to, table), (rows) => [table.name, rows] as const)
    )
    return Object.fromEntries(copied)
  })

const move = (from: Read, to: SqlClient.SqlClient, { key, name, sequence }: Table) =>
  Effect.gen(function* () {
    const [counted] = yield* from(`SELECT COUNT(*) AS "rows" FROM ${name}`)
    const expected = numberOf(counted, "rows")
    for (let offset = 0; offset < expected; offset += batch) {
      const rows = yield* from(`SELECT * FROM ${name} ORDER BY ${key} LIMIT ${batch} OFFSET ${offset}`)
      yield* to`INSERT INTO ${to(name)} ${to.insert(rows)}`
    }
    if (sequence) yield* continueSequence(from, to, name, key)
    const found = yield* countIn(to, name)
    return found === expected
      ? found
      : yield* refuse(name, `${found} of ${expected} rows were copied, so nothing is kept; copy again`)
  })

/** Numbers that were given once, such as the tokens of leases, are never given again. */
const continueSequence = (
  from: Read,
  to: SqlClient.SqlClient,
  table: string,
  column: string
): Effect.Effect<void, SqlError> =>
  Effect.gen(function* () {
    const [last] = yield* from("SELECT seq FROM sqlite_sequence WHERE name = ?", [table])
    if (last !== undefined)
      yield* to`SELECT setval(pg_get_serial_sequence(${table}, ${column}), ${numberOf(last, "seq")})`
  })
