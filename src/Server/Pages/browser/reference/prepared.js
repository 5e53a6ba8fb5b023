// The OpenAPI document as Swagger UI shows it best.

const resolve = (spec, schema) => {
  const prefix = "#/components/schemas/"
  return schema?.$ref?.startsWith(prefix) ? spec.components.schemas[schema.$ref.slice(prefix.length)] : schema
}

const example = (spec, given, depth = 0) => {
  const schema = resolve(spec, given)
  if (schema === undefined || depth > 6) return null
  if ("default" in schema) return schema.default
  if ("const" in schema) return schema.const
  if (schema.examples?.length > 0) return schema.examples[0]
  if (schema.enum?.length > 0) return schema.enum[0]
  if (schema.anyOf?.length > 0) return example(spec, schema.anyOf[0], depth + 1)
  if (schema.allOf?.length > 0) return example(spec, { ...schema, ...schema.allOf[0], allOf: undefined }, depth + 1)
  if (schema.type === "object") {
    const required = schema.required ?? []
    return Object.fromEntries(required.map((name) => [name, example(spec, schema.properties?.[name], depth + 1)]))
  }
  if (schema.type === "array") return []
  if (schema.type === "string") return ""
  if (schema.type === "number" || schema.type === "integer") return schema.minimum ?? 0
  return schema.type === "boolean" ? false : null
}

/**
 * Gives an invocation the parameters alone as its example: Swagger UI would fill in every option, a time limit of 1 ms among
 * them. A document without keys loses its empty list of schemes, for which Swagger UI would offer to authorize.
 */
export const prepared = (spec, invokePath) => {
  const prepared = structuredClone(spec)
  const media = prepared.paths[invokePath]?.post?.requestBody?.content?.["application/json"]
  if (media !== undefined) {
    media.example = { parameters: example(spec, resolve(spec, media.schema)?.properties?.parameters) }
  }
  if (Object.keys(prepared.components.securitySchemes ?? {}).length === 0) delete prepared.components.securitySchemes
  return prepared
}
