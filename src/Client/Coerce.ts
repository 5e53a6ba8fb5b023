import * as Either from "effect/Either"
import * as JsonText from "../Internal/JsonText.js"
import { type JsonSchema, type Kind, kindOf, kindsOf, properties } from "./JsonSchema.js"

/**
 * Parses parameters given as JSON text, as in forms and on command lines, if the schema expects an object or an array.
 *
 * **Details**
 *
 * A string is parsed only if the schema admits an object or an array there and no string, and the text is JSON of a kind
 * that the schema admits. All other values stay unchanged; the deployment validates them. So does a text whose value
 * JavaScript would change, such as one with a name twice: the deployment refuses it.
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

/** True if {@link coerce} could change any of these parameters; else no schema is needed. */
export const mayCoerce = (parameters: Readonly<Record<string, unknown>>): boolean =>
  Object.values(parameters).some((value) => typeof value === "string" && /^\s*[[{]/.test(value))

// internal

const coerceOne = (admitted: ReadonlySet<Kind>, value: unknown): unknown => {
  if (typeof value !== "string" || admitted.has("string")) return value
  if (!admitted.has("object") && !admitted.has("array")) return value
  const parsed = Either.getOrUndefined(Either.try((): unknown => JSON.parse(value)))
  const kind = kindOf(parsed)
  if ((kind !== "object" && kind !== "array") || !admitted.has(kind)) return value
  return JsonText.firstProblem(value, parsed) === undefined ? parsed : value
}
