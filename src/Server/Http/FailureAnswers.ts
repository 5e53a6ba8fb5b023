/** The answers to failures of the platform and of handlers, which are errors of the contract. */
import type * as HttpApi from "@effect/platform/HttpApi"
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import { HttpApiDecodeError } from "@effect/platform/HttpApiError"
import type * as HttpApp from "@effect/platform/HttpApp"
import type * as HttpRouter from "@effect/platform/HttpRouter"
import { RequestError, RouteNotFound } from "@effect/platform/HttpServerError"
import * as HttpServerRespondable from "@effect/platform/HttpServerRespondable"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { InvalidRequest, NotFound } from "../../Contract/Errors.js"
import type { Ids } from "../../Store/Ids.js"
import * as RunFailures from "../Run/Execution/RunFailures.js"
import * as RunOutcome from "../Run/Execution/RunOutcome.js"
import * as Response from "../Run/Response.js"
import * as ValidationIssues from "../Run/ValidationIssues.js"

/** The app of an implemented API. Its own errors pass as its schemas have them. */
export const app = <E, R>(
  api: Layer.Layer<HttpApi.Api | HttpApiBuilder.Router | HttpRouter.HttpRouter.DefaultServices, E, R>,
  ids: typeof Ids.Service
): Effect.Effect<HttpApp.Default, E, R | Scope.Scope> =>
  Effect.gen(function* () {
    const context = yield* Layer.build(
      Layer.mergeAll(api, HttpApiBuilder.middleware(platformErrors(ids)), HttpApiBuilder.Middleware.layer)
    )
    return Effect.provide(yield* Effect.provide(HttpApiBuilder.httpApp, context), context)
  })

/**
 * Answers every failure of an app: with the response that a failure knows itself, with `NotFound` and `InvalidRequest` for
 * requests that do not fit, and with `InternalError` for anything else, whose details only the log has.
 */
export const answered =
  (ids: typeof Ids.Service) =>
  (app: HttpApp.Default<unknown>): HttpApp.Default =>
    Effect.catchAllCause(app, (cause) => {
      if (Cause.isInterruptedOnly(cause)) return Effect.interrupt
      const error: unknown = Cause.squash(cause)
      const known = knownAnswer(error)
      if (known !== undefined) return Effect.succeed(Response.toResponse(known))
      if (HttpServerResponse.isServerResponse(error)) return Effect.succeed(error)
      if (Cause.isFailure(cause) && HttpServerRespondable.isRespondable(error)) {
        return Effect.orDie(HttpServerRespondable.toResponse(error))
      }
      return internal(ids, cause)
    })

// internal

/** Answers the platform's own errors with errors of the contract, which pass unchanged. */
const platformErrors =
  (ids: typeof Ids.Service) =>
  (app: HttpApp.Default): HttpApp.Default =>
    Effect.catchAllCause(app, (cause) => {
      const known = knownAnswer(Cause.squash(cause))
      if (known !== undefined) return Effect.succeed(Response.toResponse(known))
      return Cause.isDie(cause) ? internal(ids, cause) : Effect.failCause(cause)
    })

const internal = (ids: typeof Ids.Service, cause: Cause.Cause<unknown>) =>
  Effect.map(RunOutcome.internalError(ids, RunFailures.render(cause)), (error) =>
    Response.toResponse(Response.ofError(error))
  )

const knownAnswer = (error: unknown): Response.Response | undefined => {
  if (error instanceof HttpApiDecodeError) return undecodable(error)
  if (error instanceof RouteNotFound) return notFound()
  return error instanceof RequestError ? unreadable() : undefined
}

const unreadable = () =>
  Response.ofError(
    new InvalidRequest({ message: "The body of the request cannot be read, or is too large.", issues: [] })
  )

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
