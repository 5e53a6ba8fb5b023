// Reading JSON Schemas: references, closed sets, kinds of values, and samples.

/** A schema without references, and without an `allOf` of one. */
export const resolved = (root, given) => {
  let schema = given ?? {}
  for (let i = 0; i < 20; i++) {
    const { $ref, allOf, ...own } = schema
    if ($ref) {
      const at = $ref
        .slice(2)
        .split("/")
        .map((name) => decodeURIComponent(name).replaceAll("~1", "/").replaceAll("~0", "~"))
      schema = { ...at.reduce((part, name) => part?.[name], root), ...own }
    } else if (allOf?.length === 1) schema = { ...resolved(root, allOf[0]), ...own }
    else break
  }
  return schema
}

/** The values of a closed set; undefined for every other schema. */
export const choices = (root, schema) => {
  if ("const" in schema) return [schema.const]
  if (schema.enum) return schema.enum
  if (schema.type === "boolean") return [true, false]
  if (schema.type === "null") return [null]
  const members = schema.anyOf?.map((member) => choices(root, resolved(root, member)))
  return members?.every(Boolean) ? members.flat() : undefined
}

/** The name that Effect gives an object without members. */
const empty = "/schemas/%7B%7D"

export const members = (schema) => (schema.$id === empty ? [] : Object.entries(schema.properties ?? {}))

const moment = /^a string to be decoded into a Date/

/** The kind of field for a resolved schema. */
export const kindOf = (root, schema) => {
  if (schema["x-file"]) return "file"
  if (schema.type === "array" && resolved(root, schema.items)["x-file"]) return "files"
  if (choices(root, schema)) return "choice"
  if (schema.$id === empty) return "object"
  const variants = schema.anyOf ?? schema.oneOf
  if (variants) return variants.length > 1 ? "union" : "json"
  if (schema.type === "string")
    return schema.format === "date-time" || moment.test(schema.description ?? "") ? "moment" : "text"
  if (schema.type === "number" || schema.type === "integer") return "number"
  if (schema.type === "array") return schema.prefixItems || !schema.items ? "json" : "list"
  if (schema.type !== "object" || schema.patternProperties) return "json"
  const others = schema.additionalProperties
  if (members(schema).length > 0) return others && typeof others === "object" ? "json" : "object"
  return others && typeof others === "object" ? "map" : schema.properties && others === false ? "object" : "json"
}

const plain = { array: [], boolean: true, integer: 1, null: null, number: 1, object: {}, string: "text" }

const least = ({ exclusiveMinimum, minimum }) =>
  minimum ?? (exclusiveMinimum === undefined ? undefined : exclusiveMinimum + 1)

/** A value for a schema: its first example, its default, or a plain one. It gives up below a depth. */
export const sample = (root, given, depth = 0) => {
  const schema = resolved(root, given)
  if (schema.examples?.length > 0) return schema.examples[0]
  if ("default" in schema) return schema.default
  const kind = kindOf(root, schema)
  if (depth > 6 || kind === "file" || kind === "files") return undefined
  const within = (part) => sample(root, part, depth + 1)
  if (kind === "choice") return choices(root, schema)[0]
  if (kind === "moment") return "2026-01-31T12:00:00.000Z"
  if (kind === "union") return within((schema.anyOf ?? schema.oneOf)[0])
  if (kind === "list") return schema.minItems === 0 ? [] : [within(schema.items)]
  if (kind === "number") return least(schema) ?? 1
  if (schema.prefixItems) return schema.prefixItems.map(within)
  if (kind !== "object") return plain[schema.type] ?? null
  const isShown = ([name, property]) => {
    const own = resolved(root, property)
    return schema.required?.includes(name) || "default" in own || own.examples?.length > 0
  }
  const entries = members(schema).filter(isShown)
  return Object.fromEntries(
    entries.map(([name, property]) => [name, within(property)]).filter(([, it]) => it !== undefined)
  )
}

/** True if a value can be one of a schema, as far as its kind, its constants and its required members say. */
export const fits = (root, given, value) => {
  const schema = resolved(root, given)
  const options = choices(root, schema)
  if (options) return options.includes(value)
  if (schema.anyOf ?? schema.oneOf) return (schema.anyOf ?? schema.oneOf).some((one) => fits(root, one, value))
  if (Array.isArray(value)) return schema.type === "array"
  if (value === null || typeof value !== "object")
    return schema.type === typeof value || (schema.type === "integer" && typeof value === "number")
  if (schema.type !== "object") return false
  const isKnown = (schema.required ?? []).every((name) => name in value)
  return isKnown && members(schema).every(([name, part]) => !(name in value) || fits(root, part, value[name]))
}

/** The name of a variant of a union: its title, its constants, or the type of its values. */
export const variantName = (root, given, i) => {
  const schema = resolved(root, given)
  const constants = members(schema).flatMap(([name, part]) => {
    const options = choices(root, resolved(root, part))
    return schema.required?.includes(name) && options?.length === 1 ? [options[0]] : []
  })
  if (constants.length > 0) return constants.join(" ")
  if (schema.title) return schema.title
  const names = members(schema).map(([name]) => name)
  return names.length > 0 ? names.join(", ") : (schema.type ?? choices(root, schema)?.join(" or ") ?? `option ${i + 1}`)
}
