/** A real PostgreSQL server for the tests of a file, and new databases on it. */
import { SqlClient } from "@effect/sql"
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer } from "effect"
import { afterAll, beforeAll } from "vitest"
import { type Server, start } from "../../scripts/postgres.mjs"

const say = (text: string) => void process.stderr.write(`${text}\n`)

/** Starts the server before the tests of a file and stops it after them. A layer connects to a new and empty database. */
export const databases = () => {
  let server: Promise<Server> | undefined
  let made = 0
  beforeAll(() => {
    server = start({ say })
    return server.then(() => {})
  })
  afterAll(() => server?.then((started) => started.stop()))

  const connect = (database: string) =>
    Layer.unwrapEffect(
      Effect.map(
        Effect.promise(async () => server ?? start({ say })),
        ({ host, user }) => PgClient.layer({ host, username: user, database, maxConnections: 4 })
      )
    )
  return Layer.unwrapEffect(
    Effect.gen(function* () {
      const name = `test_${++made}`
      yield* Effect.provide(
        Effect.flatMap(SqlClient.SqlClient, (sql) => sql`CREATE DATABASE ${sql(name)}`),
        connect("postgres")
      )
      return connect(name)
    })
  ).pipe(Layer.orDie)
}
