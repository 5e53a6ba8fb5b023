/** Reading JSON Schema documents: what a schema is behind its references, and which kinds of JSON value it admits. */
import * as Predicate from "effect/Predicate"

/**
 * A JSON Schema or a part of one.
 *
 * @category models
 * @since 0.1.0
 */
export type JsonSchema = Readonly<Record<string, unknown>>

/**
 * A kind of JSON value. `number` covers integers.
 *
 * @category models
 * @since 0.1.0
 */
export type Kind = "object" | "array" | "string" | "number" | "boolean" | "null"

/**
 * Every kind there is: what a schema without constraints admits.
 *
 * @category constants
 * @since 0.1.0
 */
export const kinds: ReadonlySet<Kind> = new Set<Kind>(["object", "array", "string", "number", "boolean", "null"])

/**
 * Follows references of a part of `root` until it says something itself, and merges `allOf` into it. A reference that
 * leads nowhere or in a circle gives a schema without constraints.
 *
 * @category reading
 * @since 0.1.0
 */
export const resolve = (root: JsonSchema, part: JsonSchema): JsonSchema => follow(root, part, new Set())

/**
 * The kinds of value a part of `root` admits.
 *
 * @category reading
 * @since 0.1.0
 */
export const kindsOf = (root: JsonSchema, part: JsonSchema): ReadonlySet<Kind> => collect(root, part, new Set())

/**
 * The properties of the object a schema describes, by name; none if it describes something else.
 *
 * @category reading
 * @since 0.1.0
 */
export const properties = (schema: JsonSchema): Readonly<Record<string, JsonSchema>> =>
  recordsIn(resolve(schema, schema)["properties"])

/**
 * The names of the properties that may not be missing.
 *
 * @category reading
 * @since 0.1.0
 */
export const required = (schema: JsonSchema): ReadonlyArray<string> => {
  const names = resolve(schema, schema)["required"]
  return Array.isArray(names) ? names.filter(Predicate.isString) : []
}

/**
 * The values an enumeration lists: of `enum`, `const`, or a union of such; none if other values are possible too.
 *
 * @category reading
 * @since 0.1.0
 */
export const literals = (root: JsonSchema, part: JsonSchema): ReadonlyArray<unknown> | undefined =>
  literalsOf(root, part, new Set())

/**
 * The kind of a JSON value.
 *
 * @category reading
 * @since 0.1.0
 */
export const kindOf = (value: unknown): Kind | undefined => {
  if (value === null) return "null"
  if (Array.isArray(value)) return "array"
  const type = typeof value
  return type === "object" || type === "string" || type === "number" || type === "boolean" ? type : undefined
}

/**
 * The alternatives of a schema; `undefined` if it is not a union.
 *
 * @category reading
 * @since 0.1.0
 */
export const alternatives = (schema: JsonSchema): ReadonlyArray<JsonSchema> | undefined => {
  const members = schema["anyOf"] ?? schema["oneOf"]
  return Array.isArray(members) ? members.filter(isSchema) : undefined
}

/**
 * True if a value can be a JSON Schema object.
 *
 * @category guards
 * @since 0.1.0
 */
export const isSchema = (value: unknown): value is JsonSchema => Predicate.isReadonlyRecord(value)

/**
 * The name a reference ends with, such as `UUID` of `#/$defs/UUID`.
 *
 * @category reading
 * @since 0.1.0
 */
export const referenceName = (part: JsonSchema): string | undefined => {
  const reference = part["$ref"]
  return typeof reference === "string" ? decodeSegment(reference.slice(reference.lastIndexOf("/") + 1)) : undefined
}

/**
 * The target of a reference, one step.
 *
 * @category reading
 * @since 0.1.0
 */
export const dereference = (root: JsonSchema, reference: string): JsonSchema | undefined => {
  if (!reference.startsWith("#")) return undefined
  const found = reference
    .slice(1)
    .split("/")
    .filter((segment) => segment !== "")
    .reduce<unknown>((at, segment) => own(at, decodeSegment(segment)), root)
  return isSchema(found) ? found : undefined
}

// internal

const own = (at: unknown, key: string): unknown =>
  (isSchema(at) || Array.isArray(at)) && Object.hasOwn(at, key) ? (at as JsonSchema)[key] : undefined

const decodeSegment = (segment: string): string => {
  const plain = segment.replaceAll("~1", "/").replaceAll("~0", "~")
  try {
    return decodeURIComponent(plain)
  } catch {
    return plain
  }
}

const recordsIn = (value: unknown): Readonly<Record<string, JsonSchema>> =>
  isSchema(value)
    ? Object.fromEntries(Object.entries(value).map(([name, part]) => [name, isSchema(part) ? part : {}]))
    : {}

const follow = (root: JsonSchema, part: JsonSchema, seen: ReadonlySet<string>): JsonSchema => {
  const { $ref: reference, allOf, ...rest } = part
  const referred = typeof reference === "string" && !seen.has(reference) ? dereference(root, reference) : undefined
  const deeper = typeof reference === "string" ? new Set([...seen, reference]) : seen
  const parts = Array.isArray(allOf) ? allOf.filter(isSchema) : []
  return [...(referred === undefined ? [] : [referred]), ...parts]
    .map((inner) => follow(root, inner, deeper))
    .reduceRight<JsonSchema>((merged, inner) => merge(inner, merged), rest)
}

const merge = (below: JsonSchema, above: JsonSchema): JsonSchema => ({
  ...below,
  ...above,
  ...(isSchema(below["properties"]) && isSchema(above["properties"])
    ? { properties: { ...below["properties"], ...above["properties"] } }
    : {}),
  ...(Array.isArray(below["required"]) && Array.isArray(above["required"])
    ? { required: Array.from(new Set([...below["required"], ...above["required"]])) }
    : {})
})

const none: ReadonlySet<Kind> = new Set()

const collect = (root: JsonSchema, part: JsonSchema, seen: ReadonlySet<JsonSchema>): ReadonlySet<Kind> => {
  if (seen.has(part)) return none
  const deeper = new Set([...seen, part])
  const schema = resolve(root, part)
  const given = intersect(typed(schema["type"]), valued(schema))
  const members = alternatives(schema)
  return members === undefined
    ? given
    : intersect(given, new Set(members.flatMap((member) => [...collect(root, member, deeper)])))
}

const intersect = (a: ReadonlySet<Kind>, b: ReadonlySet<Kind>): ReadonlySet<Kind> =>
  new Set([...a].filter((kind) => b.has(kind)))

const typed = (type: unknown): ReadonlySet<Kind> => {
  if (type === undefined) return kinds
  const names = Array.isArray(type) ? type : [type]
  return new Set(names.map((name) => (name === "integer" ? "number" : name)).filter(isKind))
}

const isKind = (name: unknown): name is Kind => typeof name === "string" && kinds.has(name as Kind)

const valued = (schema: JsonSchema): ReadonlySet<Kind> => {
  const values = ownLiterals(schema)
  return values === undefined ? kinds : new Set(values.map(kindOf).filter((kind) => kind !== undefined))
}

const ownLiterals = (schema: JsonSchema): ReadonlyArray<unknown> | undefined => {
  if (Array.isArray(schema["enum"])) return schema["enum"]
  return "const" in schema ? [schema["const"]] : undefined
}

const literalsOf = (
  root: JsonSchema,
  part: JsonSchema,
  seen: ReadonlySet<JsonSchema>
): ReadonlyArray<unknown> | undefined => {
  if (seen.has(part)) return undefined
  const schema = resolve(root, part)
  const listed = ownLiterals(schema) ?? (schema["type"] === "null" ? [null] : undefined)
  if (listed !== undefined) return listed
  const deeper = new Set([...seen, part])
  const members = alternatives(schema)?.map((member) => literalsOf(root, member, deeper))
  return members?.every((values) => values !== undefined) ? members.flat() : undefined
}
