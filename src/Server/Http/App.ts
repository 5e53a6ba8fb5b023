/** The HTTP side of a service as an app of the platform, for requests from Node and for web requests. */
import { IncomingMessage } from "node:http"
import * as Headers from "@effect/platform/Headers"
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import { HttpApiDecodeError } from "@effect/platform/HttpApiError"
import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpServer from "@effect/platform/HttpServer"
import { RouteNotFound } from "@effect/platform/HttpServerError"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { type InvalidRequest, NotFound } from "../../Contract/Errors.js"
import { Ids } from "../../Store/Ids.js"
import { Lifecycle } from "../Run/Invocation.js"
import * as Response from "../Run/Response.js"
import * as RunFailures from "../Run/RunFailures.js"
import * as RunOutcome from "../Run/RunOutcome.js"
import * as ValidationIssues from "../Run/ValidationIssues.js"
import * as EventResponse from "./EventResponse.js"
import * as Guard from "./Guard.js"
import * as Handlers from "./Handlers.js"
import { mountPrefix } from "./MountPrefix.js"
import { securityHeaders } from "./NodeServer.js"

/** Makes the app. Interrupting the fiber of a request means that its caller disconnected. */
export const make: Effect.Effect<HttpApp.Default, never, Handlers.Requirements | Scope.Scope> = Effect.gen(
  function* () {
    const guard = yield* Guard.ofService
    const { phase } = yield* Lifecycle
    const routes = yield* routed(EventResponse.respond)
    return Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => {
      const asked = guardedOf(request)
      const verdict = guard(asked)
      const response =
        verdict._tag === "Refuse"
          ? Effect.succeed(Response.toResponse(verdict.answer))
          : Effect.provideService(routes, HttpServerRequest.HttpServerRequest, request.modify({ url: asked.url }))
      return Effect.map(response, (it) => finished(it, mountPrefix(request), phase() === "draining"))
    })
  }
)

/** The routes of a deployment, for requests that have passed the guard. */
export const routed = (
  respond: EventResponse.Responder
): Effect.Effect<HttpApp.Default, never, Handlers.Requirements | Scope.Scope> =>
  Effect.gen(function* () {
    const ids = yield* Ids
    const context = yield* Layer.build(
      Layer.mergeAll(
        Handlers.layer(respond),
        HttpApiBuilder.middleware(answerFailures(ids)),
        HttpApiBuilder.Middleware.layer,
        HttpServer.layerContext
      )
    )
    return Effect.provide(yield* Effect.provide(HttpApiBuilder.httpApp, context), context)
  })

// internal

/** Web requests contain each header once, so none is ambiguous. */
const guardedOf = (request: HttpServerRequest.HttpServerRequest): Guard.GuardedRequest & { url: string } => ({
  method: request.method,
  url: request.url.startsWith("?") ? `/${request.url}` : request.url,
  headers: request.headers,
  rawHeaders: request.source instanceof IncomingMessage ? request.source.rawHeaders : []
})

const secure = Headers.fromInput(securityHeaders)

/** Adds the headers of every response, and the path of the mount to a location. */
const finished = (
  response: HttpServerResponse.HttpServerResponse,
  prefix: string,
  isDraining: boolean
): HttpServerResponse.HttpServerResponse => {
  const { location } = response.headers
  return HttpServerResponse.setHeaders(response, {
    ...secure,
    ...response.headers,
    ...(location?.startsWith("/") === true ? { location: prefix + location } : {}),
    ...(isDraining ? { connection: "close" } : {})
  })
}

/** Answers the platform's own errors with errors of the contract, which pass unchanged. */
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
