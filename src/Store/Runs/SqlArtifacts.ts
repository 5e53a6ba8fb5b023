/** The references of runs to artifacts, and the contents that nothing may refer to any more. */
import type * as Statement from "@effect/sql/Statement"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { decodeTo } from "../Database/Columns.js"
import type { RunStore } from "../RunStore.js"
import type { RunAccess } from "./RunTables.js"

/** Between the write of a content and that of the reference to it a process may die; a content is kept so long without one. */
const grace = Duration.minutes(10)

/** Most contents that are looked at in one pass. */
const batch = 100

/** Makes the part of a run store that knows artifacts. */
export const make = (access: RunAccess): Pick<RunStore["Type"], "artifacts"> => ({
  artifacts: { hold: holding(access), sweep: sweeping(access) }
})

/** Lets a later sweep look at the contents of runs that are removed. */
export const release = ({ from, into, key, mine, owner, sql }: RunAccess, runIds: Statement.Fragment, at: number) => {
  const columns = Object.keys(owner).map((name) => `${name}, `)
  const values = Object.values(owner).map((value) => `${value}, `)
  return Effect.zipRight(
    sql`INSERT INTO ${into("unsettled_artifacts")} (${sql.literal(columns.join(""))}digest, at)
      SELECT DISTINCT ${sql.literal(values.join(""))}digest, CAST(${at} AS BIGINT)
      FROM ${from("run_artifacts")} WHERE run_id IN (${runIds})
      ON CONFLICT ${key("digest")} DO NOTHING`,
    sql`DELETE FROM ${into("run_artifacts")} WHERE ${mine} AND run_id IN (${runIds})`
  )
}

// internal

type Artifacts = RunStore["Type"]["artifacts"]

const holding =
  ({ into, key, now, owner, sql, write }: RunAccess): Artifacts["hold"] =>
  (digest) =>
    write(
      "artifacts.hold",
      Effect.flatMap(now, (at) =>
        Effect.asVoid(sql`INSERT INTO ${into("unsettled_artifacts")} ${sql.insert({ ...owner, digest, at })}
          ON CONFLICT ${key("digest")} DO UPDATE SET at = excluded.at`)
      )
    )

/**
 * A content is removed within the transaction that finds no reference: `hold` waits for its end, so a content that is
 * written again afterwards stays.
 */
const sweeping =
  ({ from, into, mine, now, read, sql, write }: RunAccess): Artifacts["sweep"] =>
  (remove) =>
    Effect.gen(function* () {
      const before = (yield* now) - Duration.toMillis(grace)
      const due = yield* read(
        "artifacts.sweep",
        Effect.flatMap(
          sql`SELECT digest FROM ${from("unsettled_artifacts")} WHERE at <= ${before} ORDER BY at LIMIT ${batch}`,
          decodeDigests
        )
      )
      const settle = (digest: string) =>
        write(
          "artifacts.sweep",
          Effect.gen(function* () {
            const [still] = yield* sql`DELETE FROM ${into("unsettled_artifacts")}
              WHERE ${mine} AND digest = ${digest} AND at <= ${before} RETURNING digest`
            if (still === undefined) return false
            const [used] = yield* sql`SELECT 1 FROM ${from("run_artifacts")} WHERE digest = ${digest} LIMIT 1`
            if (used !== undefined) return false
            yield* remove(digest)
            return true
          })
        )
      const removed = yield* Effect.forEach(due, settle)
      return removed.filter((isRemoved) => isRemoved).length
    })

const decodeDigests = decodeTo(Schema.Struct({ digest: Schema.String }), ({ digest }) => digest)
