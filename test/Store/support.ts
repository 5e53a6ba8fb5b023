import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { SqlClient } from "@effect/sql"
import { SqliteClient } from "@effect/sql-sqlite-node"
import { Context, Effect, Layer, type Scope } from "effect"
import * as Access from "../../src/Store/Database/Access.js"
import type * as Sqlite from "../../src/Store/Database/Sqlite.js"

export const folder = Effect.flatMap(FileSystem.FileSystem, (fs) => fs.makeTempDirectoryScoped()).pipe(
  Effect.provide(NodeContext.layer)
)

/** A plain connection of another program. */
export const outsider = (filename: string): Effect.Effect<SqlClient.SqlClient, never, Scope.Scope> =>
  Layer.build(SqliteClient.layer({ filename, disableWAL: true })).pipe(
    Effect.map((context) => Context.get(context, SqlClient.SqlClient)),
    Effect.orDie
  )

/** Runs statements on a connection of another program and closes it. */
export const tamper = (filename: string, ...statements: ReadonlyArray<string>) =>
  Effect.scoped(
    Effect.flatMap(outsider(filename), (sql) => Effect.forEach(statements, (statement) => sql.unsafe(statement)))
  )

/** Opens a layer for as long as the scope lives. */
export const open = <E>(layer: Layer.Layer<SqlClient.SqlClient, E>) =>
  Effect.map(Layer.build(layer), (context) => Context.get(context, SqlClient.SqlClient))

/** Statements on a layer for as long as the scope lives. */
export const access = <E>(layer: Layer.Layer<SqlClient.SqlClient, E>) =>
  Effect.flatMap(Layer.build(layer), (context) => Effect.provide(Access.make("registry"), context))

const danglingLink = { mode: 0, type: "SymbolicLink" }

/** Names, modes and bytes of everything in a folder. */
export const contents = (path: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const names = (yield* fs.readDirectory(path)).sort()
    return yield* Effect.forEach(names, (name) =>
      Effect.gen(function* () {
        const { mode, type } = yield* Effect.orElseSucceed(fs.stat(`${path}/${name}`), () => danglingLink)
        const bytes = type === "File" ? Buffer.from(yield* fs.readFile(`${path}/${name}`)).toString("hex") : ""
        return { name, mode: (mode & 0o777).toString(8), bytes }
      })
    )
  }).pipe(Effect.provide(NodeContext.layer))

/** Modes of everything in a folder. */
export const modes = (path: string) =>
  Effect.map(contents(path), (files) => Object.fromEntries(files.map(({ mode, name }) => [name, mode])))

export const schema: Sqlite.DatabaseSchema = {
  store: "registry",
  applicationId: 0x01020304,
  migrations: [["CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT"]]
}
