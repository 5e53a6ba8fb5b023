/**
 * Columns of the stores' tables as Schemas: times are integer milliseconds, JSON is text, and an absent value is NULL.
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { EncodedJson } from "../../Internal/EncodedJson.js"
import { memoize } from "../../Internal/Memoize.js"

/** An integer: a number, or the text that drivers of PostgreSQL give for a 64-bit column. */
export const Integer = Schema.Union(Schema.Int, Schema.compose(Schema.NumberFromString, Schema.Int))

export const Time = Schema.compose(Integer, Schema.DateTimeUtcFromNumber)

export const OptionalTime = Schema.OptionFromNullOr(Time)

export const OptionalText = Schema.OptionFromNullOr(Schema.String)

export const OptionalNumber = Schema.OptionFromNullOr(Schema.Number)

/** Any JSON value. */
export const Json = Schema.parseJson(Schema.Unknown)

/** Any JSON value or nothing; JSON's own `null` is a value. */
export const OptionalJson = Schema.compose(OptionalText, Schema.OptionFromSelf(Json))

/** Any JSON value as its text, which is not parsed. */
export const EncodedText = Schema.transform(Schema.String, Schema.instanceOf(EncodedJson), {
  strict: true,
  decode: (text) => new EncodedJson(text),
  encode: ({ text }) => text
})

/** A JSON object. */
export const JsonObject = Schema.parseJson(Schema.Record({ key: Schema.String, value: Schema.Unknown }))

/** Leaves out what a row does not have: options become optional fields. */
export const present = <Fields extends { readonly [name: string]: Option.Option<unknown> }>(
  fields: Fields
): { readonly [Name in keyof Fields]?: Option.Option.Value<Fields[Name]> } =>
  Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]) => (Option.isSome(value) ? [[name, value.value]] : []))
  ) as { readonly [Name in keyof Fields]?: Option.Option.Value<Fields[Name]> }

export type Decode<A> = (rows: ReadonlyArray<unknown>) => Effect.Effect<ReadonlyArray<A>, ParseResult.ParseError>

/** Decodes the rows a query gives. */
export const decodeRows = <A, I>(row: Schema.Schema<A, I>): Decode<A> => {
  const decode = memoize(() => Schema.decodeUnknown(Schema.Array(row)))
  return (rows) => decode()(rows)
}

/** Decodes the rows a query gives and makes something of each. */
export const decodeTo = <A, I, B>(row: Schema.Schema<A, I>, to: (row: A) => B): Decode<B> => {
  const decode = decodeRows(row)
  return (rows) => Effect.map(decode(rows), (decoded) => decoded.map(to))
}

/** The row of a query that gives exactly one. */
export const single = <A>(rows: ReadonlyArray<A>): Effect.Effect<A, ParseResult.ParseError> => {
  const [row] = rows
  return row === undefined
    ? Effect.fail(ParseResult.parseError(new ParseResult.Type(Schema.Unknown.ast, rows, "one row is expected")))
    : Effect.succeed(row)
}

/** The time as it is stored. */
export const now: Effect.Effect<number> = Effect.map(DateTime.now, DateTime.toEpochMillis)
