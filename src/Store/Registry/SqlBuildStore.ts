/** Builds in a SQL database. */
import type * as SqlClient from "@effect/sql/SqlClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Build, BuildStore } from "../BuildStore.js"
import * as Access from "../Database/Access.js"
import { decodeTo, now, single, Time } from "../Database/Columns.js"
import { Ids } from "../Ids.js"

const Row = Schema.Struct({
  id: Schema.String,
  snapshot_id: Schema.String,
  checksum: Schema.String,
  image: Schema.String,
  created_at: Time
})

const decode = decodeTo(
  Row,
  ({ created_at, snapshot_id, ...row }) => new Build({ ...row, snapshotId: snapshot_id, createdAt: created_at })
)

/**
 * The store of builds in a database that has the tables of `RegistrySchema`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make: Effect.Effect<BuildStore["Type"], never, SqlClient.SqlClient | Ids> = Effect.gen(function* () {
  const { read, sql, writeOnce } = yield* Access.make("registry")
  const ids = yield* Ids
  return {
    put: ({ checksum, image, snapshotId }) =>
      writeOnce(
        "builds.put",
        Effect.gen(function* () {
          const row = { id: yield* ids.next, snapshot_id: snapshotId, checksum, image, created_at: yield* now }
          const stored = yield* sql`INSERT INTO builds ${sql.insert(row)} ON CONFLICT (snapshot_id, checksum)
            DO UPDATE SET id = excluded.id, image = excluded.image, created_at = excluded.created_at RETURNING *`
          return yield* Effect.flatMap(decode(stored), single)
        })
      ),
    find: (snapshotId, checksum) =>
      read(
        "builds.find",
        sql`SELECT * FROM builds WHERE snapshot_id = ${snapshotId} AND checksum = ${checksum}`.pipe(
          Effect.flatMap(decode),
          Effect.map((found) => Option.fromNullable(found[0]))
        )
      ),
    list: (snapshotId) =>
      read(
        "builds.list",
        Effect.flatMap(
          sql`SELECT * FROM builds WHERE snapshot_id = ${snapshotId} ORDER BY created_at DESC, id DESC`,
          decode
        )
      )
  }
})

/**
 * See {@link make}.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<BuildStore, never, SqlClient.SqlClient | Ids> = Layer.effect(BuildStore, make)
