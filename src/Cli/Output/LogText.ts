/** Lines of logs for people. A service logs one JSON object a line. */
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as Render from "./Render.js"

/** A line of a log as time, level, message and the rest of its fields; a line in another format stays as it is. */
export const line = (hasColor: boolean, text: string): string =>
  Option.match(entryOf(text), {
    onNone: () => Render.clean(text),
    onSome: ({ level, message, timestamp, ...rest }) =>
      [
        Render.paint(hasColor, "dim", Render.clean(timestamp)),
        Render.paint(hasColor, styleOf(level), Render.clean(level.padEnd(5))),
        Render.cleanLines(messageOf(message)),
        ...fieldsOf(rest).map((field) => Render.paint(hasColor, "dim", field))
      ].join("  ")
  })

/** The lines of a text, each as {@link line} shows it and as deep as before. */
export const lines = (hasColor: boolean, text: string): string =>
  text
    .split("\n")
    .map((each) => {
      const [indent = ""] = /^ */.exec(each) ?? []
      return `${indent}${line(hasColor, each.slice(indent.length)).replaceAll("\n", `\n${indent}  `)}`
    })
    .join("\n")

// internal

const Entry = Schema.Struct(
  { timestamp: Schema.String, level: Schema.String, message: Schema.Unknown },
  Schema.Record({ key: Schema.String, value: Schema.Unknown })
)

const decode = Schema.decodeUnknownEither(Schema.parseJson(Entry))

const entryOf = (text: string) => (text.startsWith("{") ? Either.getRight(decode(text)) : Option.none())

const messageOf = (message: unknown): string => {
  const parts: ReadonlyArray<unknown> = Array.isArray(message) ? message : [message]
  return parts.map((part) => (typeof part === "string" ? part : Render.jsonLine(part))).join(" ")
}

/** The fiber and empty spans are for programs. */
const fieldsOf = (rest: Readonly<Record<string, unknown>>): ReadonlyArray<string> =>
  Object.entries(rest)
    .filter(([name, value]) => name !== "fiberId" && !(Predicate.isRecord(value) && Object.keys(value).length === 0))
    .map(
      ([name, value]) =>
        `${Render.clean(name)}=${typeof value === "string" ? Render.clean(value) : Render.jsonLine(value)}`
    )

const styleOf = (level: string): Render.Style => {
  if (/^(ERROR|FATAL)$/.test(level)) return "red"
  return /^WARN/.test(level) ? "yellow" : "cyan"
}
