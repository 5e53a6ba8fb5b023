/**
 * The HTTP side of a service as one function on Node's requests: the gate first, then a direct route or the typed API.
 */
import type { IncomingMessage, ServerResponse } from "node:http"
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import { HttpApiDecodeError } from "@effect/platform/HttpApiError"
import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpMiddleware from "@effect/platform/HttpMiddleware"
import * as HttpServer from "@effect/platform/HttpServer"
import { RouteNotFound } from "@effect/platform/HttpServerError"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import { type InvalidRequest, NotFound } from "../../Contract/Errors.js"
import * as Routes from "../../Contract/Routes.js"
import { isLoopback } from "../../Internal/Loopback.js"
import { Ids } from "../../Store/Ids.js"
import { Lifecycle } from "../Process/Lifecycle.js"
import { ServiceInfo } from "../Process/ServiceInfo.js"
import * as RunFailures from "../Run/RunFailures.js"
import * as RunOutcome from "../Run/RunOutcome.js"
import * as BearerAuth from "./BearerAuth.js"
import * as Guard from "./Guard.js"
import * as Handlers from "./Handlers.js"
import * as Health from "./Health.js"
import * as InvokeRoute from "./InvokeRoute.js"
import * as NodeServer from "./NodeServer.js"
import * as Response from "./Response.js"
import * as ValidationIssues from "./ValidationIssues.js"

/**
 * Makes the handler of a deployment's requests.
 *
 * **Details**
 *
 * Requests get no spans: a run's own spans, made by the tracer its warm state may bring, are what tells.
 */
export const make: Effect.Effect<NodeServer.Handler, never, Handlers.Requirements | Scope.Scope> = Effect.gen(
  function* () {
    const { manifest } = yield* ServiceInfo
    const lifecycle = yield* Lifecycle
    const gate = Guard.make({
      routes: Routes.make(manifest.serving),
      isAuthorized: BearerAuth.make(manifest.authKeyDigests),
      loopbackOnly: manifest.authKeyDigests.length === 0 && isLoopback(manifest.listen.host)
    })
    const platform = yield* onFirstUse(platformHandler)
    const direct = (yield* InvokeRoute.HotRoute) ? yield* directRoutes(platform) : {}
    return (request, response) => {
      if (lifecycle.phase() === "draining") response.setHeader("Connection", "close")
      const verdict = gate(request)
      if (verdict._tag === "Refuse") NodeServer.send(request, response, verdict.answer)
      else (direct[verdict.route.name] ?? platform)(request, response)
    }
  }
)

// internal

/** The routes that are answered without the typed API: of every run, and those that are asked while a service starts. */
const directRoutes = (
  platform: NodeServer.Handler
): Effect.Effect<{ readonly [Name in Routes.RouteName]?: NodeServer.Handler }, never, Handlers.Requirements> =>
  Effect.gen(function* () {
    const health = yield* Health.answers
    const answering =
      (answer: () => Response.Response): NodeServer.Handler =>
      (request, response) =>
        NodeServer.send(request, response, answer())
    return {
      invoke: yield* InvokeRoute.make(platform),
      health: answering(health.health),
      live: answering(health.live),
      ready: answering(health.ready)
    }
  })

/** Makes a handler when its first request comes: what is asked for seldom is not worth starting later for. */
const onFirstUse = <R>(
  make: Effect.Effect<NodeServer.Handler, never, R>
): Effect.Effect<NodeServer.Handler, never, R> =>
  Effect.gen(function* () {
    const made = yield* Effect.cached(make)
    const runFork = Runtime.runFork(yield* Effect.runtime<R>())
    return (request, response) => {
      runFork(Effect.map(made, (handle) => handle(request, response)))
    }
  })

const platformHandler = Effect.gen(function* () {
  const ids = yield* Ids
  const context = yield* Layer.build(
    Layer.mergeAll(
      Handlers.layer,
      HttpApiBuilder.middleware(answerFailures(ids)),
      HttpApiBuilder.Middleware.layer,
      HttpServer.layerContext
    )
  )
  const handle = yield* Effect.flatMap(HttpApiBuilder.httpApp, (app) => NodeHttpServer.makeHandler(app)).pipe(
    Effect.provide(context),
    Effect.locally(HttpMiddleware.currentTracerDisabledWhen, () => true)
  )
  return (request: IncomingMessage, response: ServerResponse) => {
    NodeServer.secure(response)
    handle(request, response)
  }
})

/** What the platform would answer in its own words is said in ours. Errors of the contract pass. */
const answerFailures =
  (ids: typeof Ids.Service) =>
  (app: HttpApp.Default): HttpApp.Default =>
    Effect.catchAllCause(app, (cause) => {
      const error: unknown = Cause.squash(cause)
      if (error instanceof HttpApiDecodeError) return Effect.succeed(Response.toResponse(undecodable(error)))
      if (error instanceof RouteNotFound) return Effect.succeed(Response.toResponse(notFound()))
      return Cause.isDie(cause)
        ? Effect.map(RunOutcome.internalError(ids, RunFailures.render(cause)), (internal) =>
            Response.toResponse(Response.ofError(internal))
          )
        : Effect.failCause(cause)
    })

const notFound = () => Response.ofError(new NotFound({ message: "There is no such path on this service." }))

const undecodable = (error: HttpApiDecodeError): Response.Response =>
  Response.ofError(
    ValidationIssues.invalidRequest(
      firstPerPath(error.issues.map(({ message, path }) => ValidationIssues.make(path, message)))
    )
  )

/** An optional parameter that does not fit is reported twice: for what it may be, and for not being absent. */
const firstPerPath = (issues: InvalidRequest["issues"]): InvalidRequest["issues"] =>
  issues.filter(({ path }, index) => issues.findIndex((other) => other.path === path) === index)
