/** How answers of an engine are read: what is missing or `null` has a default, what is new is passed over. */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { EngineError } from "./Errors.js"

/** A text that may be missing or `null`: then it is empty. */
export const Text = Schema.optionalWith(Schema.String, { default: () => "", nullable: true })

/** A number that may be missing or `null`: then it is 0. */
export const Count = Schema.optionalWith(Schema.Number, { default: () => 0, nullable: true })

/** A truth that may be missing or `null`: then it is not so. */
export const Flag = Schema.optionalWith(Schema.Boolean, { default: () => false, nullable: true })

/** A list that may be missing or `null`: then it is empty. */
export const List = <A, I>(schema: Schema.Schema<A, I>) =>
  Schema.optionalWith(Schema.Array(schema), { default: () => [], nullable: true })

/** A dictionary that may be missing or `null`: then it is empty. */
export const Dictionary = <A, I>(schema: Schema.Schema<A, I>) =>
  Schema.optionalWith(Schema.Record({ key: Schema.String, value: schema }), { default: () => ({}), nullable: true })

/** Texts by name. */
export const Labels = Dictionary(Schema.String)

/** A list of texts. */
export const Texts = List(Schema.String)

/** Anything that is an object. */
export const Raw = Schema.Record({ key: Schema.String, value: Schema.Unknown })

/** The whole answer next to what is read of it. */
export const withRaw = <A, I>(schema: Schema.Schema<A, I>) =>
  Schema.transform(Schema.Unknown, Schema.Struct({ raw: Raw, read: schema }), {
    strict: false,
    decode: (raw) => ({ raw, read: raw }),
    encode: ({ raw }) => raw
  })

/** Reads a whole answer; one that does not fit is the engine's failure. */
export const parse = <A, I>(schema: Schema.Schema<A, I>, operation: string) => {
  const decode = Schema.decodeUnknown(Schema.parseJson(schema))
  return (answer: { readonly status: number; readonly text: string }): Effect.Effect<A, EngineError> =>
    Effect.mapError(
      decode(answer.text),
      (error) =>
        new EngineError({
          operation,
          status: answer.status,
          reason: `its answer is not what was expected (${ParseResult.TreeFormatter.formatErrorSync(error)})`.slice(
            0,
            1_000
          )
        })
    )
}

/** The engine writes the year 1 for "never". */
export const time = (text: string): DateTime.Utc | undefined =>
  Option.getOrUndefined(Option.filter(DateTime.make(text), (at) => DateTime.toEpochMillis(at) >= 0))

/** Seconds since the epoch, where lists have them. */
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
