/** Schedules and their firings in the tables of a run store. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Firing } from "../../Contract/Schedules.js"
import { decodeRows, decodeTo, Integer, OptionalText, present, Time } from "../Database/Columns.js"
import type { FiringClaim, ScheduleStore } from "../ScheduleStore.js"
import type { RunAccess } from "./RunTables.js"

/** Makes the part of a run store that keeps schedules. */
export const make = (access: RunAccess): ScheduleStore => ({ ...records(access), ...claims(access) })

// internal

/** Firings that are shown; a schedule keeps no more of them. */
const shown = 20

const records = (access: RunAccess): Pick<ScheduleStore, "register" | "find" | "pause"> => {
  const { from, into, key, mine, owner, read, sql, write } = access
  return {
    register: ({ cron, name, nextAt }) =>
      write(
        "schedules.register",
        Effect.asVoid(sql`INSERT INTO ${into("schedules")} ${sql.insert({ ...owner, name, cron, is_paused: 0, next_at: nextAt })}
        ON CONFLICT ${key("name")} DO UPDATE SET cron = excluded.cron, next_at = excluded.next_at
        WHERE schedules.cron <> excluded.cron`)
      ),
    find: (names) =>
      names.length === 0
        ? Effect.succeed([])
        : read(
            "schedules.find",
            Effect.gen(function* () {
              const found = yield* decodeSchedules(
                yield* sql`SELECT name, cron, is_paused, next_at FROM ${from("schedules")} WHERE ${sql.in("name", names)}`
              )
              return yield* Effect.forEach(found, (schedule) =>
                Effect.map(firingsOf(access, schedule.name), (firings) => ({ ...schedule, firings }))
              )
            })
          ),
    pause: (name, { isPaused, nextAt }) =>
      write(
        "schedules.pause",
        Effect.asVoid(
          isPaused
            ? sql`UPDATE ${into("schedules")} SET is_paused = 1 WHERE ${mine} AND name = ${name}`
            : sql`UPDATE ${into("schedules")} SET is_paused = 0, next_at = ${nextAt}
              WHERE ${mine} AND name = ${name} AND is_paused = 1`
        )
      )
  }
}

const claims = (access: RunAccess): Pick<ScheduleStore, "claim" | "fire" | "started" | "reclaim"> => {
  const { from, into, mine, read, sql, write } = access
  return {
    claim: ({ cron, expected, firings, name, nextAt, overlap }) =>
      write(
        "schedules.claim",
        Effect.gen(function* () {
          const moved = yield* sql`UPDATE ${into("schedules")} SET next_at = ${nextAt}
          WHERE ${mine} AND name = ${name} AND cron = ${cron} AND next_at = ${expected} AND is_paused = 0 RETURNING name`
          if (moved.length === 0) return []
          const isBusy = !overlap && (yield* isInProgress(access, name))
          const claimed = firings.map((firing) => ({ name, ...firing }))
          yield* Effect.forEach(claimed, (claim) => insert(access, claim, isBusy ? "skipped" : "claimed"), {
            discard: true
          })
          yield* forget(access, name)
          return isBusy ? [] : claimed
        })
      ),
    fire: (claim) =>
      write("schedules.fire", Effect.zipRight(insert(access, claim, "claimed"), forget(access, claim.name))),
    started: ({ dueAt, name }) =>
      write(
        "schedules.started",
        Effect.asVoid(sql`UPDATE ${into("schedule_firings")} SET state = 'started'
          WHERE ${mine} AND name = ${name} AND due_at = ${dueAt}`)
      ),
    reclaim: ({ afterMillis, names }) =>
      Effect.gen(function* () {
        if (names.length === 0) return []
        const before = (yield* access.now) - afterMillis
        const late = sql`state = 'claimed' AND claimed_at <= ${before} AND ${sql.in("name", names)}`
        const [one] = yield* read(
          "schedules.reclaim",
          sql`SELECT 1 FROM ${from("schedule_firings")} WHERE ${late} LIMIT 1`
        )
        if (one === undefined) return []
        return yield* write(
          "schedules.reclaim",
          Effect.gen(function* () {
            yield* sql`UPDATE ${into("schedule_firings")} SET state = 'started'
            WHERE ${mine} AND ${late} AND run_id IN (SELECT id FROM ${from("runs")} WHERE id = run_id)`
            const at = yield* access.now
            return yield* decodeClaims(
              yield* sql`UPDATE ${into("schedule_firings")} SET claimed_at = ${at}
              WHERE ${mine} AND ${late} RETURNING name, due_at, run_id`
            )
          })
        )
      })
  }
}

/** The run of a firing that was claimed is about to start. */
const isInProgress = ({ from, sql }: RunAccess, name: string) =>
  Effect.map(
    sql`SELECT 1 FROM ${from("schedule_firings")} WHERE name = ${name} AND (state = 'claimed'
      OR run_id IN (SELECT id FROM ${from("runs")} WHERE id = run_id AND status IN ('queued', 'running'))) LIMIT 1`,
    (rows) => rows.length > 0
  )

const insert = (access: RunAccess, { dueAt, name, runId }: FiringClaim, state: Firing["state"]) =>
  Effect.flatMap(access.now, (at) => {
    const { into, key, owner, sql } = access
    const run = state === "skipped" ? null : runId
    const row = { ...owner, name, due_at: dueAt, state, run_id: run, claimed_at: at }
    return sql`INSERT INTO ${into("schedule_firings")} ${sql.insert(row)} ON CONFLICT ${key("name", "due_at")} DO NOTHING`
  })

const forget = ({ from, into, mine, sql }: RunAccess, name: string) =>
  Effect.asVoid(sql`DELETE FROM ${into("schedule_firings")} WHERE ${mine} AND name = ${name} AND state <> 'claimed' AND due_at < (
    SELECT MIN(due_at) FROM (
      SELECT due_at FROM ${from("schedule_firings")} WHERE name = ${name} ORDER BY due_at DESC LIMIT ${shown}) AS newest)`)

const firingsOf = ({ from, sql }: RunAccess, name: string) =>
  Effect.flatMap(
    sql`SELECT due_at, state, run_id FROM ${from("schedule_firings")} WHERE name = ${name} ORDER BY due_at DESC LIMIT ${shown}`,
    decodeFirings
  )

const decodeSchedules = decodeTo(
  Schema.Struct({ name: Schema.String, cron: Schema.String, is_paused: Integer, next_at: Integer }),
  ({ cron, is_paused, name, next_at }) => ({ name, cron, isPaused: is_paused === 1, nextAt: next_at })
)

const decodeFirings = decodeTo(
  Schema.Struct({ due_at: Time, state: Firing.fields.state, run_id: OptionalText }),
  ({ due_at, run_id, state }): Firing => ({ dueAt: due_at, state, ...present({ runId: run_id }) })
)

const decodeClaims = (rows: ReadonlyArray<unknown>) =>
  Effect.map(
    decodeRows(Schema.Struct({ name: Schema.String, due_at: Integer, run_id: Schema.String }))(rows),
    (found) => found.map(({ due_at, name, run_id }): FiringClaim => ({ name, dueAt: due_at, runId: run_id }))
  )
