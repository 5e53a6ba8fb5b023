/** The lines that runs logged, in the tables of a run store. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { RunLogLine } from "../../Contract/RunLog.js"
import { decodeTo, Integer, Time } from "../Database/Columns.js"
import type { RunStore } from "../RunStore.js"
import type { RunAccess } from "./RunTables.js"

/** Makes the part of a run store that reads lines. */
export const make = ({ from, read, sql }: RunAccess): Pick<RunStore["Type"], "logs"> => ({
  logs: ({ after, limit, runId }) =>
    read(
      "runs.logs",
      Effect.gen(function* () {
        const [run] = yield* sql`SELECT 1 FROM ${from("runs")} WHERE id = ${runId}`
        const found = yield* decodeLines(
          yield* sql`SELECT sequence, at, level, data FROM ${from("run_logs")}
            WHERE run_id = ${runId} AND sequence > ${after} ORDER BY sequence LIMIT ${limit + 1}`
        )
        if (run === undefined && found.length === 0) return Option.none()
        const lines = found.slice(0, limit)
        const nextAfter = found.length > limit ? lines.at(-1)?.sequence : undefined
        return Option.some({ lines, ...(nextAfter === undefined ? {} : { nextAfter }) })
      })
    )
})

// internal

const Data = Schema.parseJson(
  Schema.Struct({
    message: Schema.String,
    fields: Schema.optional(Schema.Record({ key: Schema.String, value: Schema.Unknown }))
  })
)

const decodeLines = decodeTo(
  Schema.Struct({ sequence: Integer, at: Time, level: Schema.String, data: Data }),
  ({ data, ...row }): RunLogLine => ({ ...row, ...data })
)
