/**
 * The HTTP contract of a served pipeline as a value: endpoints, schemas, errors with their statuses. Clients and the
 * OpenAPI document derive from it without the server.
 */
import * as HttpApi from "@effect/platform/HttpApi"
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as OpenApi from "@effect/platform/OpenApi"
import type * as Pipeline from "../Pipeline.js"
import type * as Settings from "../Settings.js"
import * as AutomationGroups from "./Api/AutomationGroups.js"
import * as Documentation from "./Api/Documentation.js"
import * as RunGroups from "./Api/RunGroups.js"
import * as ServiceGroups from "./Api/ServiceGroups.js"
import * as AppDocument from "./AppDocument.js"
import * as EndpointErrors from "./EndpointErrors.js"
import { invokeFailure, invokePayload, invokeSuccess, shownInput } from "./Envelope.js"
import * as OpenApiDocument from "./OpenApiDocument.js"
import * as Routes from "./Routes.js"

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
  const doc = Documentation.make(pipeline, serving, options?.authEnabled ?? true)
  return HttpApi.make("deployment")
    .add(invokeGroup(pipeline, at, doc))
    .add(RunGroups.runs(at, doc))
    .add(RunGroups.artifacts(at, doc))
    .add(RunGroups.sessions(at, doc))
    .add(AutomationGroups.schedules(at, doc))
    .add(AutomationGroups.triggers(at, doc))
    .add(AutomationGroups.webhooks(at, doc))
    .add(ServiceGroups.mcp(at))
    .add(ServiceGroups.health(at, doc))
    .add(ServiceGroups.service(at, doc))
    .addError(EndpointErrors.AnyError)
    .annotateContext(OpenApi.annotations({ ...titled(pipeline, serving), transform: (spec) => finish(spec, serving) }))
}

/**
 * The OpenAPI 3.1 document of a pipeline's contract, with the typed endpoints of its application.
 *
 * @category constructors
 * @since 0.1.0
 */
export const toOpenApi = (
  pipeline: Pipeline.Any,
  serving: Settings.Serving,
  options?: { readonly authEnabled?: boolean | undefined }
): OpenApi.OpenAPISpec =>
  AppDocument.specsOf(pipeline.app?.parts ?? [], serving, options?.authEnabled ?? true).reduce(
    OpenApiDocument.merge,
    OpenApi.fromApi(make({ ...pipeline, input: shownInput(pipeline.input) }, serving, options))
  )

// internal

const titled = ({ description, name }: Pipeline.Any, { about }: Settings.Serving) => {
  const text = about.description ?? description
  return {
    title: about.title ?? name,
    version: about.version ?? "1",
    ...(text === undefined ? {} : { description: text })
  }
}

const finish = (spec: Record<string, unknown>, { about }: Settings.Serving): Record<string, unknown> => {
  const document = OpenApiDocument.finish(spec)
  return about.contact === undefined ? document : OpenApiDocument.withInfo(document, { contact: about.contact })
}

const invokeGroup = <P extends Pipeline.Any>(pipeline: P, at: Documentation.Paths, doc: Documentation.Documentation) =>
  HttpApiGroup.make("invoke").add(
    HttpApiEndpoint.post("invoke", at.invoke)
      .setPayload(invokePayload<P["input"]>(pipeline.input))
      .addSuccess(invokeSuccess<P["output"]>(pipeline.output))
      .addError(invokeFailure(pipeline))
      .addError(EndpointErrors.InvokeError)
      .annotateContext(doc("invoke", "Run the pipeline: wait for its outputs, only have it accepted, or follow it."))
  )
