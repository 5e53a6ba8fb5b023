/**
 * Snapshots in a SQL database.
 *
 * **Details**
 *
 * Two drafts have the same content when everything but the place they were compiled from is equal, in any order of
 * their keys. Version numbers of removed snapshots are not given out again.
 */
import * as Crypto from "node:crypto"
import type * as SqlClient from "@effect/sql/SqlClient"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { canonicalJson } from "../../Internal/CanonicalJson.js"
import { type Draft, Snapshot } from "../../Snapshot/Model.js"
import * as Access from "../Database/Access.js"
import { decodeTo, Integer, now, single, Time } from "../Database/Columns.js"
import { greatest } from "../Database/Dialect.js"
import { Ids } from "../Ids.js"
import { SnapshotStore } from "../SnapshotStore.js"

const { bundle, settings, source, spec } = Snapshot.fields

const Row = Schema.Struct({
  id: Schema.String,
  pipeline_name: Schema.String,
  version: Integer,
  spec: Schema.parseJson(spec),
  settings: Schema.parseJson(settings),
  bundle: Schema.parseJson(bundle),
  source: Schema.parseJson(source),
  created_at: Time
})

const decode = decodeTo(
  Row,
  ({ created_at, pipeline_name, ...row }) =>
    new Snapshot({ ...row, pipelineName: pipeline_name, createdAt: created_at })
)

const encodeContent = Schema.encodeSync(
  Schema.Struct({
    spec: Schema.parseJson(spec),
    settings: Schema.parseJson(settings),
    bundle: Schema.parseJson(bundle)
  })
)

const columns = (draft: Draft) => {
  const content = encodeContent(draft)
  const canonical = canonicalJson([draft.pipelineName, ...Object.values(content).map((part) => JSON.parse(part))])
  return {
    ...content,
    source: JSON.stringify(draft.source),
    pipeline_name: draft.pipelineName,
    content_digest: Crypto.createHash("sha256").update(canonical).digest("hex")
  }
}

const decodeVersions = decodeTo(Schema.Struct({ last_version: Integer }), ({ last_version }) => last_version)

/** Holds the row of a pipeline until the transaction ends, so that its versions are given one after another. */
const lastVersion = ({ sql }: Access.Access, pipelineName: string) =>
  sql`INSERT INTO pipelines (name, last_version) VALUES (${pipelineName}, 0)
    ON CONFLICT (name) DO UPDATE SET last_version = pipelines.last_version RETURNING last_version`.pipe(
    Effect.flatMap(decodeVersions),
    Effect.flatMap(single)
  )

const makePut =
  (access: Access.Access, ids: Ids["Type"]): SnapshotStore["Type"]["put"] =>
  (draft) => {
    const { sql, writeOnce } = access
    const row = columns(draft)
    const stored = Effect.flatMap(sql`SELECT * FROM snapshots WHERE content_digest = ${row.content_digest}`, decode)
    return writeOnce(
      "snapshots.put",
      Effect.gen(function* () {
        const [existing] = yield* stored
        if (existing !== undefined) return existing
        const version = (yield* lastVersion(access, draft.pipelineName)) + 1
        const [meanwhile] = yield* stored
        if (meanwhile !== undefined) return meanwhile
        yield* sql`UPDATE pipelines SET last_version = ${version} WHERE name = ${draft.pipelineName}`
        const inserted = yield* sql`INSERT INTO snapshots ${sql
          .insert({ ...row, id: yield* ids.next, version, created_at: yield* now })
          .returning("*")}`
        return yield* Effect.flatMap(decode(inserted), single)
      })
    )
  }

/** The number is the old one, unless another snapshot of the pipeline has it by now. */
const makeRecover =
  ({ sql, writeOnce }: Access.Access): SnapshotStore["Type"]["recover"] =>
  (snapshot) =>
    writeOnce(
      "snapshots.recover",
      Effect.gen(function* () {
        const { createdAt, id, pipelineName } = snapshot
        const row = columns(snapshot)
        const [known] = yield* Effect.flatMap(
          sql`SELECT * FROM snapshots WHERE id = ${id} OR content_digest = ${row.content_digest}`,
          decode
        )
        if (known !== undefined) return known
        const taken = yield* sql`SELECT 1 FROM snapshots
          WHERE pipeline_name = ${pipelineName} AND version = ${snapshot.version}`
        const next = sql`pipelines.last_version + ${taken.length === 0 ? 0 : 1}`
        const [last] = yield* sql<{ readonly last_version: number }>`INSERT INTO pipelines (name, last_version)
          VALUES (${pipelineName}, ${snapshot.version})
          ON CONFLICT (name) DO UPDATE SET
            last_version = ${greatest(sql, next, sql`${snapshot.version}`)}
          RETURNING last_version`
        const version = taken.length === 0 ? snapshot.version : (last?.last_version ?? snapshot.version)
        const inserted = yield* sql`INSERT INTO snapshots ${sql
          .insert({ ...row, id, version, created_at: DateTime.toEpochMillis(createdAt) })
          .returning("*")}`
        return yield* Effect.flatMap(decode(inserted), single)
      })
    )

const label = /^(.+)@(\d{1,9})$/s

const makeFind =
  ({ read, sql }: Access.Access): SnapshotStore["Type"]["find"] =>
  (ref) => {
    const [, name = "", version = "0"] = label.exec(ref) ?? []
    const isLabel = sql`(pipeline_name = ${name} AND version = ${Number(version)})`
    return read(
      "snapshots.find",
      sql`SELECT * FROM snapshots WHERE id = ${ref} OR ${isLabel} OR pipeline_name = ${ref}
        ORDER BY id = ${ref} DESC, ${isLabel} DESC, version DESC LIMIT 1`.pipe(
        Effect.flatMap(decode),
        Effect.map((found) => Option.fromNullable(found[0]))
      )
    )
  }

const makeRemove =
  ({ sql, writeOnce }: Access.Access): SnapshotStore["Type"]["remove"] =>
  (id) =>
    writeOnce(
      "snapshots.remove",
      Effect.gen(function* () {
        yield* sql`DELETE FROM snapshots WHERE id = ${id}
          AND NOT EXISTS (SELECT 1 FROM deployments WHERE snapshot_id = ${id})
          AND NOT EXISTS (SELECT 1 FROM revisions WHERE snapshot_id = ${id})`
        const left = yield* sql`SELECT 1 FROM snapshots WHERE id = ${id}`
        if (left.length === 0) yield* sql`DELETE FROM builds WHERE snapshot_id = ${id}`
        return left.length === 0
      })
    )

/**
 * The store of snapshots in a database that has the tables of `RegistrySchema`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make: Effect.Effect<SnapshotStore["Type"], never, SqlClient.SqlClient | Ids> = Effect.gen(function* () {
  const access = yield* Access.make("registry")
  const { read, sql } = access
  return {
    put: makePut(access, yield* Ids),
    find: makeFind(access),
    recover: makeRecover(access),
    list: (options) => {
      const ofPipeline = options?.pipelineName === undefined ? [] : [sql`pipeline_name = ${options.pipelineName}`]
      return read(
        "snapshots.list",
        Effect.flatMap(
          sql`SELECT * FROM snapshots WHERE ${sql.and(ofPipeline)} ORDER BY created_at DESC, id DESC`,
          decode
        )
      )
    },
    remove: makeRemove(access)
  }
})

/**
 * See {@link make}.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<SnapshotStore, never, SqlClient.SqlClient | Ids> = Layer.effect(SnapshotStore, make)
