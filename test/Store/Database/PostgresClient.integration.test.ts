import { SqlClient } from "@effect/sql"
import { assert, describe, it } from "@effect/vitest"
import { Config, ConfigProvider, Deferred, Effect, Fiber, Layer, Redacted, Schedule } from "effect"
import { Migrations, Postgres, RegistrySchema } from "effect-deployers/Store"
import * as Access from "../../../src/Store/Database/Access.js"
import { newDatabases, onDatabase } from "../Postgres.js"

const newDatabase = newDatabases()
const { schema } = RegistrySchema

const config = (url: string, further: Partial<Postgres.PostgresConfig> = {}): Postgres.PostgresConfig => ({
  url: Redacted.make(url),
  ...further
})

const layer = (url: string, further?: Partial<Postgres.PostgresConfig>) => Postgres.layer(schema, config(url, further))

/** The failure of opening a database. */
const failureOf = (settings: Postgres.PostgresConfig) =>
  Effect.flip(Effect.scoped(Layer.build(Postgres.layer(schema, settings))))

const rows = <A extends object>(text: string) => Effect.flatMap(SqlClient.SqlClient, (sql) => sql.unsafe<A>(text))

const as = (url: string, parts: { readonly username?: string; readonly password?: string; readonly port?: number }) => {
  const changed = new URL(url)
  if (parts.username !== undefined) changed.username = encodeURIComponent(parts.username)
  if (parts.password !== undefined) changed.password = encodeURIComponent(parts.password)
  if (parts.port !== undefined) changed.port = String(parts.port)
  return changed.toString()
}

/** A name that no other file of tests gives to a role of the shared server. */
const role = (name: string) => `${name}_${process.pid}`

const withRole = (url: string, name: string) =>
  Effect.acquireRelease(onDatabase(url, `CREATE ROLE "${name}" LOGIN`), () =>
    onDatabase(url, `DROP OWNED BY "${name}"`, `DROP ROLE "${name}"`)
  )

describe("settings", () => {
  const faults = [
    ["no host", {}, "`host` is missing in the settings of the registry store"],
    ["no user", { host: "db" }, "`username` is missing"],
    ["another scheme", config("mysql://a:hidden@db/x"), "does not begin with `postgres://`"],
    ["a password with a bare %", config("postgres://a:hid%den@db/x"), "percent-encoded"],
    ["no URL at all", config("hidden"), "percent-encoded"],
    ["an unknown parameter", config("postgres://a:hidden@db/x?ssl=1"), "has the parameter `ssl`"],
    ["an unknown mode", config("postgres://a:hidden@db/x?sslmode=maybe"), "`sslmode` of the URL is not known"],
    ["a port out of range", { host: "db", username: "a", port: 70_000 }, "`port` is 70000"],
    ["a schema without a name", { host: "db", username: "a", schema: "" }, "`schema` is not a name"]
  ] as const
  it.effect.each(faults)("refuses %s, with the remedy and without a secret", ([, settings, says]) =>
    Effect.gen(function* () {
      const error = yield* failureOf(settings)
      assert.strictEqual(error.reason, "misconfigured")
      assert.include(error.message, says)
      assert.notInclude(JSON.stringify([error.message, error]), "hid")
    })
  )

  it.scopedLive("are read from a provider, too", () =>
    Effect.gen(function* () {
      const url = new URL(yield* newDatabase)
      const provider = ConfigProvider.fromMap(
        new Map([
          ["HOST", url.hostname],
          ["PORT", url.port],
          ["USER", url.username],
          ["DATABASE", url.pathname.slice(1)]
        ])
      )
      const settings = {
        host: Config.string("HOST"),
        port: Config.integer("PORT"),
        username: Config.string("USER"),
        database: Config.string("DATABASE")
      }
      const [row] = yield* rows<{ db: string }>("SELECT current_database() AS db").pipe(
        Effect.provide(Postgres.layerConfig(schema, settings)),
        Effect.withConfigProvider(provider)
      )
      assert.strictEqual(row?.db, url.pathname.slice(1))
    })
  )
})

describe("a connection", () => {
  it.scopedLive("reads 64-bit numbers as numbers, booleans and JSON as values, and every other type as text", () =>
    Effect.gen(function* () {
      const url = yield* newDatabase
      const [row] = yield* Effect.provide(
        rows(
          "SELECT 9007199254740991::bigint AS big, true AS yes, '{\"a\":1}'::jsonb AS json, 'x'::text AS text, NULL::bigint AS none"
        ),
        layer(url)
      )
      assert.deepStrictEqual(
        { ...row },
        { big: 9_007_199_254_740_991, yes: true, json: { a: 1 }, text: "x", none: null }
      )
    })
  )

  it.scopedLive("fails typed where no server answers, without the password", () =>
    Effect.gen(function* () {
      const url = as(yield* newDatabase, { password: "hidden", port: 1 })
      const error = yield* failureOf(config(url))
      assert.deepInclude({ ...error }, { _tag: "StoreError", reason: "unreachable", operation: "open" })
      assert.isTrue(error.isRetryable)
      assert.match(error.message, /^The registry store \(127\.0\.0\.1:1\/test_\w+\) could not carry out "open"/)
      assert.notInclude(JSON.stringify([error.message, error]), "hidden")
    })
  )

  it.scopedLive("fails typed for a missing database", () =>
    Effect.gen(function* () {
      const url = new URL(yield* newDatabase)
      url.pathname = "/no-such-database"
      assert.strictEqual((yield* failureOf(config(url.toString()))).reason, "misconfigured")
    })
  )

  it.scopedLive("P08: is waited for within a limit when the pool has none, and comes back by itself", () =>
    Effect.gen(function* () {
      const access = yield* Access.make("registry")
      const sql = yield* SqlClient.SqlClient
      const mayEnd = yield* Deferred.make<void>()
      const held = yield* Deferred.make<void>()
      const holding = yield* Effect.fork(
        sql.withTransaction(Effect.zipRight(Deferred.succeed(held, undefined), Deferred.await(mayEnd)))
      )
      yield* Deferred.await(held)
      const error = yield* Effect.flip(access.read("registry.id", sql`SELECT 1`))
      assert.deepInclude({ ...error }, { _tag: "StoreError", reason: "overloaded" })
      yield* Deferred.succeed(mayEnd, undefined)
      yield* Fiber.join(holding)
      assert.lengthOf(yield* access.read("registry.id", sql`SELECT 1`), 1)
    }).pipe(
      Effect.provide(
        Layer.unwrapEffect(
          Effect.map(newDatabase, (url) => layer(url, { maxConnections: 1, acquireTimeout: "50 millis" }))
        )
      )
    )
  )

  it.scopedLive("is free again after its caller was interrupted", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      for (let attempt = 0; attempt < 5; attempt++) {
        const waiting = yield* Effect.fork(sql`SELECT pg_sleep(60)`)
        yield* isActive
        yield* Fiber.interrupt(waiting)
      }
      assert.lengthOf(yield* sql`SELECT 1`, 1)
    }).pipe(Effect.provide(Layer.unwrapEffect(Effect.map(newDatabase, (url) => layer(url, { maxConnections: 2 })))))
  )
})

/** Waits until a statement sleeps. */
const isActive = Effect.flatMap(SqlClient.SqlClient, (sql) =>
  sql`SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'`.pipe(
    Effect.repeat({ until: (found) => found.length > 0, schedule: Schedule.spaced("5 millis") }),
    Effect.timeoutFail({ duration: "1 minute", onTimeout: () => new Error("no statement sleeps") })
  )
)

const failing = (text: string) =>
  Effect.gen(function* () {
    const access = yield* Access.make("registry")
    return (yield* Effect.flip(access.write("test", access.sql.unsafe(text)))).reason
  })

const raising = (code: string) => `DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '${code}'; END $$`

describe("failures", () => {
  const codes = [
    ["25006", "readonly"],
    ["42501", "denied"],
    ["53100", "full"],
    ["53300", "overloaded"],
    ["57P01", "unreachable"],
    ["08006", "unreachable"],
    ["22012", "query"]
  ] as const
  it.scopedLive.each(codes)("SQLSTATE %s is the reason %s", ([code, reason]) =>
    Effect.gen(function* () {
      const url = yield* newDatabase
      assert.strictEqual(yield* Effect.provide(failing(raising(code)), layer(url)), reason)
    })
  )

  it.scopedLive("P06: a serialization failure, a deadlock and a lock timeout are tried again, within a limit", () =>
    Effect.gen(function* () {
      const access = yield* Access.make("registry")
      const { sql } = access
      yield* sql`CREATE SEQUENCE attempts`
      for (const code of ["40001", "40P01", "55P03"]) {
        yield* sql`SELECT setval('attempts', 1)`
        const raise = `DO $$ BEGIN IF nextval('attempts') < 4 THEN RAISE EXCEPTION 'no' USING ERRCODE = '${code}'; END IF; END $$`
        yield* access.write("test", sql.unsafe(raise))
        assert.deepStrictEqual(yield* sql`SELECT last_value AS n FROM attempts`, [{ n: 4 }])
      }
      assert.strictEqual(yield* failing(raising("40001")), "busy")
    }).pipe(
      Effect.provide(Layer.unwrapEffect(Effect.map(newDatabase, (url) => layer(url, { busyBudget: "300 millis" }))))
    )
  )

  it.scopedLive("P06: two writers that wait for each other both end", () =>
    Effect.gen(function* () {
      const access = yield* Access.make("registry")
      const { sql } = access
      yield* sql`CREATE TABLE pairs (id integer PRIMARY KEY, value integer NOT NULL)`
      yield* sql`INSERT INTO pairs VALUES (1, 0), (2, 0)`
      const arrived = yield* Effect.makeSemaphore(0)
      const increase = (id: number) => sql`UPDATE pairs SET value = value + 1 WHERE id = ${id}`
      const both = (first: number, second: number) =>
        access.write(
          "test",
          increase(first).pipe(
            Effect.zipRight(arrived.release(1)),
            Effect.zipRight(Effect.raceFirst(arrived.take(2), Effect.sleep("200 millis"))),
            Effect.zipRight(increase(second))
          )
        )
      yield* Effect.all([both(1, 2), both(2, 1)], { concurrency: 2 })
      assert.deepStrictEqual(yield* sql`SELECT value FROM pairs`, [{ value: 2 }, { value: 2 }])
    }).pipe(Effect.provide(Layer.unwrapEffect(Effect.map(newDatabase, (url) => layer(url)))))
  )

  it.scopedLive("a transaction with a failed statement does not count as committed", () =>
    Effect.gen(function* () {
      const access = yield* Access.make("registry")
      const swallowed = Effect.ignore(access.sql`SELECT no_such_column`)
      const error = yield* Effect.flip(access.write("test", swallowed))
      assert.strictEqual(error.reason, "query")
    }).pipe(Effect.provide(Layer.unwrapEffect(Effect.map(newDatabase, (url) => layer(url)))))
  )
})

const applied = rows<{ id: number }>(`SELECT migration_id AS id FROM "${Migrations.tableOf(schema)}" ORDER BY 1`)

describe("migrations", () => {
  it.scopedLive("P09: of several processes that start at once one migrates, and all work", () =>
    Effect.gen(function* () {
      const url = yield* newDatabase
      const started = yield* Effect.all(
        Array.from({ length: 6 }, () => Effect.provide(applied, layer(url))),
        { concurrency: "unbounded" }
      )
      const all = (schema.postgres ?? []).map((_, index) => ({ id: index + 1 }))
      for (const seen of started) assert.deepStrictEqual(seen, all)
    })
  )

  it.scopedLive("P09: of a newer version leave an open older one at work, and refuse a new one", () =>
    Effect.gen(function* () {
      const url = yield* newDatabase
      const newer = {
        ...schema,
        postgres: [...(schema.postgres ?? []), ["ALTER TABLE deployments ADD COLUMN extra TEXT"]]
      }
      yield* Effect.gen(function* () {
        yield* Effect.scoped(Layer.build(Postgres.layer(newer, config(url))))
        yield* rows("INSERT INTO pipelines (name, last_version) VALUES ('p', 0)")
        assert.lengthOf(yield* rows("SELECT * FROM pipelines"), 1)
      }).pipe(Effect.provide(layer(url)))
      assert.strictEqual((yield* failureOf(config(url))).reason, "newerSchema")
    })
  )

  it.scopedLive("P12: work in a schema of their own, which is made, also at once", () =>
    Effect.gen(function* () {
      const url = yield* newDatabase
      const inSchema = Effect.gen(function* () {
        const access = yield* Access.make("registry")
        const { sql } = access
        yield* access.write(
          "test",
          sql`INSERT INTO pipelines (name, last_version) VALUES ('p', 0) ON CONFLICT DO NOTHING`
        )
        return [
          yield* sql`SELECT name FROM pipelines`,
          yield* sql`SELECT schemaname FROM pg_tables WHERE tablename = 'pipelines'`
        ]
      }).pipe(Effect.provide(layer(url, { schema: 'my "own"' })))
      for (const seen of yield* Effect.all([inSchema, inSchema, inSchema], { concurrency: 3 })) {
        assert.deepStrictEqual(seen, [[{ name: "p" }], [{ schemaname: 'my "own"' }]])
      }
    })
  )

  it.scopedLive("P12: name the right that a role lacks, for its schema and for a missing one", () =>
    Effect.gen(function* () {
      const url = yield* newDatabase
      const app = role("app")
      yield* withRole(url, app)
      const error = yield* failureOf(config(as(url, { username: app })))
      assert.strictEqual(error.reason, "denied")
      assert.include(error.message, `GRANT USAGE, CREATE ON SCHEMA "public" TO "${app}"`)
      const missing = yield* failureOf(config(as(url, { username: app }), { schema: "own" }))
      assert.include(missing.message, `CREATE SCHEMA "own" AUTHORIZATION "${app}"`)
      yield* onDatabase(url, `CREATE SCHEMA "own" AUTHORIZATION "${app}"`)
      yield* Effect.provide(applied, layer(as(url, { username: app }), { schema: "own" }))
      yield* onDatabase(url, `GRANT USAGE, CREATE ON SCHEMA "public" TO "${app}"`)
      yield* Effect.provide(applied, layer(as(url, { username: app })))
    })
  )
})
