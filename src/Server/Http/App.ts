/** The HTTP side of a service as an app of the platform, for requests from Node and for web requests. */
import { IncomingMessage } from "node:http"
import * as Headers from "@effect/platform/Headers"
import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { Member } from "../../Pipeline/App.js"
import type { Serving } from "../../Settings/Serving.js"
import { Ids } from "../../Store/Ids.js"
import { StreamLimit } from "../Run/Events/StreamLimit.js"
import { Lifecycle } from "../Run/Invocation.js"
import * as RunQueries from "../Run/Records/RunQueries.js"
import * as Response from "../Run/Response.js"
import { Application, nameOf } from "./Application.js"
import * as Compression from "./Compression.js"
import * as Cors from "./Cors.js"
import * as EventResponse from "./EventResponse.js"
import * as FailureAnswers from "./FailureAnswers.js"
import * as Forwarded from "./Forwarded.js"
import * as Guard from "./Guard.js"
import * as Handlers from "./Handlers.js"
import * as PublicPrefix from "./PublicPrefix.js"
import * as RequestId from "./RequestId.js"
import * as SecureHeaders from "./SecureHeaders.js"
import { ServiceInfo } from "./ServiceInfo.js"

/** Makes the app. Interrupting the fiber of a request means that its caller disconnected. */
export const make: Effect.Effect<HttpApp.Default, never, Handlers.Requirements | Scope.Scope> = Effect.gen(
  function* () {
    const guard = yield* Guard.ofService
    const { isLeaving } = yield* Lifecycle
    const { manifest } = yield* ServiceInfo
    const { cors: rules, secureHeaders, trustedProxies } = manifest.serving
    const prefixOf = PublicPrefix.make(trustedProxies)
    const secure = Headers.fromInput(SecureHeaders.make(secureHeaders))
    const cors = rules === undefined ? undefined : Cors.make(rules)
    const routes = yield* routed(EventResponse.respond)
    const { app, parts, wrap } = yield* Application
    const plain = compressing(manifest.serving, routes)
    const members = new Map(
      yield* Effect.forEach(parts, (part) =>
        part._tag === "Member"
          ? Effect.map(memberApp(part)(EventResponse.respond), (member) => [part.name, member] as const)
          : Effect.succeed(["", routes] as const)
      )
    )
    const appOf = (verdict: Exclude<Guard.Verdict, { readonly _tag: "Refuse" }>): HttpApp.Default => {
      if (verdict._tag === "Own") {
        const { part } = verdict.endpoint
        const own = part._tag === "Member" ? members.get(part.name) : undefined
        return compressing(manifest.serving, wrap(nameOf(part), own ?? app(part)))
      }
      const wrapped = wrap(verdict.route.name, routes)
      return wrapped === routes ? plain : compressing(manifest.serving, wrapped)
    }
    return Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => {
      const asked = guardedOf(request)
      const verdict = guard(asked)
      const response =
        verdict._tag === "Refuse"
          ? Effect.succeed(Response.toResponse(verdict.answer))
          : Effect.provideService(
              appOf(verdict),
              HttpServerRequest.HttpServerRequest,
              request.modify({ url: asked.url })
            )
      const requestId = RequestId.ofPlatform(request)
      return Effect.map(response, (it) => {
        const answer = finished(it, secure, prefixOf(request), isLeaving())
        const identified = HttpServerResponse.setHeader(answer, RequestId.header, requestId)
        return cors === undefined ? identified : Cors.add(identified, cors.headersFor(request))
      })
    })
  }
)

/** The routes of a deployment, for requests that have passed the guard. */
export const routed = (
  respond: EventResponse.Responder
): Effect.Effect<HttpApp.Default, never, Handlers.Requirements | Scope.Scope> =>
  Effect.gen(function* () {
    const ids = yield* Ids
    return yield* FailureAnswers.app(Layer.provideMerge(Handlers.layer(respond), HttpServer.layerContext), ids)
  })

/** The invocation of one pipeline of a group. */
export const memberApp =
  (member: Member) =>
  (respond: EventResponse.Responder): Effect.Effect<HttpApp.Default, never, Handlers.Requirements> =>
    Effect.gen(function* () {
      const limited = EventResponse.limited(yield* StreamLimit, respond)
      const handle = yield* Handlers.invocations(limited, member)
      const app = Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => handle(request))
      // As the router of the platform does it: its servers provide the scope of a request, and run it uninterruptibly.
      return Effect.interruptible(app) as HttpApp.Default
    }).pipe(Effect.provide(RunQueries.layer))

/** The same routes with compressed responses, if the settings say so. */
export const compressing = ({ compression }: Serving, routes: HttpApp.Default): HttpApp.Default =>
  compression
    ? Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ headers }) =>
        Effect.flatMap(routes, (response) => Compression.compressed(response, headers["accept-encoding"]))
      )
    : routes

/** The response to callers whose paths start with a prefix, which goes in front of the location. */
export const below = (
  response: HttpServerResponse.HttpServerResponse,
  prefix: string
): HttpServerResponse.HttpServerResponse => {
  const { location } = response.headers
  return prefix !== "" && location?.startsWith("/") === true
    ? HttpServerResponse.setHeader(response, "location", prefix + location)
    : response
}

// internal

/** Web requests contain each header once, so none is ambiguous. */
const guardedOf = (request: HttpServerRequest.HttpServerRequest): Guard.GuardedRequest & { url: string } => ({
  method: request.method,
  url: request.url.startsWith("?") ? `/${request.url}` : request.url,
  ...Forwarded.ofPlatform(request),
  rawHeaders: request.source instanceof IncomingMessage ? request.source.rawHeaders : []
})

/** Adds the headers of every response, and the prefix of public paths to a location. */
const finished = (
  response: HttpServerResponse.HttpServerResponse,
  secure: Headers.Headers,
  prefix: string,
  isLast: boolean
): HttpServerResponse.HttpServerResponse =>
  below(
    HttpServerResponse.setHeaders(response, {
      ...secure,
      ...response.headers,
      ...(isLast ? { connection: "close" } : {})
    }),
    prefix
  )
