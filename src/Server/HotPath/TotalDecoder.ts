/** Decoders that fail where those of Effect throw: at a value without a text in the place of the tag of a union. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"

/** Decodes a value from outside. */
export type Decoder<A> = (value: unknown) => Effect.Effect<A, ParseResult.ParseIssue>

/**
 * Makes a decoder total. To find the member of a union, Effect asks the value of its tag for a text, and JavaScript throws
 * for an object whose own member `toString` is no function, as any in JSON is. A defect of another value stays one.
 */
export const make = <A>(decode: Decoder<A>): Decoder<A> => {
  const refused = (value: unknown, defect: unknown): Effect.Effect<A, ParseResult.ParseIssue> => {
    const path = pathTo(value)
    if (path === undefined) return Effect.die(defect)
    return Either.left(new ParseResult.Pointer(path, value, new ParseResult.Unexpected(undefined)))
  }
  return (value) => {
    try {
      const decoded = decode(value)
      return Either.isEither(decoded) ? decoded : Effect.catchAllDefect(decoded, (defect) => refused(value, defect))
    } catch (defect) {
      return refused(value, defect)
    }
  }
}

// internal

const name = "toString"

/** The path of the first such member. */
const pathTo = (value: unknown): readonly [string, ...ReadonlyArray<string>] | undefined => {
  if (typeof value !== "object" || value === null) return undefined
  if (Object.hasOwn(value, name)) return [name]
  for (const [key, member] of Object.entries(value)) {
    const rest = pathTo(member)
    if (rest !== undefined) return [key, ...rest]
  }
  return undefined
}
