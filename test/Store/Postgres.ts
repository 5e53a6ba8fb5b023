/**
 * A real PostgreSQL server for the tests of a file, and new databases on it. A file with such tests has `Postgres` in its name,
 * because the test command leaves it out where there is no server.
 */
import { connect, createServer } from "node:net"
import { SqlClient } from "@effect/sql"
import { PgClient } from "@effect/sql-pg"
import { type Context, Effect, Exit, Layer, Redacted, Scope } from "effect"
import { afterAll, beforeAll } from "vitest"
import { ensure, type Server, type StartOptions, start, startPooler } from "../../scripts/postgres.mjs"
import type * as Migrations from "../../src/Store/Database/Migrations.js"
import * as StorePostgres from "../../src/Store/Postgres.js"

const say = (text: string) => void process.stderr.write(`${text}\n`)

const administer = (url: string, statements: ReadonlyArray<string>) =>
  Effect.flatMap(SqlClient.SqlClient, (sql) =>
    Effect.forEach(statements, (statement) => sql.unsafe(statement), { discard: true })
  ).pipe(Effect.provide(PgClient.layer({ url: Redacted.make(url), maxConnections: 1 })), Effect.orDie)

/** The URL of another database of the same server. */
const urlOf = (server: string, database: string) => {
  const url = new URL(server)
  url.pathname = `/${database}`
  return url.toString()
}

/** New databases of the server that all tests share. The end of the file removes them. */
export const newDatabases = () => {
  const made: Array<string> = []
  let server: Promise<{ readonly url: string }> | undefined
  beforeAll(() => {
    server = ensure({ say })
    return server.then(() => {})
  })
  afterAll(async () => {
    if (server === undefined || made.length === 0) return
    const { url } = await server
    const drops = made.map((name) => `DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`)
    await Effect.runPromise(administer(url, drops))
  })
  /** The URL of a new and empty database. */
  return Effect.gen(function* () {
    const { url } = yield* Effect.promise(async () => server ?? ensure({ say }))
    const name = `test_${process.pid}_${Date.now().toString(36)}_${made.length + 1}`
    made.push(name)
    yield* administer(url, [`CREATE DATABASE "${name}"`])
    return urlOf(url, name)
  })
}

/** A layer that connects to a new and empty database. */
export const databases = () => {
  const made = newDatabases()
  return Layer.unwrapEffect(
    Effect.map(made, (url) => PgClient.layer({ url: Redacted.make(url), maxConnections: 4 }))
  ).pipe(Layer.orDie)
}

/** Starts a server that the tests of a scope may break, and stops it with the scope. */
export const privateServer = (options: StartOptions = {}) =>
  Effect.acquireRelease(
    Effect.promise((): Promise<Server> => start({ say, ...options })),
    (server) => Effect.promise(() => server.stop())
  )

/** Runs statements on a database as the owner of its server. */
export const onDatabase = (url: string, ...statements: ReadonlyArray<string>) => administer(url, statements)

/** A layer with one new database, which has the tables of a store, for all tests of a file. */
export const sharedDatabase = (schema: Migrations.DatabaseSchema) => {
  const made = newDatabases()
  const database = Layer.unwrapEffect(
    Effect.map(made, (url) => StorePostgres.layer(schema, { url: Redacted.make(url), maxConnections: 6 }))
  )
  const scope = Effect.runSync(Scope.make())
  let built: Promise<Context.Context<SqlClient.SqlClient>> | undefined
  afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))
  return Layer.unwrapEffect(
    Effect.map(
      Effect.promise(() => (built ??= Effect.runPromise(Layer.buildWithScope(database, scope)))),
      Layer.succeedContext
    )
  )
}

/** A proxy in front of a server, which ends connections on command. */
export interface Proxy {
  readonly port: number
  /** Ends the connection of the next commit: after the server has made it, or before it hears of it. */
  readonly breakNextCommit: (when: "afterwards" | "before") => void
  /** The number of commits that were broken. */
  readonly broken: () => number
}

/** Starts a proxy to a port of this machine for as long as the scope lives. */
export const proxyTo = (port: number) =>
  Effect.acquireRelease(
    Effect.async<Proxy & { readonly close: () => void }>((resume) => {
      let armed: "afterwards" | "before" | undefined
      let broken = 0
      const server = createServer((client) => {
        const upstream = connect(port, "127.0.0.1")
        const end = () => {
          client.destroy()
          upstream.destroy()
        }
        let ending = false
        client.on("data", (data) => {
          const breaks = armed !== undefined && data.includes("COMMIT\0")
          if (breaks) {
            ending = true
            broken++
          }
          if (breaks && armed === "before") end()
          else upstream.write(data)
          if (breaks) armed = undefined
        })
        upstream.on("data", (data) => (ending ? end() : client.write(data)))
        for (const socket of [client, upstream]) socket.on("error", end).on("close", end)
      })
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        resume(
          Effect.succeed({
            port: typeof address === "object" && address !== null ? address.port : 0,
            breakNextCommit: (when) => {
              armed = when
            },
            broken: () => broken,
            close: () => server.close()
          })
        )
      })
    }),
    ({ close }) => Effect.sync(close)
  )

/** The URL of the same database through a PgBouncer in transaction mode, which has one connection to it. */
export const throughPooler = (url: string) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.promise(() => startPooler(url, { say })),
      ({ stop }) => Effect.promise(stop)
    ),
    (pooler) => pooler.url
  )
