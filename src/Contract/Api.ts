/**
 * The HTTP contract of a served pipeline as a value: endpoints, schemas, errors with their statuses. Clients and the
 * OpenAPI document derive from it without the server.
 */
import * as HttpApi from "@effect/platform/HttpApi"
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpApiSchema from "@effect/platform/HttpApiSchema"
import * as OpenApi from "@effect/platform/OpenApi"
import type * as Context from "effect/Context"
import * as Schema from "effect/Schema"
import type * as Pipeline from "../Pipeline.js"
import type * as Settings from "../Settings.js"
import * as EndpointErrors from "./EndpointErrors.js"
import { invokeFailure, invokePayload, invokeSuccess } from "./Envelope.js"
import * as OpenApiExtras from "./OpenApiExtras.js"
import * as Responses from "./Responses.js"
import * as Routes from "./Routes.js"
import { Run } from "./RunRecord.js"

export { invokeFailure, invokePayload, invokeSuccess, type PipelineFailure } from "./Envelope.js"

/**
 * The contract of a pipeline under given serving settings.
 *
 * **Details**
 *
 * A disabled endpoint stays in the type, is absent from the OpenAPI document, and answers 404. With
 * `authEnabled: false` no endpoint requires a key.
 *
 * @example
 * ```ts
 * import { HttpApiClient } from "@effect/platform"
 * import { Effect, Schema } from "effect"
 * import { Pipeline, Settings } from "effect-deployers"
 * import { Api } from "effect-deployers/Server"
 *
 * const greet = Pipeline.make("greet", {
 *   input: Schema.Struct({ name: Schema.String }),
 *   output: Schema.Struct({ greeting: Schema.String }),
 *   run: ({ name }) => Effect.succeed({ greeting: `Hello, ${name}!` })
 * })
 *
 * const call = Effect.gen(function* () {
 *   const api = Api.make(greet, Schema.decodeSync(Settings.Serving)({}))
 *   const client = yield* HttpApiClient.make(api, { baseUrl: "http://127.0.0.1:8000" })
 *   const answer = yield* client.invoke.invoke({ payload: { parameters: { name: "Ada" } } })
 *   return answer.outputs.greeting
 * })
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <P extends Pipeline.Any>(
  pipeline: P,
  serving: Settings.Serving,
  options?: { readonly authEnabled?: boolean | undefined }
) => {
  const at = Routes.paths(serving)
  const doc = documentation(serving, options?.authEnabled ?? true)
  return HttpApi.make("deployment")
    .add(invokeGroup(pipeline, at, doc))
    .add(runsGroup(at, doc))
    .add(healthGroup(at, doc))
    .add(serviceGroup(at, doc))
    .addError(EndpointErrors.AnyError)
    .annotateContext(
      OpenApi.annotations({
        title: pipeline.name,
        version: "1",
        ...(pipeline.description === undefined ? {} : { description: pipeline.description }),
        transform: finish
      })
    )
}

/**
 * The OpenAPI 3.1 document of a pipeline's contract.
 *
 * @category constructors
 * @since 0.1.0
 */
export const toOpenApi = (
  pipeline: Pipeline.Any,
  serving: Settings.Serving,
  options?: { readonly authEnabled?: boolean | undefined }
): OpenApi.OpenAPISpec => OpenApi.fromApi(make(pipeline, serving, options))

// internal

type Paths = ReturnType<typeof Routes.paths>
type Documentation = (name: Routes.RouteName, summary: string) => Context.Context<never>

const documentation = (serving: Settings.Serving, authEnabled: boolean): Documentation => {
  const routes = new Map(Routes.make(serving).map((route) => [route.name, route]))
  return (name, summary) => {
    const route = routes.get(name)
    const requiresKey = authEnabled && route?.isPublic === false
    return OpenApi.annotations({
      summary,
      exclude: route === undefined,
      transform: (described) => {
        const operation = name === "invoke" ? OpenApiExtras.describe(described, serving) : described
        return requiresKey
          ? { ...operation, security: [{ bearer: [] }] }
          : { ...operation, responses: omit(operation["responses"] ?? {}, "401") }
      }
    })
  }
}

const invokeGroup = <P extends Pipeline.Any>(pipeline: P, at: Paths, doc: Documentation) =>
  HttpApiGroup.make("invoke").add(
    HttpApiEndpoint.post("invoke", at.invoke)
      .setPayload(invokePayload<P["input"]>(pipeline.input))
      .addSuccess(invokeSuccess<P["output"]>(pipeline.output))
      .addError(invokeFailure(pipeline))
      .addError(EndpointErrors.InvokeError)
      .annotateContext(doc("invoke", "Run the pipeline: wait for its outputs, only have it accepted, or follow it."))
  )

const runsGroup = (at: Paths, doc: Documentation) =>
  HttpApiGroup.make("runs")
    .add(
      HttpApiEndpoint.get("list", at.runs)
        .setUrlParams(Responses.RunsQuery)
        .addSuccess(Responses.RunPage)
        .addError(EndpointErrors.RunsError)
        .annotateContext(doc("runs", "Runs, newest first."))
    )
    .add(
      HttpApiEndpoint.get("get", at.run)
        .setPath(Schema.Struct({ id: Schema.String }))
        .addSuccess(Run)
        .addError(EndpointErrors.RunError)
        .annotateContext(doc("run", "One run with its steps."))
    )
    .add(
      HttpApiEndpoint.post("cancel", at.cancel)
        .setPath(Schema.Struct({ id: Schema.String }))
        .addSuccess(Run)
        .addError(EndpointErrors.RunError)
        .annotateContext(doc("cancel", "Interrupt a run; one that has ended stays as it is."))
    )
    .add(
      HttpApiEndpoint.get("events", at.events)
        .setPath(Schema.Struct({ id: Schema.String }))
        .setHeaders(Responses.EventsHeaders)
        .addSuccess(HttpApiSchema.Text({ contentType: "text/event-stream" }))
        .addError(EndpointErrors.EventsError)
        .annotateContext(doc("events", "What happened in a run and what happens until it ends, as server-sent events."))
    )

const healthGroup = (at: Paths, doc: Documentation) =>
  HttpApiGroup.make("health")
    .add(
      HttpApiEndpoint.get("health", at.health)
        .addSuccess(Responses.Health)
        .addError(Responses.Unhealthy)
        .annotateContext(doc("health", "Whether the service takes runs, and why not."))
    )
    .add(
      HttpApiEndpoint.get("live", at.live)
        .addSuccess(Responses.Health)
        .annotateContext(doc("live", "Answers as long as the process does."))
    )
    .add(
      HttpApiEndpoint.get("ready", at.ready)
        .addSuccess(Responses.Health)
        .addError(Responses.Unhealthy)
        .annotateContext(doc("ready", "Whether the service takes runs."))
    )

const serviceGroup = (at: Paths, doc: Documentation) =>
  HttpApiGroup.make("service")
    .add(
      HttpApiEndpoint.get("info", at.info)
        .addSuccess(Responses.Info)
        .annotateContext(doc("info", "What is deployed here."))
    )
    .add(
      HttpApiEndpoint.get("metrics", at.metrics)
        .addSuccess(HttpApiSchema.Text())
        .annotateContext(doc("metrics", "Counters and gauges in Prometheus text format."))
    )
    .add(
      HttpApiEndpoint.get("openApi", at.openApi)
        .addSuccess(Schema.Unknown)
        .annotateContext(doc("openApi", "This document."))
    )
    .add(
      HttpApiEndpoint.get("docs", at.docs)
        .addSuccess(HttpApiSchema.Text({ contentType: "text/html" }))
        .annotateContext(doc("docs", "An interactive page made from the OpenAPI document."))
    )
    .add(
      HttpApiEndpoint.get("root", at.root)
        .addSuccess(HttpApiSchema.Text({ contentType: "text/html" }))
        .annotateContext(doc("root", "The deployment's page: try it, recent runs, live charts."))
    )

type Json = Record<string, unknown>

const isJsonObject = (value: unknown): value is Json => typeof value === "object" && value !== null

const omit = (value: unknown, ...keys: ReadonlyArray<string>): Json =>
  isJsonObject(value) ? Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key))) : {}

/** The platform documents its own decode error on every endpoint; this service answers `InvalidRequest` in its place. */
const finish = (spec: Json): Json => {
  const paths = Object.fromEntries(
    Object.entries(spec["paths"] ?? {}).map(([path, item]) => [
      path,
      Object.fromEntries(
        Object.entries(isJsonObject(item) ? item : {}).map(([method, op]) => [method, withoutDecodeError(op)])
      )
    ])
  )
  const components = isJsonObject(spec["components"]) ? spec["components"] : {}
  return {
    ...spec,
    paths,
    components: {
      ...components,
      schemas: omit(components["schemas"], "HttpApiDecodeError", "Issue", "PropertyKey"),
      securitySchemes: usesBearer(paths) ? { bearer: { type: "http", scheme: "bearer" } } : {}
    }
  }
}

const usesBearer = (paths: Json): boolean => JSON.stringify(paths).includes('"security":[{"bearer":[]}]')

const decodeError = "#/components/schemas/HttpApiDecodeError"

const withoutDecodeError = (operation: unknown): unknown => {
  if (!isJsonObject(operation) || !isJsonObject(operation["responses"])) return operation
  const { "400": invalid, ...responses } = operation["responses"]
  const schema = schemaOf(invalid)
  if (schema === undefined || schema["$ref"] === decodeError) return { ...operation, responses }
  const members = Array.isArray(schema["anyOf"]) ? schema["anyOf"] : []
  const kept = members.filter((member: unknown) => !isJsonObject(member) || member["$ref"] !== decodeError)
  const only = kept.length === 1 ? kept[0] : { anyOf: kept }
  return {
    ...operation,
    responses: {
      "400": {
        description: "Malformed JSON, nesting too deep, or parameters that do not decode.",
        content: { "application/json": { schema: only } }
      },
      ...responses
    }
  }
}

const schemaOf = (response: unknown): Json | undefined => {
  if (!isJsonObject(response) || !isJsonObject(response["content"])) return undefined
  const media = response["content"]["application/json"]
  return isJsonObject(media) && isJsonObject(media["schema"]) ? media["schema"] : undefined
}
