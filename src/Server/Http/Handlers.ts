/** Implements {@link Api} over the services of the runtime. */
import type * as HttpApi from "@effect/platform/HttpApi"
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Api from "../../Contract/Api.js"
import type * as Responses from "../../Contract/Responses.js"
import * as Routes from "../../Contract/Routes.js"
import * as RunEvent from "../../Contract/RunEvent.js"
import type * as Pipeline from "../../Pipeline.js"
import { Ids } from "../../Store/Ids.js"
import { type Run, RunStore } from "../../Store/RunStore.js"
import { Service } from "../Cluster/Service.js"
import * as DeploymentPage from "../Pages/DeploymentPage.js"
import * as DocsPage from "../Pages/ReferencePage.js"
import { Lifecycle } from "../Process/Lifecycle.js"
import * as Metrics from "../Process/Metrics.js"
import { ServiceInfo } from "../Process/ServiceInfo.js"
import * as Idempotency from "../Run/Idempotency.js"
import { Invocation } from "../Run/Invocation.js"
import * as RunEvents from "../Run/RunEvents.js"
import * as RunQueries from "../Run/RunQueries.js"
import * as Health from "./Health.js"
import * as RequestBody from "./RequestBody.js"
import * as Response from "./Response.js"
import * as ResponseMode from "./ResponseMode.js"
import type { Parsed } from "./SafeJson.js"
import * as ServerSentEvents from "./ServerSentEvents.js"

/** What the handlers work with. */
export type Requirements = ServiceInfo | Service | Ids | Invocation | Lifecycle | RunStore

/** The API of a deployment, implemented. */
export const layer: Layer.Layer<HttpApi.Api | HttpApiBuilder.Router, never, Requirements> = Layer.unwrapEffect(
  Effect.map(ServiceInfo, ({ manifest, pipeline }) => {
    const authEnabled = manifest.authKeyDigests.length > 0
    const api = Api.make(pipeline, manifest.serving, { authEnabled })
    return HttpApiBuilder.api(api).pipe(
      Layer.provide([invokeGroup(api), runsGroup(api), healthGroup(api), serviceGroup(api)]),
      Layer.provide(RunQueries.layer),
      Layer.provideMerge(HttpApiBuilder.Router.Live)
    )
  })
)

// internal

type Contract = ReturnType<typeof Api.make<Pipeline.Any>>

const invokeGroup = (api: Contract) =>
  HttpApiBuilder.group(api, "invoke", (handlers) =>
    Effect.gen(function* () {
      const { serving } = (yield* ServiceInfo).manifest
      const invocation = yield* Invocation
      const exchange = yield* exchanges
      const context = ownServices(yield* Effect.context<Ids | Invocation | Lifecycle | RunQueries.RunQueries>())
      const answered = <R>(effect: Effect.Effect<HttpServerResponse.HttpServerResponse, Response.WireError, R>) =>
        Effect.catchAll(Effect.provide(effect, context), (error) =>
          Effect.succeed(Response.toResponse(Response.ofError(error)))
        )
      return handlers.handleRaw("invoke", ({ request }) => {
        const incoming = NodeHttpServerRequest.toIncomingMessage(request)
        const key = incoming.headers["idempotency-key"]
        const view = ResponseMode.of(incoming.headers, serving)
        return Effect.matchEffect(RequestBody.readJson(incoming, serving), {
          onSuccess: (body) => {
            if (key !== undefined) {
              const { stream } = exchange(request)
              return answered(Idempotency.invoke({ body, key: String(key), view, serving, stream }))
            }
            return view === "stream"
              ? followed(invocation, body, exchange(request))
              : Effect.map(invocation.invoke(body, ResponseMode.manners[view]), Response.toResponse)
          },
          onFailure: (error) => {
            const answer = Response.ofError(error)
            if (RequestBody.isWhole(incoming)) return Effect.succeed(Response.toResponse(answer))
            const outgoing = NodeHttpServerRequest.toServerResponse(request)
            return Effect.as(RequestBody.refuse(incoming, outgoing, answer), HttpServerResponse.empty())
          }
        })
      })
    })
  )

const runsGroup = (api: Contract) =>
  HttpApiBuilder.group(api, "runs", (handlers) =>
    Effect.gen(function* () {
      const { cancel } = yield* Service
      const context = ownServices(yield* Effect.context<Ids | Invocation | Lifecycle | RunQueries.RunQueries>())
      const exchange = yield* exchanges
      const reading = yield* RunQueries.RunQueries
      return handlers
        .handle("list", ({ urlParams }) =>
          Effect.map(reading.list(urlParams), ({ nextCursor, runs }) => ({
            runs,
            ...(nextCursor === undefined ? {} : { nextCursor })
          }))
        )
        .handle("get", ({ path: { id } }) => reading.find(id))
        .handle("cancel", ({ path: { id } }) =>
          Effect.gen(function* () {
            if (yield* cancel(id)) return yield* untilEnded(reading.find(id))
            const run = yield* reading.find(id)
            if (!RunEvent.isGoing(run.status)) return run
            yield* reading.cancel(id)
            return yield* untilEnded(reading.find(id))
          })
        )
        .handleRaw("events", ({ headers, path: { id }, request }) =>
          RunEvents.attach(id, headers["last-event-id"] ?? 0, exchange(request).stream).pipe(
            Effect.provide(context),
            Effect.as(HttpServerResponse.empty())
          )
        )
    })
  )

/** Only these: what is there to build the handlers with has a scope, too, which lives as long as they do. */
const ownServices = Context.pick(Ids, Invocation, Lifecycle, RunQueries.RunQueries)

/** Makes what a stream of events is written with, of the platform's request. */
const exchanges = Effect.map(
  ServerSentEvents.make,
  (open) =>
    (request: HttpServerRequest.HttpServerRequest): RunEvents.Exchange => {
      const response = NodeHttpServerRequest.toServerResponse(request)
      return { request: NodeHttpServerRequest.toIncomingMessage(request), response, stream: open(response) }
    }
)

/** What the platform does with the answer does not matter any more: it was sent. */
const followed = (invocation: Context.Tag.Service<Invocation>, body: Parsed, exchange: RunEvents.Exchange) =>
  Effect.async<HttpServerResponse.HttpServerResponse>((resume) => {
    const { response } = exchange
    const leave = RunEvents.invoke(invocation, body, exchange)
    response.once("close", () => {
      if (!response.writableEnded) leave?.()
      resume(Effect.succeed(HttpServerResponse.empty()))
    })
    return Effect.sync(() => leave?.())
  })

/** A run that is interrupted has ended within a second, also if it does not want to. */
const untilEnded = <E>(find: Effect.Effect<Run, E>): Effect.Effect<Run, E> => {
  const again: Effect.Effect<Run, E> = Effect.flatMap(find, (run) =>
    RunEvent.isGoing(run.status) ? Effect.delay(again, "5 millis") : Effect.succeed(run)
  )
  return Effect.flatMap(
    Effect.timeoutOption(again, "3 seconds"),
    Option.match({ onNone: () => find, onSome: Effect.succeed })
  )
}

const healthGroup = (api: Contract) =>
  HttpApiBuilder.group(api, "health", (handlers) =>
    Effect.gen(function* () {
      const answers = yield* Health.answers
      return handlers
        .handleRaw("health", () => Effect.sync(() => Response.toResponse(answers.health())))
        .handleRaw("ready", () => Effect.sync(() => Response.toResponse(answers.ready())))
        .handleRaw("live", () => Effect.sync(() => Response.toResponse(answers.live())))
    })
  )

const serviceGroup = (api: Contract) =>
  HttpApiBuilder.group(api, "service", (handlers) =>
    Effect.gen(function* () {
      const info = yield* infoOf
      const metrics = yield* metricsOf
      const { docs, openApi, root } = yield* documents
      return handlers
        .handle("info", () => info)
        .handleRaw("metrics", () => metrics)
        .handleRaw("openApi", () => openApi)
        .handleRaw("docs", () => docs)
        .handleRaw("root", () => root)
    })
  )

const infoOf = Effect.gen(function* () {
  const { manifest, spec, startedAt } = yield* ServiceInfo
  const store = yield* RunStore
  const fleet = yield* Service
  const described = yield* Effect.cached(Effect.orDie(spec))
  const { digest, id, pipelineName, version } = manifest.snapshot
  const paths = Object.fromEntries(Routes.make(manifest.serving).map((route) => [route.name, route.path]))
  return Effect.gen(function* (): Effect.fn.Return<typeof Responses.Info.Type> {
    const { description, error, input, name, output } = yield* described
    const counts = yield* Effect.option(Effect.zipRight(fleet.flush, store.counts))
    const now = yield* DateTime.now
    return {
      deployment: manifest.deployment,
      generation: manifest.generation,
      snapshot: { id, name: `${pipelineName}@${version}`, version, digest },
      pipeline: {
        name,
        ...(description === undefined ? {} : { description }),
        input,
        output,
        ...(error === undefined ? {} : { error })
      },
      paths,
      authEnabled: manifest.authKeyDigests.length > 0,
      ...(Option.isSome(counts) ? { counts: counts.value } : {}),
      startedAt,
      uptimeMillis: DateTime.distance(startedAt, now)
    }
  })
})

const metricsOf = Effect.map(Service, ({ report }) =>
  Effect.map(report, ({ counters, ...gauges }) =>
    HttpServerResponse.text(Metrics.render(counters, gauges), { contentType: Metrics.contentType })
  )
)

const documents = Effect.gen(function* () {
  const { manifest, pipeline } = yield* ServiceInfo
  const { serving } = manifest
  const at = Routes.paths(serving)
  const authEnabled = manifest.authKeyDigests.length > 0
  const openApi = yield* Effect.cached(
    Effect.sync(() => JSON.stringify(Api.toOpenApi(pipeline, serving, { authEnabled })))
  )
  const docs = yield* Effect.cached(
    DocsPage.make({ title: pipeline.name, openApiPath: at.openApi, invokePath: at.invoke, authEnabled })
  )
  const root = yield* Effect.cached(DeploymentPage.make(serving, { authEnabled }))
  return { docs, openApi: Effect.map(openApi, (text) => Response.toResponse(Response.ofJson(200, text))), root }
})
