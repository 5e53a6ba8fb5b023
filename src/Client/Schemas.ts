import type * as HttpClient from "@effect/platform/HttpClient"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Routes from "../Contract/Routes.js"
import { DeploymentSchemaNotFound } from "../Errors/Lifecycle.js"
import type { Endpoint } from "./Endpoints.js"
import { ask } from "./Http.js"
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
): Effect.Effect<Schemas, DeploymentSchemaNotFound | QueryError, HttpClient.HttpClient> => {
  const { inputSchema: input, outputSchema: output } = endpoint
  return input !== undefined && output !== undefined ? Effect.succeed({ input, output }) : asked(endpoint)
}

// internal

const Document = Schema.Record({ key: Schema.String, value: Schema.Unknown })

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
