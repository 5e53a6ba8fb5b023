/**
 * The HTTP side of a service as one function on Node's requests: the gate first, then a direct route or the typed API.
 *
 * @since 0.1.0
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
import { type InvalidRequest, NotFound } from "../Errors/Http.js"
import { Ids } from "../Ids.js"
import * as Answer from "./Answer.js"
import * as Auth from "./Auth.js"
import { Deployed } from "./Deployed.js"
import * as Failures from "./Failures.js"
import * as Gate from "./Gate.js"
import * as Handlers from "./Handlers.js"
import * as Health from "./Health.js"
import * as HotRoute from "./HotRoute.js"
import * as Issues from "./Issues.js"
import { Lifecycle } from "./Lifecycle.js"
import * as NodeServer from "./NodeServer.js"
import * as Outcome from "./Outcome.js"
import * as Routes from "./Routes.js"

/**
 * Makes the handler of a deployment's requests.
 *
 * **Details**
 *
 * Requests get no spans: a run's own spans, made by the tracer its warm state may bring, are what tells.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make: Effect.Effect<NodeServer.Handler, never, Handlers.Requirements | Scope.Scope> = Effect.gen(
  function* () {
    const { manifest } = yield* Deployed
    const lifecycle = yield* Lifecycle
    const gate = Gate.make({
      routes: Routes.make(manifest.serving),
      isAuthorized: Auth.make(manifest.authKeyDigests),
      loopbackOnly: manifest.authKeyDigests.length === 0 && isLoopback(manifest.listen.host)
    })
    const platform = yield* onFirstUse(platformHandler)
    const direct = (yield* HotRoute.HotRoute) ? yield* directRoutes(platform) : {}
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
      (answer: () => Answer.Answer): NodeServer.Handler =>
      (request, response) =>
        NodeServer.send(request, response, answer())
    return {
      invoke: yield* HotRoute.make(platform),
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

const isLoopback = (host: string): boolean => host === "localhost" || host === "::1" || host.startsWith("127.")

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
      if (error instanceof HttpApiDecodeError) return Effect.succeed(Answer.toResponse(undecodable(error)))
      if (error instanceof RouteNotFound) return Effect.succeed(Answer.toResponse(notFound()))
      return Cause.isDie(cause)
        ? Effect.map(Outcome.internalError(ids, Failures.render(cause)), (internal) =>
            Answer.toResponse(Answer.ofError(internal))
          )
        : Effect.failCause(cause)
    })

const notFound = () => Answer.ofError(new NotFound({ message: "There is no such path on this service." }))

const undecodable = (error: HttpApiDecodeError): Answer.Answer =>
  Answer.ofError(
    Issues.invalidRequest(firstPerPath(error.issues.map(({ message, path }) => Issues.make(path, message))))
  )

/** An optional parameter that does not fit is reported twice: for what it may be, and for not being absent. */
const firstPerPath = (issues: InvalidRequest["issues"]): InvalidRequest["issues"] =>
  issues.filter(({ path }, index) => issues.findIndex((other) => other.path === path) === index)
