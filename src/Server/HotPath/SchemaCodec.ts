/** Decoding and encoding with a Schema, without asking it for what is right as it is. */
import type * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import type * as Schema from "effect/Schema"
import { type EncodedJson, encode as toJson } from "../../Internal/EncodedJson.js"
import { memoize } from "../../Internal/Memoize.js"
import * as CompiledPredicate from "./CompiledPredicate.js"

/** Makes the decoder of a schema; names the schema does not know are refused. */
export const decoder = <A, I>(
  schema: Schema.Schema<A, I>
): ((value: unknown) => Effect.Effect<A, ParseResult.ParseIssue>) => {
  const decode = memoize(() => ParseResult.decodeUnknown(schema, strict))
  const accepts = CompiledPredicate.compile(schema.ast)
  return (value) => (accepts?.(value) === true ? Either.right(value as A) : decode()(value))
}

/**
 * Makes the encoder of a schema to JSON. It fails with a reason for what does not fit or has no JSON form; `undefined` is
 * what JSON leaves out.
 */
export const jsonEncoder = (
  schema: Schema.Schema.AnyNoContext
): ((value: unknown) => Effect.Effect<EncodedJson | undefined, string>) => {
  const encode = memoize(() => ParseResult.encodeUnknown(schema))
  const accepts = CompiledPredicate.compile(schema.ast)
  return (value) =>
    accepts?.(value) === true
      ? stringify(value)
      : ParseResult.flatMap(ParseResult.mapError(encode()(value), ParseResult.TreeFormatter.formatIssueSync), stringify)
}

// internal

/** A name nobody knows is more likely a typo than something to ignore; the OpenAPI document says so too. */
const strict = { errors: "all", onExcessProperty: "error" } as const

const stringify = (value: unknown): Either.Either<EncodedJson | undefined, string> => {
  if (typeof value === "function" || typeof value === "symbol") return noJson
  try {
    return Either.right(toJson(value))
  } catch {
    return noJson
  }
}

const noJson = Either.left("it has no JSON form")
