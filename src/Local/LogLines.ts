/** Turns the bytes of a log into lines with their times. */
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { LogLine } from "../Deployment.js"

/**
 * Reads one log from its first to its last byte. It keeps what is left of an unfinished line, and the time of the line
 * before.
 */
export interface LineReader {
  /** The lines that are complete with these bytes. */
  readonly push: (bytes: Uint8Array) => ReadonlyArray<LogLine>
  /** The last line, if it had no end. */
  readonly end: () => ReadonlyArray<LogLine>
}

/** Longest line in UTF-16 code units; what is longer comes as several lines. */
export const maxLineLength = 65_536

/** Starts reading a log. Characters may be cut in half between two calls; lines may end with LF or CRLF. */
export const makeLineReader = (): LineReader => {
  let decoder = new TextDecoder()
  let rest = ""
  let lastTime = Option.none<DateTime.Utc>()

  const toLine = (text: string): LogLine => {
    lastTime = Option.orElse(timeOf(text), () => lastTime)
    // A log has very many lines, and what is said of each is known to be right.
    return new LogLine(
      { text, ...(Option.isSome(lastTime) ? { at: lastTime.value } : {}) },
      { disableValidation: true }
    )
  }
  const take = (text: string): ReadonlyArray<LogLine> => {
    const parts = `${rest}${text}`.split("\n")
    const unfinished = cut(parts.pop() ?? "")
    rest = unfinished.pop() ?? ""
    return [...parts.map(withoutReturn).flatMap(cut), ...unfinished].map(toLine)
  }
  return {
    push: (bytes) => take(decoder.decode(bytes, { stream: true })),
    end: () => {
      const lines = take(decoder.decode())
      const last = withoutReturn(rest)
      decoder = new TextDecoder()
      rest = ""
      return last === "" ? lines : [...lines, toLine(last)]
    }
  }
}

const withoutReturn = (line: string): string => (line.endsWith("\r") ? line.slice(0, -1) : line)

const cut = (line: string): Array<string> => {
  if (line.length <= maxLineLength) return [line]
  const pieces: Array<string> = []
  for (let from = 0; from < line.length; ) {
    const to = from + maxLineLength - (splitsPair(line, from + maxLineLength) ? 1 : 0)
    pieces.push(line.slice(from, to))
    from = to
  }
  return pieces
}

const splitsPair = (text: string, at: number): boolean => {
  const before = text.charCodeAt(at - 1)
  return at < text.length && before >= 0xd800 && before <= 0xdbff
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
