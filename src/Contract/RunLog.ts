/** The lines that a run logged, as the service answers them. */
import * as Schema from "effect/Schema"
import { pageLimit, refuse, wholeNumber } from "./Query.js"

/**
 * One line that a run logged with an Effect logger or the console.
 *
 * @category schemas
 * @since 0.1.0
 */
export const RunLogLine = Schema.Struct({
  /** Position among the lines of the run, from 1. */
  sequence: Schema.Int,
  at: Schema.DateTimeUtc,
  /** Such as `INFO`, `WARN` and `ERROR`. */
  level: Schema.String,
  message: Schema.String,
  /** The annotations of the entry, and its cause and spans. */
  fields: Schema.optional(Schema.Record({ key: Schema.String, value: Schema.Unknown }))
})

export type RunLogLine = typeof RunLogLine.Type

/**
 * Some lines of a run in their order.
 *
 * @category schemas
 * @since 0.1.0
 */
export const RunLogPage = Schema.Struct({
  lines: Schema.Array(RunLogLine),
  /** The `after` of the next page; absent on the last page. */
  nextAfter: Schema.optional(Schema.Int)
})

export type RunLogPage = typeof RunLogPage.Type

const position = "must be the sequence of a line, a whole number"

/**
 * The query of `GET /runs/{id}/logs`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const RunLogQuery = Schema.Struct({
  /** Only lines after this one; default all. */
  after: Schema.optionalWith(
    wholeNumber(Schema.nonNegative()).annotations({
      ...refuse(position),
      jsonSchema: { type: "integer", minimum: 0, default: 0 }
    }),
    { default: () => 0 }
  ),
  limit: pageLimit(1_000, 1_000)
})
