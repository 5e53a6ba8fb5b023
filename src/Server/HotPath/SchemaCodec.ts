/** Decodes and encodes with a Schema, and skips the Schema for values that its compiled predicate accepts. */
import type * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import type * as Schema from "effect/Schema"
import { type EncodedJson, encode as toJson } from "../../Internal/EncodedJson.js"
import { memoize } from "../../Internal/Memoize.js"
import * as CompiledPredicate from "./CompiledPredicate.js"

/** Makes the decoder of a schema. It rejects property names that the schema does not declare. */
export const decoder = <A, I>(
  schema: Schema.Schema<A, I>
): ((value: unknown) => Effect.Effect<A, ParseResult.ParseIssue>) => {
  const decode = memoize(() => ParseResult.decodeUnknown(schema, strict))
  const accepts = CompiledPredicate.compile(schema.ast)
  return (value) => (accepts?.(value) === true ? Either.right(value as A) : decode()(value))
}

/**
 * Makes the encoder of a schema to JSON. It fails with a reason if the value does not fit the schema or has no JSON form.
 * It gives `undefined` for a value that JSON leaves out.
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

/** An undeclared name is more likely a typo than data to ignore. The OpenAPI document says the same. */
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
