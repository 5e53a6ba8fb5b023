import { alternatives, isSchema, type JsonSchema, kindOf, kindsOf, resolve } from "./JsonSchema.js"

/**
 * True if a JSON value fits a part of a schema, by the keywords of this library's documents. Unknown keywords count as
 * satisfied.
 */
export const fits = (root: JsonSchema, part: JsonSchema, value: unknown): boolean => {
  const schema = resolve(root, part)
  const kind = kindOf(value)
  if (kind === undefined || !kindsOf(root, schema).has(kind)) return false
  if (!isListed(schema, value)) return false
  const members = alternatives(schema)
  if (members !== undefined && !members.some((member) => fits(root, member, value))) return false
  if (typeof value === "number") return fitsNumber(schema, value)
  if (typeof value === "string") return fitsString(schema, value)
  if (Array.isArray(value)) return fitsArray(root, schema, value)
  return isSchema(value) ? fitsObject(root, schema, value) : true
}

// internal

const isListed = (schema: JsonSchema, value: unknown): boolean => {
  const listed = Array.isArray(schema["enum"]) ? schema["enum"] : "const" in schema ? [schema["const"]] : undefined
  return listed === undefined || listed.some((one) => JSON.stringify(one) === JSON.stringify(value))
}

const within = (schema: JsonSchema, value: number, lowest: string, highest: string): boolean => {
  const { [highest]: maximum, [lowest]: minimum } = schema
  return !(typeof minimum === "number" && value < minimum) && !(typeof maximum === "number" && value > maximum)
}

const isIntegral = (value: number): boolean => Number.isInteger(Number(value.toFixed(9)))

const fitsNumber = (schema: JsonSchema, value: number): boolean => {
  const { exclusiveMaximum, exclusiveMinimum, multipleOf, type } = schema
  return (
    within(schema, value, "minimum", "maximum") &&
    !(typeof exclusiveMinimum === "number" && value <= exclusiveMinimum) &&
    !(typeof exclusiveMaximum === "number" && value >= exclusiveMaximum) &&
    !(typeof multipleOf === "number" && !isIntegral(value / multipleOf)) &&
    !(type === "integer" && !Number.isInteger(value))
  )
}

const fitsString = (schema: JsonSchema, value: string): boolean => {
  const { pattern } = schema
  return (
    within(schema, value.length, "minLength", "maxLength") && (typeof pattern !== "string" || matches(pattern, value))
  )
}

const matches = (pattern: string, value: string): boolean => {
  try {
    return new RegExp(pattern).test(value)
  } catch {
    return true
  }
}

const fitsArray = (root: JsonSchema, schema: JsonSchema, value: ReadonlyArray<unknown>): boolean => {
  const prefix: ReadonlyArray<unknown> = Array.isArray(schema["prefixItems"]) ? schema["prefixItems"] : []
  return (
    within(schema, value.length, "minItems", "maxItems") &&
    value.every((item, index) => {
      const expected = prefix[index] ?? schema["items"]
      return isSchema(expected) ? fits(root, expected, item) : expected !== false
    })
  )
}

const fitsObject = (root: JsonSchema, schema: JsonSchema, value: JsonSchema): boolean => {
  const known = isSchema(schema["properties"]) ? schema["properties"] : {}
  const required: ReadonlyArray<unknown> = Array.isArray(schema["required"]) ? schema["required"] : []
  const others = "patternProperties" in schema ? undefined : schema["additionalProperties"]
  return (
    required.every((name) => typeof name === "string" && Object.hasOwn(value, name)) &&
    Object.entries(value).every(([name, inner]) => {
      const expected = Object.hasOwn(known, name) ? known[name] : others
      return isSchema(expected) ? fits(root, expected, inner) : expected !== false
    })
  )
}
