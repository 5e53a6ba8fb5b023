/** Implements {@link Api} over the services of the runtime. */
import type * as HttpApi from "@effect/platform/HttpApi"
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
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
import * as DeploymentPage from "../Pages/DeploymentPage.js"
import * as ReferencePage from "../Pages/ReferencePage.js"
import type * as Script from "../Pages/Script.js"
import * as Idempotency from "../Run/Idempotency.js"
import { Invocation, Lifecycle } from "../Run/Invocation.js"
import * as InvokeRequest from "../Run/InvokeRequest.js"
import * as Metrics from "../Run/Metrics.js"
import * as Response from "../Run/Response.js"
import * as RunEvents from "../Run/RunEvents.js"
import * as RunQueries from "../Run/RunQueries.js"
import type { Parsed } from "../Run/SafeJson.js"
import { Service } from "../Run/Service.js"
import type * as EventResponse from "./EventResponse.js"
import * as Health from "./Health.js"
import { mountPrefix } from "./MountPrefix.js"
import * as RequestBody from "./RequestBody.js"
import { ServiceInfo } from "./ServiceInfo.js"

/** The services that the handlers use. */
export type Requirements = ServiceInfo | Service | Ids | Invocation | Lifecycle | RunStore

/**
 * The API of a deployment, implemented.
 *
 * @param respond Sends the events of runs.
 */
export const layer = (
  respond: EventResponse.Responder
): Layer.Layer<HttpApi.Api | HttpApiBuilder.Router, never, Requirements> =>
  Layer.unwrapEffect(
    Effect.map(ServiceInfo, ({ manifest, pipeline }) => {
      const authEnabled = manifest.authKeyDigests.length > 0
      const api = Api.make(pipeline, manifest.serving, { authEnabled })
      return HttpApiBuilder.api(api).pipe(
        Layer.provide([invokeGroup(api, respond), runsGroup(api, respond), healthGroup(api), serviceGroup(api)]),
        Layer.provide(RunQueries.layer),
        Layer.provideMerge(HttpApiBuilder.Router.Live)
      )
    })
  )

// internal

type Contract = ReturnType<typeof Api.make<Pipeline.Any>>

const invokeGroup = (api: Contract, respond: EventResponse.Responder) =>
  HttpApiBuilder.group(api, "invoke", (handlers) =>
    Effect.gen(function* () {
      const { serving } = (yield* ServiceInfo).manifest
      const invocation = yield* Invocation
      const context = ownServices(yield* Effect.context<Ids | Invocation | Lifecycle | RunQueries.RunQueries>())
      const keyed = (request: HttpServerRequest.HttpServerRequest, asked: Idempotency.KeyedRequest) =>
        Idempotency.invoke(asked).pipe(
          Effect.flatMap((outcome) =>
            outcome._tag === "Answer"
              ? Effect.succeed(Response.toResponse(outcome.answer))
              : respond(request, (stream) => RunEvents.attach(outcome.runId, 0, stream))
          ),
          Effect.catchAll((error) => Effect.succeed(Response.toResponse(Response.ofError(error)))),
          Effect.provide(context)
        )
      return handlers.handleRaw("invoke", ({ request }) => {
        const key = request.headers["idempotency-key"]
        const view = InvokeRequest.modeOf(request.headers, serving)
        return Effect.matchEffect(RequestBody.readJson(request, serving), {
          onSuccess: (body) => {
            if (key !== undefined) return keyed(request, { body, key, view, serving })
            return view === "stream"
              ? respond(request, followed(invocation, body))
              : Effect.map(invocation.invoke(body, InvokeRequest.optionsOf[view]), Response.toResponse)
          },
          onFailure: (error) => Effect.succeed(RequestBody.refusal(request, error))
        })
      })
    })
  )

const runsGroup = (api: Contract, respond: EventResponse.Responder) =>
  HttpApiBuilder.group(api, "runs", (handlers) =>
    Effect.gen(function* () {
      const { cancel } = yield* Service
      const invocation = yield* Invocation
      const context = ownServices(yield* Effect.context<Ids | Invocation | Lifecycle | RunQueries.RunQueries>())
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
            const ended = endOf(invocation, id)
            if (yield* cancel(id)) return yield* untilEnded(ended, reading.find(id))
            const run = yield* reading.find(id)
            if (!RunEvent.isGoing(run.status)) return run
            yield* reading.cancel(id)
            return yield* untilEnded(ended, reading.find(id))
          })
        )
        .handleRaw("events", ({ headers, path: { id }, request }) =>
          Effect.provide(
            respond(request, (stream) => RunEvents.attach(id, headers["last-event-id"] ?? 0, stream)),
            context
          )
        )
    })
  )

/** The services of one request. The context that builds the handlers also has a scope, which lives as long as they do. */
const ownServices = Context.pick(Ids, Invocation, Lifecycle, RunQueries.RunQueries)

/** Interrupting it means that the caller disconnected. */
const followed =
  (invocation: Context.Tag.Service<Invocation>, body: Parsed): EventResponse.Produce<never, never> =>
  (stream) =>
    Effect.async((resume) => {
      const leave = RunEvents.invoke(invocation, body, stream, (answer) => resume(Effect.succeed(answer)))
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
    const stop = follow(id, ({ event }) => {
      if (event === "run_finished") resume(Effect.void)
    })
    return Effect.sync(() => stop?.())
  })

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
        .handleRaw("docs", shown(docs))
        .handleRaw("root", shown(root))
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

/** The documents of a service with the paths that its callers use, which start with the path of its mount. */
const documents = Effect.gen(function* () {
  const { manifest, pipeline } = yield* ServiceInfo
  const authEnabled = manifest.authKeyDigests.length > 0
  const atMount = <A>(make: (prefix: string) => Effect.Effect<A>) =>
    Effect.map(Effect.cached(make("")), (unmounted) =>
      Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => {
        const prefix = mountPrefix(request)
        return prefix === "" ? unmounted : make(prefix)
      })
    )
  const servingAt = (prefix: string) => ({ ...manifest.serving, rootUrlPath: prefix + manifest.serving.rootUrlPath })
  const openApi = yield* Effect.cached(Effect.sync(() => Api.toOpenApi(pipeline, manifest.serving, { authEnabled })))
  return {
    openApi: yield* atMount((prefix) =>
      Effect.map(openApi, (document) =>
        Response.toResponse(
          Response.ofJson(200, JSON.stringify(prefix === "" ? document : { ...document, servers: [{ url: prefix }] }))
        )
      )
    ),
    docs: yield* atMount((prefix) => {
      const at = Routes.paths(servingAt(prefix))
      const { invoke } = Routes.paths(manifest.serving)
      return ReferencePage.make({
        title: pipeline.name,
        openApiPath: at.openApi,
        invokePath: invoke,
        rootPath: at.root
      })
    }),
    root: yield* atMount((prefix) => DeploymentPage.make(servingAt(prefix), { authEnabled }))
  }
})

const shown =
  <R>(page: Effect.Effect<Script.Page, never, R>) =>
  ({ request }: { readonly request: HttpServerRequest.HttpServerRequest }) =>
    Effect.catchAll(
      Effect.flatMap(page, (answer) => answer(request)),
      (error) => Effect.succeed(Response.toResponse(Response.ofError(error)))
    )
