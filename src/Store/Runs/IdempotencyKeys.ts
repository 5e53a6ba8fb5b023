/** Idempotency keys: a key that the caller chose stands for the run that answers its request. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { RunResponse } from "../../Contract/RunRecord.js"
import { decodeTo, OptionalNumber, OptionalText, present } from "../Database/Columns.js"
import type { Claim, RunStore } from "../RunStore.js"
import type { RunAccess } from "./RunTables.js"

/** The time for which a key stands for its run. */
export const lifetime: Duration.Duration = Duration.hours(24)

/** Makes the part of a run store that keeps claims. */
export const make = (access: RunAccess): Pick<RunStore["Type"], "claim" | "claimed" | "release"> => {
  const { from, into, key: keyOf, mine, owner, read, sql, write } = access
  const find = (key: string) =>
    Effect.map(Effect.flatMap(sql`SELECT * FROM ${from("claims")} WHERE key = ${key}`, decodeClaims), (rows) =>
      Option.fromNullable(rows[0])
    )
  return {
    claim: ({ digest, key, runId }) =>
      write(
        "runs.claim",
        Effect.gen(function* () {
          const at = yield* access.now
          const taken =
            yield* sql`INSERT INTO ${into("claims")} ${sql.insert({ ...owner, key, digest, run_id: runId, at })}
            ON CONFLICT ${keyOf("key")} DO UPDATE SET digest = excluded.digest, run_id = excluded.run_id, at = excluded.at,
              status = NULL, body = NULL, headers = NULL
            WHERE claims.at <= ${at - Duration.toMillis(lifetime)} RETURNING key`
          return taken.length > 0 ? Option.none() : yield* find(key)
        })
      ),
    claimed: (key) => read("runs.claimed", find(key)),
    release: ({ key, runId }) =>
      write(
        "runs.release",
        Effect.asVoid(sql`DELETE FROM ${into("claims")} WHERE ${mine} AND key = ${key} AND run_id = ${runId}`)
      )
  }
}

/** Removes keys whose time is over. */
export const expire = ({ into, mine, sql }: RunAccess, at: number) =>
  sql`DELETE FROM ${into("claims")} WHERE ${mine} AND at <= ${at - Duration.toMillis(lifetime)}`

// internal

const ClaimRow = Schema.Struct({
  digest: Schema.String,
  run_id: Schema.String,
  status: OptionalNumber,
  body: OptionalText,
  headers: Schema.compose(OptionalText, Schema.OptionFromSelf(Schema.parseJson(RunResponse.fields.headers)))
})

const decodeClaims = decodeTo(
  ClaimRow,
  ({ body, digest, headers, run_id, status }): Claim => ({
    digest,
    runId: run_id,
    answer: Option.getOrUndefined(
      Option.zipWith(status, body, (status, body) => ({ status, body, ...present({ headers }) }))
    )
  })
)
