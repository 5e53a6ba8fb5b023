/** The OpenAPI document as readers and tools expect it, from the one that the platform derives. */
import type { OpenAPISpec } from "@effect/platform/OpenApi"

type Json = Record<string, unknown>

/** Completes the derived document. */
export const finish = (spec: Json): Json => {
  const paths = mapOperations(spec["paths"], (operation) => withInvalid(withoutDecodeError(operation)))
  const components = objectOf(spec["components"])
  return withoutIds(
    onlyUsedSchemas({
      ...spec,
      servers: [{ url: "/", description: "This service." }],
      tags: listOf(spec["tags"]).map((tag) => {
        const description = tagDescriptions[nameOf(tag)]
        return description === undefined ? objectOf(tag) : { ...objectOf(tag), description }
      }),
      paths,
      components: {
        ...components,
        securitySchemes: { ...objectOf(components["securitySchemes"]), ...(usesBearer(paths) ? { bearer } : {}) }
      }
    })
  )
}

/** A document whose operations ask for the key of the deployment, besides what they ask for themselves. */
export const secured = (spec: Json): Json => ({
  ...spec,
  paths: mapOperations(spec["paths"], (operation) => {
    const own = listOf(operation["security"])
    return { ...operation, security: (own.length === 0 ? [{}] : own).map((it) => ({ ...objectOf(it), bearer: [] })) }
  })
})

/** A document with further members of `info`. */
export const withInfo = (spec: Json, info: Json): Json => ({ ...spec, info: { ...objectOf(spec["info"]), ...info } })

/** The document with the operations of another one. Schemas of the other with a name that is taken get another name. */
export const merge = (spec: OpenAPISpec, other: OpenAPISpec): OpenAPISpec => {
  const taken = spec.components.schemas
  const renamed = Object.entries(other.components.schemas).flatMap(([name, schema]) =>
    Object.hasOwn(taken, name) && JSON.stringify(taken[name]) !== JSON.stringify(schema) ? [name] : []
  )
  const { components, paths, tags } = renamed.reduce(withOtherName, other)
  return {
    ...spec,
    paths: Object.fromEntries(
      [...new Set([...Object.keys(spec.paths), ...Object.keys(paths)])].map((path) => [
        path,
        { ...spec.paths[path], ...paths[path] }
      ])
    ),
    components: {
      schemas: { ...components.schemas, ...taken },
      securitySchemes: { ...components.securitySchemes, ...spec.components.securitySchemes }
    },
    tags: [...spec.tags, ...tags.filter(({ name }) => !spec.tags.some((tag) => tag.name === name))]
  }
}

/** An operation without one of its responses. */
export const withoutResponse = (operation: Json, status: string): Json => ({
  ...operation,
  responses: omit(operation["responses"], status)
})

// internal

const bearer = { type: "http", scheme: "bearer", description: "The key of the deployment." }

const tagDescriptions: Readonly<Record<string, string>> = {
  invoke: "Runs of the pipeline.",
  runs: "Records of runs.",
  artifacts: "Outputs of steps.",
  schedules: "Runs that the service starts by itself.",
  triggers: "Messages of queues that become runs.",
  webhooks: "URLs that the service calls when a run ends.",
  mcp: "The pipeline as a tool of the Model Context Protocol.",
  sessions: "State that outlives runs.",
  health: "Liveness and readiness.",
  service: "The service itself: what is deployed, metrics, documents and pages."
}

const mapOperations = (paths: unknown, map: (operation: Json) => Json): Json =>
  Object.fromEntries(
    Object.entries(objectOf(paths)).map(([path, item]) => [
      path,
      Object.fromEntries(
        Object.entries(objectOf(item)).map(([method, operation]) => [method, map(objectOf(operation))])
      )
    ])
  )

const usesBearer = (paths: Json): boolean => JSON.stringify(paths).includes('"bearer":[]')

/** The text of a document has each name of a schema in its definition and in references only. */
const withOtherName = (spec: OpenAPISpec, name: string): OpenAPISpec => {
  const { [name]: schema, ...schemas } = spec.components.schemas
  const other = `App${name}`
  const referring: OpenAPISpec = {
    ...spec,
    components: { ...spec.components, schemas: schema === undefined ? schemas : { ...schemas, [other]: schema } }
  }
  const reference = (text: string) => JSON.stringify(`#/components/schemas/${text}`)
  return JSON.parse(JSON.stringify(referring).replaceAll(reference(name), reference(other)))
}

const decodeError = "#/components/schemas/HttpApiDecodeError"

/** The platform documents its own decode error on every endpoint; this service answers `InvalidRequest` in its place. */
const withoutDecodeError = (operation: Json): Json => {
  const { "400": invalid, ...responses } = objectOf(operation["responses"])
  const schema = schemaOf(invalid)
  if (schema === undefined || schema["$ref"] === decodeError) return { ...operation, responses }
  const kept = listOf(schema["anyOf"]).filter((member) => objectOf(member)["$ref"] !== decodeError)
  return {
    ...operation,
    responses: {
      "400": {
        description: "Malformed JSON, nesting too deep, or parameters that do not decode.",
        content: { "application/json": { schema: kept.length === 1 ? kept[0] : { anyOf: kept } } }
      },
      ...responses
    }
  }
}

/** Every endpoint refuses requests whose headers are ambiguous. */
const withInvalid = (operation: Json): Json => ({
  ...operation,
  responses: {
    "400": {
      description: "The request names another host, or a header twice.",
      content: { "application/json": { schema: { $ref: "#/components/schemas/InvalidRequest" } } }
    },
    ...objectOf(operation["responses"])
  }
})

/** Schemas of the platform's own errors are left over, and that of a missing key where no key is needed. */
const onlyUsedSchemas = (spec: Json): Json => {
  const components = objectOf(spec["components"])
  const schemas = objectOf(components["schemas"])
  const used = new Set<string>()
  const visit = (value: unknown): void => {
    for (const [, name = ""] of JSON.stringify(value).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
      if (used.has(name)) continue
      used.add(name)
      visit(schemas[name] ?? null)
    }
  }
  visit(spec["paths"])
  const kept = Object.fromEntries(Object.entries(schemas).filter(([name]) => used.has(name)))
  return { ...spec, components: { ...components, schemas: kept } }
}

/** The platform gives every schema without constraints the same `$id`, which may exist once in a document. */
const withoutIds = (value: Json): Json => {
  const visit = (it: unknown): unknown => {
    if (Array.isArray(it)) return it.map(visit)
    if (!isJsonObject(it)) return it
    const generated = typeof it["$id"] === "string" && it["$id"].startsWith("/schemas/")
    return Object.fromEntries(
      Object.entries(it)
        .filter(([key]) => !generated || (key !== "$id" && key !== "title"))
        .map(([key, member]) => [key, visit(member)])
    )
  }
  return objectOf(visit(value))
}

const schemaOf = (response: unknown): Json | undefined => {
  const media = objectOf(objectOf(response)["content"])["application/json"]
  const schema = objectOf(media)["schema"]
  return isJsonObject(schema) ? schema : undefined
}

const nameOf = (tag: unknown): string => String(objectOf(tag)["name"])

const isJsonObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const objectOf = (value: unknown): Json => (isJsonObject(value) ? value : {})

const listOf = (value: unknown): ReadonlyArray<unknown> => (Array.isArray(value) ? value : [])

const omit = (value: unknown, ...keys: ReadonlyArray<string>): Json =>
  Object.fromEntries(Object.entries(objectOf(value)).filter(([key]) => !keys.includes(key)))
