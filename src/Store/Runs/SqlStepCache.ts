/** The outputs of cached steps in the tables of a run store. They go with the runs that made them. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { decodeTo, Json } from "../Database/Columns.js"
import type { RunStore } from "../RunStore.js"
import type { RunAccess } from "./RunTables.js"

/** Makes the part of a run store that finds outputs of cached steps. */
export const make = ({ from, now, read, sql }: RunAccess): Pick<RunStore["Type"], "cachedStep"> => ({
  cachedStep: (key) =>
    read(
      "steps.cached",
      Effect.gen(function* () {
        const at = yield* now
        const [found] = yield* decode(
          yield* sql`SELECT run_id, step, output FROM ${from("step_cache")}
            WHERE cache_key = ${key} AND (expires_at IS NULL OR expires_at > ${at})`
        )
        return Option.fromNullable(found)
      })
    )
})

// internal

const decode = decodeTo(
  Schema.Struct({ run_id: Schema.String, step: Schema.String, output: Json }),
  ({ output, run_id, step }) => ({ from: { runId: run_id, step }, output })
)
