/** Reads the answers of an engine. Missing fields and `null` have defaults; unknown fields are ignored. */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { EngineError } from "./Errors.js"

/** A text; default empty. */
export const Text = Schema.optionalWith(Schema.String, { default: () => "", nullable: true })

/** A number; default 0. */
export const Count = Schema.optionalWith(Schema.Number, { default: () => 0, nullable: true })

/** A flag; default `false`. */
export const Flag = Schema.optionalWith(Schema.Boolean, { default: () => false, nullable: true })

/** A list; default empty. */
export const List = <A, I>(schema: Schema.Schema<A, I>) =>
  Schema.optionalWith(Schema.Array(schema), { default: () => [], nullable: true })

/** Values by name; default none. */
export const Dictionary = <A, I>(schema: Schema.Schema<A, I>) =>
  Schema.optionalWith(Schema.Record({ key: Schema.String, value: schema }), { default: () => ({}), nullable: true })

/** A part; without it all of its fields have their defaults. */
export const Part = <A, I>(schema: Schema.Schema<A, I>) => {
  const defaults = Schema.decodeUnknownSync(schema)({})
  return Schema.optionalWith(schema, { default: () => defaults, nullable: true })
}

/** Texts by name. */
export const Labels = Dictionary(Schema.String)

/** A list of texts. */
export const Texts = List(Schema.String)

/** The answer to the creation of a container or a network. */
export const Created = Schema.Struct({ Id: Schema.String })

/** Any object. */
export const Raw = Schema.Record({ key: Schema.String, value: Schema.Unknown })

/** The whole answer beside the part that is read. */
export const withRaw = <A, I>(schema: Schema.Schema<A, I>) =>
  Schema.transform(Schema.Unknown, Schema.Struct({ raw: Raw, read: schema }), {
    strict: false,
    decode: (raw) => ({ raw, read: raw }),
    encode: ({ raw }) => raw
  })

const decodeJson = Schema.decode(Schema.parseJson())

/** Reads a whole answer; an answer that does not fit is a failure of the engine. */
export const parse = <A, I>(
  schema: Schema.Schema<A, I>,
  operation: string,
  { status, text }: { readonly status: number; readonly text: string }
): Effect.Effect<A, EngineError> =>
  Effect.mapError(Effect.flatMap(decodeJson(text), Schema.decodeUnknown(schema)), (error) => {
    const problem = ParseResult.TreeFormatter.formatErrorSync(error)
    return new EngineError({
      operation,
      status,
      reason: `its answer has an unexpected form (${problem})`.slice(0, 1_000)
    })
  })

/** The engine writes the year 1 for "never". */
export const time = (text: string): DateTime.Utc | undefined =>
  Option.getOrUndefined(Option.filter(DateTime.make(text), (at) => DateTime.toEpochMillis(at) >= 0))

/** Seconds since the epoch, in lists. */
export const seconds = (count: number): DateTime.Utc | undefined =>
  count > 0 ? DateTime.unsafeMake(count * 1_000) : undefined

/** `NAME=value` lines. */
export const environment = (lines: ReadonlyArray<string>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    lines.map((line) => {
      const at = line.indexOf("=")
      return at < 0 ? [line, ""] : [line.slice(0, at), line.slice(at + 1)]
    })
  )
