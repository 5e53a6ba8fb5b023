/** Implements {@link Api} over the services of the runtime. */
import type * as HttpApi from "@effect/platform/HttpApi"
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Api from "../../Contract/Api.js"
import * as Responses from "../../Contract/Responses.js"
import * as RunEvent from "../../Contract/RunEvent.js"
import type { Member } from "../../Pipeline/App.js"
import { Ids } from "../../Store/Ids.js"
import type { Run, RunStore } from "../../Store/RunStore.js"
import * as McpHandlers from "../Mcp/McpHandlers.js"
import type { ArtifactSource } from "../Run/Artifacts/ArtifactSource.js"
import * as RunArtifacts from "../Run/Artifacts/RunArtifacts.js"
import * as RunCommands from "../Run/Durable/RunCommands.js"
import { RunSignals } from "../Run/Durable/RunSignals.js"
import * as EventTail from "../Run/Events/EventTail.js"
import * as RunEvents from "../Run/Events/RunEvents.js"
import { StreamLimit } from "../Run/Events/StreamLimit.js"
import * as RunTrace from "../Run/Execution/RunTrace.js"
import * as Idempotency from "../Run/Idempotency.js"
import type { Intake } from "../Run/Intake.js"
import { Invocation, Lifecycle } from "../Run/Invocation.js"
import * as InvokeRequest from "../Run/InvokeRequest.js"
import type * as Metrics from "../Run/Metrics.js"
import * as RunQueries from "../Run/Records/RunQueries.js"
import * as RunText from "../Run/Records/RunText.js"
import * as Response from "../Run/Response.js"
import type { Parsed } from "../Run/SafeJson.js"
import type { Scheduler } from "../Run/Schedules/Scheduler.js"
import { Service } from "../Run/Service.js"
import type { TriggerPauses } from "../Run/Triggers/TriggerPauses.js"
import * as ValidationIssues from "../Run/ValidationIssues.js"
import type { Application } from "./Application.js"
import * as ArtifactHandlers from "./ArtifactHandlers.js"
import * as Bytes from "./Bytes.js"
import * as CallerWebhook from "./CallerWebhook.js"
import { formats } from "./EventFormats.js"
import * as EventResponse from "./EventResponse.js"
import { KeyRing } from "./KeyRing.js"
import * as Members from "./Members.js"
import * as RequestBody from "./RequestBody.js"
import * as RequestId from "./RequestId.js"
import * as RunRequests from "./RunRequests.js"
import * as SocketHandler from "./RunSocket/SocketHandler.js"
import * as ScheduleHandlers from "./ScheduleHandlers.js"
import * as ServiceHandlers from "./ServiceHandlers.js"
import { ServiceInfo } from "./ServiceInfo.js"
import * as SessionHandlers from "./SessionHandlers.js"
import * as TriggerHandlers from "./TriggerHandlers.js"
import * as Uploads from "./Uploads.js"
import * as WebhookHandlers from "./WebhookHandlers.js"

/** The services that the handlers use. */
export type Requirements =
  | Application
  | ArtifactSource
  | ServiceInfo
  | KeyRing
  | Intake
  | Metrics.Metrics
  | Service
  | Ids
  | Invocation
  | Lifecycle
  | RunStore
  | Scheduler
  | StreamLimit
  | TriggerPauses
  | RunSignals

/**
 * The API of a deployment, implemented.
 *
 * @param respond Sends the events of runs.
 */
export const layer = (
  respond: EventResponse.Responder
): Layer.Layer<HttpApi.Api | HttpApiBuilder.Router, never, Requirements> =>
  Layer.unwrapEffect(
    Effect.gen(function* () {
      const { manifest, pipeline } = yield* ServiceInfo
      const limited = EventResponse.limited(yield* StreamLimit, respond)
      const api = Api.make(pipeline, manifest.serving, { authEnabled: (yield* KeyRing).isRequired })
      return HttpApiBuilder.api(api).pipe(
        Layer.provide([invokeGroup(api, limited), runsGroup(api, limited)]),
        Layer.provide([ArtifactHandlers.layer(api), ScheduleHandlers.layer(api), SessionHandlers.layer(api)]),
        Layer.provide([TriggerHandlers.layer(api), WebhookHandlers.layer(api)]),
        Layer.provide(McpHandlers.layer(api)),
        Layer.provide([ServiceHandlers.layerHealth(api), ServiceHandlers.layer(api)]),
        Layer.provide(RunArtifacts.layer),
        Layer.provide(RunQueries.layer),
        Layer.provideMerge(HttpApiBuilder.Router.Live)
      )
    })
  )

/**
 * Handles invocations by their requests.
 *
 * @param respond Sends the events of runs.
 * @param member The pipeline of a group that the requests invoke.
 */
export const invocations = (respond: EventResponse.Responder, member?: Member) =>
  Effect.gen(function* () {
    const { manifest, pipeline } = yield* ServiceInfo
    const { serving } = manifest
    const invoked = member?.pipeline ?? pipeline
    const modeOf = InvokeRequest.modes(invoked, serving)
    const invocation = yield* Invocation
    const readOn = serving.recording === "none" ? undefined : yield* RunEvents.readOn
    const context = ownServices(yield* Effect.context<Ids | Invocation | Lifecycle | RunQueries.RunQueries>())
    const keyed = (request: HttpServerRequest.HttpServerRequest, asked: Idempotency.KeyedRequest) =>
      Idempotency.invoke(asked).pipe(
        Effect.flatMap((outcome) =>
          outcome._tag === "Answer"
            ? Effect.map(withContent(outcome), (answer) => responseTo(request, answer))
            : respond(request, (stream) => EventTail.attach(outcome.runId, 0, stream), formatOf(asked.view))
        ),
        Effect.catchAll((error) => Effect.succeed(Response.toResponse(Response.ofError(error)))),
        Effect.provide(context)
      )
    const withContent = yield* RunArtifacts.replayed(pipeline)
    const keys = yield* KeyRing
    const describe = RunRequests.make(serving)
    const read = yield* Uploads.make(invoked, serving)
    const webhookOf = CallerWebhook.reader(serving)
    return (request: HttpServerRequest.HttpServerRequest) => {
      const key = request.headers["idempotency-key"]
      const caller = keys.callerOf(request.headers["authorization"])
      const view = modeOf(request.headers)
      const requestId = RequestId.ofPlatform(request)
      const webhook = webhookOf?.(request.headers)
      if (webhook !== undefined && Either.isLeft(webhook)) {
        return Effect.succeed(RequestBody.refusal(request, webhook.left))
      }
      return Effect.matchEffect(read(request), {
        onSuccess: ({ body: parsed, files }) =>
          Effect.flatMap(RunTrace.parentOfPlatform(request), (parent) => {
            const body = member === undefined ? parsed : Members.bodyOf(member.name, parsed)
            const asked = () => describe(RunRequests.ofPlatform(request), caller, requestId)
            const session = SessionHandlers.sessionIn(request.headers)
            const origin = { requestId, parent, caller, session, request: asked, files, webhook: webhook?.right }
            if (key !== undefined) return keyed(request, { body, key, view, serving, ...origin })
            return InvokeRequest.isFollowing(view)
              ? respond(request, followed(invocation, body, { ...origin, readOn }), formatOf(view))
              : Effect.map(invocation.invoke(body, InvokeRequest.optionsOf(view, origin)), (answer) =>
                  responseTo(request, member === undefined ? answer : Members.answerOf(answer))
                )
          }).pipe(
            Effect.ensuring(
              Effect.sync(() => {
                if (files?.isHeld() === false) files.remove()
              })
            )
          ),
        onFailure: (error) => Effect.succeed(RequestBody.refusal(request, error))
      })
    }
  })

// internal

/** The answer in the form that its caller accepts. */
const responseTo = (request: HttpServerRequest.HttpServerRequest, answer: Response.Response) => {
  if (answer.content === undefined) return Response.toResponse(answer)
  const { content, ...json } = Response.negotiated(answer, request.headers["accept"])
  const response = content === undefined ? Response.toResponse(json) : Bytes.ofAnswer(request, json, content)
  return HttpServerResponse.setHeader(response, "vary", "accept")
}

type Contract = SessionHandlers.Contract

const invokeGroup = (api: Contract, respond: EventResponse.Responder) =>
  HttpApiBuilder.group(api, "invoke", (handlers) =>
    Effect.map(invocations(respond), (handle) => handlers.handleRaw("invoke", ({ request }) => handle(request)))
  )

const runsGroup = (api: Contract, respond: EventResponse.Responder) =>
  HttpApiBuilder.group(api, "runs", (handlers) =>
    Effect.gen(function* () {
      const service = yield* Service
      const invocation = yield* Invocation
      const context = ownServices(yield* Effect.context<Ids | Invocation | Lifecycle | RunQueries.RunQueries>())
      const reading = yield* RunQueries.RunQueries
      const commands = context.pipe(Context.add(Service, service), Context.add(RunSignals, yield* RunSignals))
      const { manifest, pipeline } = yield* ServiceInfo
      const { serving } = manifest
      const keys = yield* KeyRing
      const socket = yield* SocketHandler.make
      const answered = (
        request: HttpServerRequest.HttpServerRequest,
        act: (
          body: Parsed
        ) => Effect.Effect<
          Response.Response,
          Response.WireError,
          Invocation | RunQueries.RunQueries | RunSignals | Service
        >
      ) =>
        Effect.matchEffect(RequestBody.readJson(request, serving), {
          onSuccess: (body) =>
            act(body).pipe(
              Effect.catchAll((error) => Effect.succeed(Response.ofError(error))),
              Effect.map(Response.toResponse),
              Effect.provide(commands)
            ),
          onFailure: (error) => Effect.succeed(RequestBody.refusal(request, error))
        })
      return handlers
        .handle("list", ({ urlParams }) =>
          Effect.map(reading.list(urlParams), ({ nextCursor, runs }) => ({
            runs,
            ...(nextCursor === undefined ? {} : { nextCursor })
          }))
        )
        .handleRaw("get", ({ path: { id } }) =>
          Effect.map(RunText.read(reading, id), (text) => Response.toResponse(Response.ofJson(200, text)))
        )
        .handle("cancel", ({ path: { id } }) =>
          Effect.gen(function* () {
            const ended = endOf(invocation, id)
            const run = yield* Effect.provide(RunCommands.cancel(id), commands)
            return run ?? (yield* untilEnded(ended, reading.find(id)))
          })
        )
        .handleRaw("socket", ({ path: { id }, request, urlParams: { after } }) => socket(request, { id, after }))
        .handle("logs", ({ path: { id }, urlParams }) => reading.logs(id, urlParams))
        .handleRaw("signal", ({ path: { id, name }, request }) =>
          answered(request, ({ value }) =>
            Effect.as(RunCommands.signal(id, name, value), Response.ofJson(202, JSON.stringify({ runId: id })))
          )
        )
        .handleRaw("retry", ({ path: { id }, request }) =>
          answered(request, ({ value }) =>
            Effect.flatMap(decodeRetry(value), ({ from }) =>
              RunCommands.retry({ pipeline, serving }, id, from, {
                requestId: RequestId.ofPlatform(request),
                caller: keys.callerOf(request.headers["authorization"])
              })
            )
          )
        )
        .handleRaw("events", ({ headers, path: { id }, request }) =>
          Effect.provide(
            respond(request, (stream) => EventTail.attach(id, headers["last-event-id"] ?? 0, stream)),
            context
          )
        )
    })
  )

const retryRequest = ParseResult.decodeUnknown(Responses.RetryRequest, { errors: "all", onExcessProperty: "error" })

const decodeRetry = (value: unknown) =>
  Effect.mapError(retryRequest(value), (issue) =>
    ValidationIssues.invalidRequest(ValidationIssues.fromParseIssue(issue, []))
  )

/** The services of one request. The context that builds the handlers also has a scope, which lives as long as they do. */
const ownServices = Context.pick(Ids, Invocation, Lifecycle, RunQueries.RunQueries)

const formatOf = (view: InvokeRequest.ResponseMode) => (InvokeRequest.isFollowing(view) ? formats[view] : undefined)

/** Interrupting it means that the caller disconnected. */
const followed =
  (
    invocation: Context.Tag.Service<Invocation>,
    body: Parsed,
    origin: RunEvents.InvokeEventsOptions
  ): EventResponse.Produce<never, never> =>
  (stream) =>
    Effect.async((resume) => {
      const leave = RunEvents.invoke(invocation, body, stream, (answer) => resume(Effect.succeed(answer)), origin)
      return Effect.sync(() => leave?.())
    })

/**
 * The run when it has ended, at the latest after three seconds: a run that ignores its interruption is given up after one.
 * Polling finds the end of a run in another process, or of one that could not be stored.
 */
const untilEnded = <E>(ended: Effect.Effect<void>, find: Effect.Effect<Run, E>): Effect.Effect<Run, E> => {
  const again: Effect.Effect<Run, E> = Effect.flatMap(find, (run) =>
    RunEvent.isGoing(run.status) ? Effect.delay(again, "5 millis") : Effect.succeed(run)
  )
  return Effect.flatMap(
    Effect.timeoutOption(Effect.raceFirst(again, Effect.zipRight(ended, find)), "3 seconds"),
    Option.match({ onNone: () => find, onSome: Effect.succeed })
  )
}

/** Succeeds when a run of this process has ended and is stored. */
const endOf = ({ follow }: Context.Tag.Service<Invocation>, id: string): Effect.Effect<void> =>
  Effect.async((resume) => {
    const stop = follow(id, {
      tell: ({ event }) => {
        if (event === "run_finished") resume(Effect.void)
      },
      miss: () => {},
      lose: () => {}
    })
    return Effect.sync(() => stop?.())
  })
