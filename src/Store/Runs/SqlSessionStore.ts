/** The states of sessions in the tables of a run store. */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { SessionState, SessionSummary } from "../../Contract/Sessions.js"
import { decodeRows, decodeTo, Integer, Json, OptionalTime, present, single, Time } from "../Database/Columns.js"
import type { SessionStore } from "../SessionStore.js"
import type { RunAccess } from "./RunTables.js"

/** Makes the part of a run store that keeps sessions. */
export const make = (access: RunAccess): SessionStore => ({
  ...values(access),
  ...records(access),
  expire: expiring(access)
})

// internal

type Sql = RunAccess["sql"]

/** Most states that are removed at once. */
const batch = 500

/** A state whose time is over is as good as removed, whether or not it was removed already. */
const isLive = (sql: Sql, at: number) => sql`(expires_at IS NULL OR expires_at > ${at})`

const values = (access: RunAccess): Pick<SessionStore, "read" | "write" | "remove"> => {
  const { from, into, key, mine, now, owner, read, sql, write } = access
  return {
    read: (session, name) =>
      read(
        "sessions.read",
        Effect.flatMap(now, (at) =>
          Effect.map(
            Effect.flatMap(
              sql`SELECT value, version FROM ${from("session_states")}
              WHERE session_id = ${session} AND name = ${name} AND ${isLive(sql, at)}`,
              decodeValues
            ),
            (rows) => Option.fromNullable(rows[0])
          )
        )
      ),
    write: ({ name, session, text, ttlMillis, version }) =>
      write(
        "sessions.write",
        Effect.gen(function* () {
          const at = yield* now
          const next = yield* nextVersion(access)
          const row = {
            version: next,
            value: text,
            updated_at: at,
            expires_at: ttlMillis === undefined ? null : at + ttlMillis
          }
          const written =
            version === undefined || version === 0
              ? yield* sql`INSERT INTO ${into("session_states")}
                ${sql.insert({ ...owner, session_id: session, name, created_at: at, ...row })}
                ON CONFLICT ${key("session_id", "name")} DO UPDATE SET ${sql.update(row)}
                WHERE ${version === undefined ? sql`TRUE` : sql`session_states.expires_at <= ${at}`} RETURNING version`
              : yield* sql`UPDATE ${into("session_states")} SET ${sql.update(row)} WHERE ${mine} AND session_id = ${session} AND name = ${name}
                AND version = ${version} AND ${isLive(sql, at)} RETURNING version`
          return written.length > 0 ? Option.some(next) : Option.none()
        })
      ),
    remove: (session, name) =>
      write(
        "sessions.remove",
        Effect.asVoid(sql`DELETE FROM ${into("session_states")}
        WHERE ${mine} AND session_id = ${session} AND name = ${name}`)
      )
  }
}

/** A refused write uses a number up, too, which no one misses. */
const nextVersion = ({ into, mine, sql }: RunAccess) =>
  sql`UPDATE ${into("session_versions")} SET last = last + 1 WHERE ${mine} RETURNING last`.pipe(
    Effect.flatMap(decodeVersions),
    Effect.flatMap(single),
    Effect.map(({ last }) => last)
  )

const records = (access: RunAccess): Pick<SessionStore, "list" | "find" | "delete"> => {
  const { from, into, mine, now, read, sql, write } = access
  return {
    list: ({ cursor, limit }) =>
      read(
        "sessions.list",
        Effect.gen(function* () {
          const at = yield* now
          const behind = cursor === undefined ? sql`TRUE` : sql`session_id > ${cursor}`
          const found = yield* decodeParts(
            yield* sql`SELECT session_id, name, octet_length(value) AS bytes, created_at, updated_at, expires_at
            FROM ${from("session_states")} WHERE ${isLive(sql, at)} AND session_id IN (
              SELECT DISTINCT session_id FROM ${from("session_states")} WHERE ${behind} AND ${isLive(sql, at)}
              ORDER BY session_id LIMIT ${limit + 1})
            ORDER BY session_id, name`
          )
          const all = summaries(found)
          const sessions = all.slice(0, limit)
          return { sessions, nextCursor: all.length > limit ? sessions.at(-1)?.id : undefined }
        })
      ),
    find: (session) =>
      read(
        "sessions.find",
        Effect.gen(function* () {
          const at = yield* now
          const states = yield* decodeStates(
            yield* sql`SELECT name, version, value, created_at, updated_at, expires_at FROM ${from("session_states")}
            WHERE session_id = ${session} AND ${isLive(sql, at)} ORDER BY name`
          )
          return states.length === 0 ? Option.none() : Option.some({ id: session, states })
        })
      ),
    delete: (session) =>
      write(
        "sessions.delete",
        Effect.flatMap(now, (at) =>
          Effect.map(
            sql<{
              readonly live: number
            }>`DELETE FROM ${into("session_states")} WHERE ${mine} AND session_id = ${session}
            RETURNING CASE WHEN ${isLive(sql, at)} THEN 1 ELSE 0 END AS live`,
            (rows) => rows.some(({ live }) => live === 1)
          )
        )
      )
  }
}

/** Looks without the lock first: most of the time there is nothing to remove. */
const expiring = ({ from, into, mine, now, read, sql, write }: RunAccess): SessionStore["expire"] =>
  Effect.gen(function* () {
    const at = yield* now
    const over = sql`SELECT session_id, name FROM ${from("session_states")} WHERE expires_at <= ${at} LIMIT ${batch}`
    const [one] = yield* read("sessions.expire", over)
    if (one === undefined) return 0
    return yield* write(
      "sessions.expire",
      Effect.map(
        sql`DELETE FROM ${into("session_states")} WHERE ${mine} AND expires_at <= ${at} AND (session_id, name) IN (${over}) RETURNING name`,
        (rows) => rows.length
      )
    )
  })

const times = { created_at: Time, updated_at: Time, expires_at: OptionalTime }

const decodeValues = decodeRows(Schema.Struct({ value: Json, version: Integer }))

const decodeVersions = decodeRows(Schema.Struct({ last: Integer }))

const StateRow = Schema.Struct({ name: Schema.String, version: Integer, value: Json, ...times })

const decodeStates = decodeTo(
  StateRow,
  ({ created_at, expires_at, updated_at, ...row }): SessionState => ({
    ...row,
    createdAt: created_at,
    updatedAt: updated_at,
    ...present({ expiresAt: expires_at })
  })
)

const PartRow = Schema.Struct({ session_id: Schema.String, name: Schema.String, bytes: Integer, ...times })

const decodeParts = decodeRows(PartRow)

/** The states of each session in one, in the order of the rows. A session stays as long as one of its states. */
const summaries = (parts: ReadonlyArray<typeof PartRow.Type>): ReadonlyArray<SessionSummary> => {
  const bySession = new Map<string, Array<typeof PartRow.Type>>()
  for (const part of parts) {
    const known = bySession.get(part.session_id)
    if (known === undefined) bySession.set(part.session_id, [part])
    else known.push(part)
  }
  return Array.from(bySession, ([id, states]) => {
    const ends = Option.all(states.map(({ expires_at }) => expires_at))
    return {
      id,
      states: states.map(({ name }) => name),
      bytes: states.reduce((sum, { bytes }) => sum + bytes, 0),
      createdAt: earliest(states.map(({ created_at }) => created_at)),
      updatedAt: latest(states.map(({ updated_at }) => updated_at)),
      ...present({ expiresAt: Option.map(ends, latest) })
    }
  })
}

const earliest = (times: ReadonlyArray<DateTime.Utc>): DateTime.Utc => times.reduce((a, b) => DateTime.min(a, b))

const latest = (times: ReadonlyArray<DateTime.Utc>): DateTime.Utc => times.reduce((a, b) => DateTime.max(a, b))
