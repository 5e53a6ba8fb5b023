/** Decodes and encodes with a Schema, and skips the Schema for values that its compiled predicate accepts. */
import type * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import type * as Schema from "effect/Schema"
import type { EncodedJson } from "../../Internal/EncodedJson.js"
import * as LostDates from "../../Internal/LostDates.js"
import { memoize } from "../../Internal/Memoize.js"
import * as StrictJson from "../../Internal/StrictJson.js"
import * as CompiledPredicate from "./CompiledPredicate.js"
import * as Support from "./Compiler/Support.js"
import * as JsonSize from "./JsonSize.js"
import * as TotalDecoder from "./TotalDecoder.js"

/** Makes the decoder of a schema. It rejects property names that the schema does not declare. */
export const decoder = <A, I>(schema: Schema.Schema<A, I>): TotalDecoder.Decoder<A> => {
  const decode = memoize(() => TotalDecoder.make(ParseResult.decodeUnknown(schema, strictly)))
  const accepts = CompiledPredicate.compile(schema.ast)
  return (value) => (accepts?.(value) === true ? Either.right(value as A) : decode()(value))
}

/**
 * Makes the encoder of a schema to JSON of at most `maxBytes`. It fails with a path and a reason if the value does not fit
 * the schema or if JSON would change it. It returns `undefined` for a value that JSON leaves out.
 */
export const jsonEncoder = (
  schema: Schema.Schema.AnyNoContext
): ((value: unknown, maxBytes: number) => Effect.Effect<EncodedJson | undefined, Misfit>) => {
  const encode = memoize(() => ParseResult.encodeUnknown(schema))
  const accepts = CompiledPredicate.compile(schema.ast)
  const slowly = (value: unknown, maxBytes: number) =>
    ParseResult.flatMap(
      ParseResult.mapError(encode()(value), ParseResult.TreeFormatter.formatIssueSync),
      (encoded): Either.Either<EncodedJson | undefined, Misfit> => {
        const size = sizeOf(encoded, maxBytes)
        if (size > maxBytes) return Either.left(new JsonSize.TooLarge(size))
        return Either.flatMap(strict(value, encoded), () => stringify(encoded, maxBytes))
      }
    )
  if (accepts === undefined) return slowly
  const readsTexts = Support.hasUnknown(schema.ast)
  return (value, maxBytes) => {
    const size = sizeOf(value, maxBytes)
    if (size <= maxBytes) return accepts(value) ? stringify(value, maxBytes) : slowly(value, maxBytes)
    // Encoding may leave members out. The predicate knows faster that it does not, unless it reads each character.
    return !readsTexts && accepts(value) ? Either.left(new JsonSize.TooLarge(size)) : slowly(value, maxBytes)
  }
}

/** A value without the JSON that its schema promises, or with too much of it. */
export type Misfit = string | JsonSize.TooLarge

// internal

/** An undeclared name is more likely a typo than data to ignore. The OpenAPI document says the same. */
const strictly = { errors: "all", onExcessProperty: "error" } as const

/** The encoded value, unless JSON would change it. The value may be a hostile object, whose properties throw. */
const strict = (value: unknown, encoded: unknown): Either.Either<unknown, string> => {
  try {
    const problem = StrictJson.problemOf(encoded) ?? LostDates.ofOutput(value, encoded)
    return problem === undefined ? Either.right(encoded) : Either.left(StrictJson.format(problem))
  } catch {
    return noJson
  }
}

/** Checked before the characters of a text are. A hostile object, whose properties throw, has no size. */
const sizeOf = (value: unknown, enough: number): number => {
  try {
    return JsonSize.atLeast(value, enough)
  } catch {
    return 0
  }
}

/** JSON writes half a surrogate pair as an escape. */
const stringify = (value: unknown, maxBytes: number): Either.Either<EncodedJson | undefined, Misfit> => {
  try {
    const json = JsonSize.encodeMeasured(value, maxBytes)
    if (json instanceof JsonSize.TooLarge) return Either.left(json)
    return json?.text.includes("\\ud") === true
      ? Either.flatMap(strict(value, value), () => Either.right(json))
      : Either.right(json)
  } catch {
    return noJson
  }
}

const noJson = Either.left("it has no JSON form")
