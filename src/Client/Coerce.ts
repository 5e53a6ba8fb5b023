import * as Either from "effect/Either"
import { type JsonSchema, type Kind, kindOf, kindsOf, properties } from "./JsonSchema.js"

/**
 * Parses parameters that were given as JSON text where the schema wants an object or an array, as people write them in
 * forms and on command lines.
 *
 * **Details**
 *
 * A string is parsed only when the schema admits an object or an array there and no string, and the text is JSON of a
 * kind the schema admits. Everything else stays as it is; whether it fits is for the deployment to say.
 *
 * @category converting
 * @since 0.1.0
 */
export const coerce = (
  schema: JsonSchema,
  parameters: Readonly<Record<string, unknown>>
): Readonly<Record<string, unknown>> => {
  const known = properties(schema)
  return Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => {
      const property = Object.hasOwn(known, name) ? known[name] : undefined
      return [name, property === undefined ? value : coerceOne(kindsOf(schema, property), value)]
    })
  )
}

/**
 * Whether {@link coerce} could change any of these parameters, so that it is worth looking for the schema.
 *
 * @category converting
 * @since 0.1.0
 */
export const mayCoerce = (parameters: Readonly<Record<string, unknown>>): boolean =>
  Object.values(parameters).some((value) => typeof value === "string" && /^\s*[[{]/.test(value))

// internal

const coerceOne = (admitted: ReadonlySet<Kind>, value: unknown): unknown => {
  if (typeof value !== "string" || admitted.has("string")) return value
  if (!admitted.has("object") && !admitted.has("array")) return value
  const parsed = Either.getOrUndefined(Either.try((): unknown => JSON.parse(value)))
  const kind = kindOf(parsed)
  return (kind === "object" || kind === "array") && admitted.has(kind) ? parsed : value
}
