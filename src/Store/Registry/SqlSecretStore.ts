/**
 * Secrets in a SQL database, sealed by the {@link SecretBox} for their own row: a sealed value copied to another name
 * does not open.
 */
import type * as SqlClient from "@effect/sql/SqlClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Access from "../Database/Access.js"
import { decodeRows, now, Time } from "../Database/Columns.js"
import { SecretStore } from "../SecretStore.js"
import { SecretBox } from "./SecretBox.js"

const decodeSealed = decodeRows(Schema.Struct({ sealed: Schema.String }))
const decodeEntries = decodeRows(Schema.Struct({ name: Schema.String, created_at: Time, updated_at: Time }))
const place = (name: string) => `secrets/${name}/value`

const makeList = ({ read, sql }: Access.Access): SecretStore["Type"]["list"] =>
  read(
    "secrets.list",
    sql`SELECT name, created_at, updated_at FROM secrets ORDER BY name`.pipe(
      Effect.flatMap(decodeEntries),
      Effect.map((entries) =>
        entries.map(({ created_at, name, updated_at }) => ({ name, createdAt: created_at, updatedAt: updated_at }))
      )
    )
  )

/**
 * The store of secrets in a database that has the tables of `RegistrySchema`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make: Effect.Effect<SecretStore["Type"], never, SqlClient.SqlClient | SecretBox> = Effect.gen(
  function* () {
    const access = yield* Access.make("registry")
    const { read, sql, write, writeOnce } = access
    const box = yield* SecretBox
    const store = (name: string, sealed: string) =>
      Effect.flatMap(
        now,
        (at) => sql`INSERT INTO secrets ${sql.insert({ name, sealed, created_at: at, updated_at: at })}
          ON CONFLICT (name) DO UPDATE SET sealed = excluded.sealed, updated_at = excluded.updated_at`
      )
    return {
      set: (name, value) =>
        Effect.flatMap(box.seal(place(name), value), (sealed) =>
          Effect.asVoid(writeOnce("secrets.set", store(name, sealed)))
        ),
      get: (name) =>
        read("secrets.get", Effect.flatMap(sql`SELECT sealed FROM secrets WHERE name = ${name}`, decodeSealed)).pipe(
          Effect.flatMap(([found]) =>
            found === undefined ? Effect.succeedNone : Effect.asSome(box.open(place(name), found.sealed))
          )
        ),
      list: makeList(access),
      remove: (name) =>
        write(
          "secrets.remove",
          Effect.map(sql`DELETE FROM secrets WHERE name = ${name} RETURNING name`, (removed) => removed.length > 0)
        )
    }
  }
)

/**
 * See {@link make}.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<SecretStore, never, SqlClient.SqlClient | SecretBox> = Layer.effect(SecretStore, make)
