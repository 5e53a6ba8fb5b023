import type * as HttpClient from "@effect/platform/HttpClient"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Routes from "../Contract/Routes.js"
import { DeploymentSchemaNotFound } from "../Errors/Lifecycle.js"
import type { Endpoint } from "./Endpoints.js"
import { ask, type CallFailed } from "./Http.js"
import type { JsonSchema } from "./JsonSchema.js"
import { type QueryError, queryError } from "./Wire.js"

/**
 * JSON Schemas of a deployment's parameters and outputs.
 *
 * @category models
 * @since 0.1.0
 */
export interface Schemas {
  readonly input: JsonSchema
  readonly output: JsonSchema
}

/** The schemas of a deployment: those of its snapshot if it is found in the registry, else those of its info endpoint. */
export const schemasOf = (
  endpoint: Endpoint
): Effect.Effect<Schemas, DeploymentSchemaNotFound | QueryError | CallFailed, HttpClient.HttpClient> => {
  const { inputSchema: input, outputSchema: output } = endpoint
  const schemas = input !== undefined && output !== undefined ? Effect.succeed({ input, output }) : asked(endpoint)
  const { pipeline } = endpoint
  return pipeline === undefined
    ? schemas
    : Effect.map(schemas, (all) => ({ ...all, input: memberInput(all.input, pipeline) }))
}

/** The schema of the parameters of one pipeline, in that of its group: a union of names with parameters. */
export const memberInput = (group: JsonSchema, pipeline: string): JsonSchema => {
  const { anyOf, $defs } = Option.getOrElse(decodeUnion(group), () => ({ anyOf: [group], $defs: undefined }))
  const found = anyOf.flatMap((one) => Option.toArray(decodeMember(one)))
  const own = found.find(({ properties }) => properties.pipeline.enum.includes(pipeline))?.properties.parameters
  return own === undefined ? group : { ...own, ...($defs === undefined ? {} : { $defs }) }
}

/** The names of the pipelines of a group, from its schema; none for any other pipeline. */
export const memberNames = (group: JsonSchema): ReadonlyArray<string> => {
  const { anyOf } = Option.getOrElse(decodeUnion(group), () => ({ anyOf: [group] }))
  return anyOf.flatMap((one) => Option.toArray(decodeMember(one))).flatMap(({ properties }) => properties.pipeline.enum)
}

const Document = Schema.Record({ key: Schema.String, value: Schema.Unknown })

// internal

const decodeUnion = Schema.decodeUnknownOption(
  Schema.Struct({ anyOf: Schema.Array(Schema.Unknown), $defs: Schema.optional(Document) })
)

const decodeMember = Schema.decodeUnknownOption(
  Schema.Struct({
    properties: Schema.Struct({
      pipeline: Schema.Struct({ enum: Schema.Array(Schema.String) }),
      parameters: Document
    })
  })
)

const decodeInfo = Schema.decodeUnknownOption(
  Schema.Struct({ pipeline: Schema.Struct({ input: Document, output: Document }) })
)

const asked = (endpoint: Endpoint) =>
  Effect.gen(function* () {
    const answer = yield* ask(endpoint, {
      method: "GET",
      path: Routes.paths(endpoint.serving).info,
      timeout: "10 seconds"
    })
    const info = Option.getOrUndefined(decodeInfo(answer.json))
    if (info !== undefined) return info.pipeline
    if (answer.status === 404 || answer.status < 300) {
      return yield* new DeploymentSchemaNotFound({ ref: endpoint.name })
    }
    return yield* Effect.fail(queryError(endpoint, answer))
  })
