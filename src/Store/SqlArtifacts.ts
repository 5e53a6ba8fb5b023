/** The references of runs to artifacts, and the contents that nothing may refer to any more. */
import type * as Statement from "@effect/sql/Statement"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Access from "./Access.js"
import { decodeTo, now } from "./Columns.js"
import type { RunStore } from "./RunStore.js"

/** Between the write of a content and that of the reference to it a process may die; a content is kept so long without one. */
const grace = Duration.minutes(10)

/** Most contents that are looked at in one pass. */
const batch = 100

/** Makes the part of a run store that knows artifacts. */
export const make = (access: Access.Access): Pick<RunStore["Type"], "artifacts"> => ({
  artifacts: { hold: holding(access), sweep: sweeping(access) }
})

/** Lets a later sweep look at the contents of runs that are removed. */
export const release = ({ sql }: Pick<Access.Access, "sql">, runIds: Statement.Fragment, at: number) =>
  Effect.zipRight(
    sql`INSERT INTO unsettled_artifacts (digest, at)
      SELECT DISTINCT digest, CAST(${at} AS INTEGER) FROM run_artifacts WHERE run_id IN (${runIds})
      ON CONFLICT (digest) DO NOTHING`,
    sql`DELETE FROM run_artifacts WHERE run_id IN (${runIds})`
  )

// internal

type Artifacts = RunStore["Type"]["artifacts"]

const holding =
  ({ sql, write }: Access.Access): Artifacts["hold"] =>
  (digest) =>
    write(
      "artifacts.hold",
      Effect.flatMap(now, (at) =>
        Effect.asVoid(sql`INSERT INTO unsettled_artifacts (digest, at) VALUES (${digest}, ${at})
          ON CONFLICT (digest) DO UPDATE SET at = excluded.at`)
      )
    )

/**
 * A content is removed within the transaction that finds no reference: `hold` waits for its end, so a content that is
 * written again afterwards stays.
 */
const sweeping =
  ({ read, sql, write }: Access.Access): Artifacts["sweep"] =>
  (remove) =>
    Effect.gen(function* () {
      const before = (yield* now) - Duration.toMillis(grace)
      const due = yield* read(
        "artifacts.sweep",
        Effect.flatMap(
          sql`SELECT digest FROM unsettled_artifacts WHERE at <= ${before} ORDER BY at LIMIT ${batch}`,
          decodeDigests
        )
      )
      const settle = (digest: string) =>
        write(
          "artifacts.sweep",
          Effect.gen(function* () {
            const [still] = yield* sql`DELETE FROM unsettled_artifacts
              WHERE digest = ${digest} AND at <= ${before} RETURNING digest`
            if (still === undefined) return false
            const [used] = yield* sql`SELECT 1 FROM run_artifacts WHERE digest = ${digest} LIMIT 1`
            if (used !== undefined) return false
            yield* remove(digest)
            return true
          })
        )
      const removed = yield* Effect.forEach(due, settle)
      return removed.filter((isRemoved) => isRemoved).length
    })

const decodeDigests = decodeTo(Schema.Struct({ digest: Schema.String }), ({ digest }) => digest)
