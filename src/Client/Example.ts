/** A valid example of what a JSON Schema describes, for curl commands and "try it" pages. */
import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import { alternatives, isSchema, type JsonSchema, referenceName, resolve } from "./JsonSchema.js"
import { pickNumber, sampleString, wellKnown } from "./Samples.js"
import { fits } from "./Validate.js"

/**
 * Makes an example of a schema: its own `examples`, `default` or first `enum` value where it has them, else the plainest
 * value that fits. Objects get their required properties and those that come with an example or a default.
 *
 * @category converting
 * @since 0.1.0
 */
export const exampleOf = (schema: JsonSchema): unknown => {
  const example = make({ root: schema, seen: [] }, schema)
  return example === impossible ? null : example
}

// internal

/** No finite example: the schema needs itself. */
const impossible: unique symbol = Symbol("impossible")

interface At {
  readonly root: JsonSchema
  readonly seen: ReadonlyArray<string>
}

const make = (at: At, part: JsonSchema): unknown => {
  const reference = part["$ref"]
  if (typeof reference === "string" && at.seen.includes(reference)) return impossible
  const inner = typeof reference === "string" ? { ...at, seen: [...at.seen, reference] } : at
  const schema = resolve(at.root, part)
  const given = givenBy(at, schema)
  if (given !== undefined) return given.value
  const known = wellKnown(referenceName(part))
  if (known !== undefined && fits(at.root, schema, known)) return known
  const members = alternatives(schema)
  return members === undefined ? byType(inner, schema) : firstOf(inner, schema, members)
}

const givenBy = ({ root }: At, schema: JsonSchema): { readonly value: unknown } | undefined => {
  const { default: fallback, enum: values, examples } = schema
  const candidates = [
    ...(Array.isArray(examples) ? examples : []),
    ...(fallback === undefined ? [] : [fallback]),
    ...("const" in schema ? [schema["const"]] : []),
    ...(Array.isArray(values) ? values : [])
  ].map(plain)
  const value = candidates.find((candidate) => candidate !== undefined && fits(root, schema, candidate))
  return value === undefined ? undefined : { value }
}

/** As it would travel: annotations may hold values that are not JSON. */
const plain = (value: unknown): unknown =>
  Either.getOrUndefined(Either.try((): unknown => JSON.parse(JSON.stringify(value))))

const firstOf = (at: At, schema: JsonSchema, members: ReadonlyArray<JsonSchema>): unknown => {
  const { anyOf: _, oneOf: __, ...common } = schema
  const ordered = [...members].sort((a, b) => Number(a["type"] === "null") - Number(b["type"] === "null"))
  for (const member of ordered) {
    const example = make(at, { ...common, ...member })
    if (example !== impossible) return example
  }
  return impossible
}

const byType = (at: At, schema: JsonSchema): unknown => {
  const type = Array.isArray(schema["type"]) ? schema["type"][0] : (schema["type"] ?? implied(schema))
  switch (type) {
    case "object":
      return object(at, schema)
    case "array":
      return array(at, schema)
    case "number":
    case "integer":
      return pickNumber(schema)
    case "boolean":
      return true
    case "null":
      return null
    default:
      return string(schema)
  }
}

const implied = (schema: JsonSchema): string => {
  if ("properties" in schema || "additionalProperties" in schema) return "object"
  if ("items" in schema || "prefixItems" in schema) return "array"
  return "minimum" in schema || "maximum" in schema ? "number" : "string"
}

const object = (at: At, schema: JsonSchema): unknown => {
  const properties = isSchema(schema["properties"]) ? schema["properties"] : {}
  const required = Array.isArray(schema["required"]) ? schema["required"].filter(Predicate.isString) : []
  const optional = Object.keys(properties).filter(
    (name) => !required.includes(name) && givenBy(at, resolve(at.root, schemaAt(properties, name))) !== undefined
  )
  const example: Record<string, unknown> = {}
  for (const name of [...required, ...optional]) {
    const value = make(at, schemaAt(properties, name))
    if (value === impossible) return impossible
    define(example, name, value)
  }
  return addEntry(at, schema, example)
}

const schemaAt = (properties: JsonSchema, name: string): JsonSchema => {
  const found = Object.hasOwn(properties, name) ? properties[name] : undefined
  return isSchema(found) ? found : {}
}

const define = (target: Record<string, unknown>, key: string, value: unknown): void => {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true })
}

/** A dictionary shows one entry, if its keys are free. */
const addEntry = (at: At, schema: JsonSchema, example: Record<string, unknown>): unknown => {
  const values = schema["additionalProperties"]
  const [pattern, patterned] =
    Object.entries(isSchema(schema["patternProperties"]) ? schema["patternProperties"] : {})[0] ?? []
  const free = isSchema(values) && !("propertyNames" in schema)
  if (Object.keys(example).length > 0 || (!free && pattern === undefined)) return example
  const key = pattern === undefined ? "key" : sampleString({ pattern })
  const inner = pattern === undefined ? values : patterned
  if (!isSchema(inner) || (pattern !== undefined && pattern !== "" && key === "")) return example
  const value = make(at, inner)
  if (value !== impossible) define(example, key, value)
  return example
}

const array = (at: At, schema: JsonSchema): unknown => {
  const prefix = Array.isArray(schema["prefixItems"]) ? schema["prefixItems"].filter(isSchema) : []
  const minimum = typeof schema["minItems"] === "number" ? schema["minItems"] : 0
  const maximum = typeof schema["maxItems"] === "number" ? schema["maxItems"] : Number.POSITIVE_INFINITY
  const items = isSchema(schema["items"]) ? schema["items"] : undefined
  const wanted = prefix.length > 0 ? Math.max(prefix.length, minimum) : Math.max(items === undefined ? 0 : 1, minimum)
  const values = Array.from({ length: Math.min(wanted, maximum) }, (_, index) => make(at, prefix[index] ?? items ?? {}))
  const finite = values.indexOf(impossible)
  if (finite === -1) return values
  return finite >= minimum ? values.slice(0, finite) : impossible
}

const string = (schema: JsonSchema): string => sampleString(schema)
