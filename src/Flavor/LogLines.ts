/** Turns the bytes of a log into lines with their times. */
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { LogLine } from "../Deployment.js"
import * as Lines from "../Internal/Lines.js"

/** Reads one log from its first to its last byte. */
export interface LineReader {
  /** The lines that are complete with these bytes. */
  readonly push: (bytes: Uint8Array) => ReadonlyArray<LogLine>
  /** The last line, if it had no end. */
  readonly end: () => ReadonlyArray<LogLine>
}

/** Starts reading a log. A line without a time of its own has the time of the line before. */
export const makeLineReader = (): LineReader => {
  const lines = Lines.makeLineReader()
  let lastTime = Option.none<DateTime.Utc>()
  const toLine = (text: string): LogLine => {
    lastTime = Option.orElse(timeOf(text), () => lastTime)
    const at = Option.isSome(lastTime) ? { at: lastTime.value } : {}
    // A log has very many lines, and every field is known to be valid.
    return new LogLine({ text, ...at }, { disableValidation: true })
  }
  return { push: (bytes) => lines.push(bytes).map(toLine), end: () => lines.end().map(toLine) }
}

const Time = Schema.Union(Schema.String, Schema.Number)
const Timed = Schema.parseJson(Schema.Struct({ timestamp: Schema.optional(Time), date: Schema.optional(Time) }))
const decodeTimed = Schema.decodeUnknownOption(Timed)

const timeOf = (text: string): Option.Option<DateTime.Utc> =>
  text.startsWith("{")
    ? decodeTimed(text).pipe(
        Option.flatMapNullable(({ date, timestamp }) => timestamp ?? date),
        Option.flatMap(DateTime.make),
        Option.map(DateTime.toUtc)
      )
    : Option.none()
