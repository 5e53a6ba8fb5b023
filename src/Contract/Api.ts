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
import * as Input from "../Input.js"
import * as Output from "../Output.js"
import * as Pipeline from "../Pipeline.js"
import type * as Settings from "../Settings.js"
import * as AppDocument from "./AppDocument.js"
import * as AppPaths from "./AppPaths.js"
import * as Artifacts from "./Artifacts.js"
import * as EndpointErrors from "./EndpointErrors.js"
import { invokeFailure, invokePayload, invokeSuccess } from "./Envelope.js"
import { InvalidRequest, ServiceUnavailable } from "./Errors.js"
import * as OpenApiDocument from "./OpenApiDocument.js"
import * as OpenApiExtras from "./OpenApiExtras.js"
import * as Proof from "./Proof.js"
import * as Responses from "./Responses.js"
import * as Routes from "./Routes.js"
import * as RunLog from "./RunLog.js"
import { Run } from "./RunRecord.js"
import * as RunSocket from "./RunSocket.js"
import * as Schedules from "./Schedules.js"
import * as Sessions from "./Sessions.js"
import * as Triggers from "./Triggers.js"
import * as Webhooks from "./Webhooks.js"

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
  const doc = documentation(pipeline, serving, options?.authEnabled ?? true)
  return HttpApi.make("deployment")
    .add(invokeGroup(pipeline, at, doc))
    .add(runsGroup(at, doc))
    .add(artifactsGroup(at, doc))
    .add(sessionsGroup(at, doc))
    .add(schedulesGroup(at, doc))
    .add(triggersGroup(at, doc))
    .add(webhooksGroup(at, doc))
    .add(mcpGroup(at))
    .add(healthGroup(at, doc))
    .add(serviceGroup(at, doc))
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
    OpenApi.fromApi(make(pipeline, serving, options))
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

type Paths = ReturnType<typeof Routes.paths>
type Documentation = (name: Routes.RouteName, summary: string) => Context.Context<never>

const documentation = (pipeline: Pipeline.Any, serving: Settings.Serving, authEnabled: boolean): Documentation => {
  const routes = new Map(AppPaths.defaultRoutes(pipeline.app?.parts ?? [], serving).map((route) => [route.name, route]))
  const extras = {
    streams: Pipeline.isElements(pipeline.output),
    files: Input.filesOf(pipeline.input),
    binary: Output.binaryOf(pipeline.output)
  }
  const completed = (name: Routes.RouteName, described: Record<string, unknown>) => {
    if (name === "invoke") return OpenApiExtras.describe(described, serving, extras)
    return name === "socket" ? OpenApiExtras.describeSocket(described) : described
  }
  return (name, summary) => {
    const route = routes.get(name)
    const requiresKey = authEnabled && route?.isPublic === false
    return OpenApi.annotations({
      summary,
      exclude: route === undefined,
      transform: (described) => {
        const operation = completed(name, described)
        return requiresKey ? { ...operation, security: [{ bearer: [] }] } : withoutKeyErrors(name, operation)
      }
    })
  }
}

/** An endpoint without a key refuses none. Invocations have a 429 of their own. */
const withoutKeyErrors = (name: Routes.RouteName, operation: Record<string, unknown>) =>
  (name === "invoke" ? ["401", "403"] : ["401", "403", "429"]).reduce(OpenApiDocument.withoutResponse, operation)

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
        .addSuccess(Responses.NoMoreEvents)
        .addError(EndpointErrors.EventsError)
        .annotateContext(doc("events", "What happened in a run and what happens until it ends, as server-sent events."))
    )
    .add(
      HttpApiEndpoint.get("socket", at.socket)
        .setPath(Schema.Struct({ id: Schema.String }))
        .setUrlParams(RunSocket.SocketQuery)
        .addSuccess(Responses.Switched)
        .addError(EndpointErrors.SocketError)
        .annotateContext(
          doc("socket", "A WebSocket that sends the events of a run, and takes signals to it and its cancelling.")
        )
    )
    .add(
      HttpApiEndpoint.get("logs", at.logs)
        .setPath(Schema.Struct({ id: Schema.String }))
        .setUrlParams(RunLog.RunLogQuery)
        .addSuccess(RunLog.RunLogPage)
        .addError(EndpointErrors.LogsError)
        .annotateContext(doc("logs", "The lines that a run logged, in their order."))
    )
    .add(
      HttpApiEndpoint.post("signal", at.signal)
        .setPath(signalPath)
        .setPayload(Schema.Unknown)
        .addSuccess(Responses.Accepted, { status: 202 })
        .addError(EndpointErrors.SignalError)
        .annotateContext(doc("signal", "Send a signal to a run that waits for it, or will."))
    )
    .add(
      HttpApiEndpoint.post("retry", at.retry)
        .setPath(Schema.Struct({ id: Schema.String }))
        .setPayload(Responses.RetryRequest)
        .addSuccess(Responses.Accepted, { status: 202 })
        .addError(EndpointErrors.RetryError)
        .annotateContext(doc("retry", "Run the pipeline again with the parameters of a run, as a new run."))
    )

const signalPath = Schema.Struct({ id: Schema.String, name: Schema.String })

const artifactsGroup = (at: Paths, doc: Documentation) =>
  HttpApiGroup.make("artifacts")
    .add(
      HttpApiEndpoint.get("list", at.artifacts)
        .setPath(Schema.Struct({ id: Schema.String }))
        .addSuccess(Artifacts.ArtifactList)
        .addError(EndpointErrors.RunError)
        .annotateContext(doc("artifacts", "The outputs of the steps of a run, with their digests."))
    )
    .add(
      HttpApiEndpoint.get("get", at.artifact)
        .setPath(Schema.Struct({ id: Schema.String, step: Schema.String }))
        .addSuccess(Schema.Unknown)
        .addError(EndpointErrors.ArtifactError)
        .annotateContext(doc("artifact", "The output of one call of a step, such as forecast or forecast#2."))
    )
    .add(
      HttpApiEndpoint.get("output", at.output)
        .setPath(Schema.Struct({ id: Schema.String }))
        .addSuccess(HttpApiSchema.Uint8Array({ contentType: "application/octet-stream" }))
        .addError(EndpointErrors.ArtifactError)
        .annotateContext(doc("output", "The outputs of a run that are bytes, with their content type."))
    )

const sessionsGroup = (at: Paths, doc: Documentation) =>
  HttpApiGroup.make("sessions")
    .add(
      HttpApiEndpoint.get("list", at.sessions)
        .setUrlParams(Sessions.SessionsQuery)
        .addSuccess(Sessions.SessionPage)
        .addError(EndpointErrors.SessionsError)
        .annotateContext(doc("sessions", "Sessions, in the order of their ids."))
    )
    .add(
      HttpApiEndpoint.get("get", at.session)
        .setPath(Schema.Struct({ id: Schema.String }))
        .addSuccess(Sessions.SessionRecord)
        .addError(EndpointErrors.SessionError)
        .annotateContext(doc("session", "One session with its states."))
    )
    .add(
      HttpApiEndpoint.del("delete", at.deleteSession)
        .setPath(Schema.Struct({ id: Schema.String }))
        .addSuccess(HttpApiSchema.NoContent)
        .addError(EndpointErrors.SessionError)
        .annotateContext(doc("deleteSession", "Remove a session with its states; its runs stay on record."))
    )

const schedulesGroup = (at: Paths, doc: Documentation) =>
  HttpApiGroup.make("schedules")
    .add(
      HttpApiEndpoint.get("list", at.schedules)
        .addSuccess(Schedules.ScheduleList)
        .addError(ServiceUnavailable)
        .annotateContext(doc("schedules", "The schedules of the pipeline with their last firings."))
    )
    .add(
      HttpApiEndpoint.post("pause", at.pauseSchedule)
        .setPath(Schema.Struct({ name: Schema.String }))
        .addSuccess(Schedules.ScheduleStatus)
        .addError(EndpointErrors.ScheduleError)
        .annotateContext(doc("pauseSchedule", "Start no runs by a schedule until it is resumed."))
    )
    .add(
      HttpApiEndpoint.post("resume", at.resumeSchedule)
        .setPath(Schema.Struct({ name: Schema.String }))
        .addSuccess(Schedules.ScheduleStatus)
        .addError(EndpointErrors.ScheduleError)
        .annotateContext(doc("resumeSchedule", "Start runs by a schedule again, from its next time on."))
    )
    .add(
      HttpApiEndpoint.post("fire", at.fireSchedule)
        .setPath(Schema.Struct({ name: Schema.String }))
        .addSuccess(Responses.Accepted, { status: 202 })
        .addError(EndpointErrors.ScheduleError)
        .annotateContext(doc("fireSchedule", "Start a run of a schedule now."))
    )

const triggersGroup = (at: Paths, doc: Documentation) =>
  HttpApiGroup.make("triggers")
    .add(
      HttpApiEndpoint.get("list", at.triggers)
        .addSuccess(Triggers.TriggerList)
        .addError(ServiceUnavailable)
        .annotateContext(doc("triggers", "The triggers of the pipeline."))
    )
    .add(
      HttpApiEndpoint.post("pause", at.pauseTrigger)
        .setPath(Schema.Struct({ name: Schema.String }))
        .addSuccess(Triggers.TriggerStatus)
        .addError(EndpointErrors.TriggerError)
        .annotateContext(doc("pauseTrigger", "Take no messages by a trigger until it is resumed."))
    )
    .add(
      HttpApiEndpoint.post("resume", at.resumeTrigger)
        .setPath(Schema.Struct({ name: Schema.String }))
        .addSuccess(Triggers.TriggerStatus)
        .addError(EndpointErrors.TriggerError)
        .annotateContext(doc("resumeTrigger", "Take messages by a trigger again."))
    )

const webhooksGroup = (at: Paths, doc: Documentation) =>
  HttpApiGroup.make("webhooks")
    .add(
      HttpApiEndpoint.get("list", at.webhooks)
        .setUrlParams(Webhooks.WebhooksQuery)
        .addSuccess(Webhooks.WebhookPage)
        .addError(EndpointErrors.WebhooksError)
        .annotateContext(doc("webhooks", "The webhooks of the service, and deliveries, newest first."))
    )
    .add(
      HttpApiEndpoint.post("retry", at.retryWebhook)
        .setPath(Schema.Struct({ id: Schema.String }))
        .addSuccess(Webhooks.WebhookDelivery)
        .addError(EndpointErrors.WebhookError)
        .annotateContext(doc("retryWebhook", "Send a delivery again, with all its attempts."))
    )

/** It is in no document: its messages are those of another protocol, which describes its tools itself. */
const mcpGroup = (at: Paths) =>
  HttpApiGroup.make("mcp").add(
    HttpApiEndpoint.post("mcp", at.mcp)
      .addSuccess(Schema.Unknown)
      .annotateContext(OpenApi.annotations({ exclude: true }))
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
      HttpApiEndpoint.get("proof", at.proof)
        .setUrlParams(Proof.Challenge)
        .addSuccess(Proof.Proof)
        .addError(InvalidRequest)
        .annotateContext(
          doc("proof", "Proves to a caller that this is the deployment, before the caller sends its key.")
        )
    )
    .add(
      HttpApiEndpoint.get("root", at.root)
        .addSuccess(HttpApiSchema.Text({ contentType: "text/html" }))
        .annotateContext(doc("root", "The deployment's page: try it, recent runs, live charts."))
    )
