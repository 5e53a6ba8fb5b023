/**
 * The HTTP side of a service as one function on Node's requests: the guard first, then a direct route or the typed API.
 */
import type { IncomingMessage, ServerResponse } from "node:http"
import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpMiddleware from "@effect/platform/HttpMiddleware"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import * as Routes from "../../Contract/Routes.js"
import * as Input from "../../Input.js"
import type { Member } from "../../Pipeline/App.js"
import type { Serving } from "../../Settings/Serving.js"
import * as RunEvents from "../Run/Events/RunEvents.js"
import { StreamLimit } from "../Run/Events/StreamLimit.js"
import * as RunTrace from "../Run/Execution/RunTrace.js"
import { Invocation, Lifecycle } from "../Run/Invocation.js"
import * as InvokeRequest from "../Run/InvokeRequest.js"
import * as RunQueries from "../Run/Records/RunQueries.js"
import * as Response from "../Run/Response.js"
import type { Parsed } from "../Run/SafeJson.js"
import * as AnswerWriter from "./AnswerWriter.js"
import * as App from "./App.js"
import { Application, nameOf } from "./Application.js"
import * as CallerWebhook from "./CallerWebhook.js"
import { type Format, formats } from "./EventFormats.js"
import * as EventResponse from "./EventResponse.js"
import * as Forwarded from "./Forwarded.js"
import * as Guard from "./Guard.js"
import type * as Handlers from "./Handlers.js"
import * as Health from "./Health.js"
import type * as HttpServer from "./HttpServer.js"
import { KeyRing } from "./KeyRing.js"
import * as Members from "./Members.js"
import type { Answering } from "./OwnEndpoints.js"
import * as PublicPrefix from "./PublicPrefix.js"
import * as RequestBody from "./RequestBody.js"
import * as RequestId from "./RequestId.js"
import * as ResponseHeaders from "./ResponseHeaders.js"
import * as RunRequests from "./RunRequests.js"
import * as RunRoute from "./RunRoute.js"
import * as ServerSentEvents from "./ServerSentEvents.js"
import { ServiceInfo } from "./ServiceInfo.js"
import * as ServiceProof from "./ServiceProof.js"
import { sessionIn } from "./SessionHandlers.js"

/**
 * Makes the handler of a deployment's requests.
 *
 * **Details**
 *
 * Requests get no spans; runs do, from the tracer of the pipeline's warm state, and continue the trace of their caller.
 */
export const make: Effect.Effect<HttpServer.Handler, never, Handlers.Requirements | Scope.Scope> = Effect.gen(
  function* () {
    const lifecycle = yield* Lifecycle
    const guard = yield* Guard.ofService
    const { hasAnyMiddleware } = yield* Application
    // A middleware sees the response to a stream of events, which is otherwise written past the platform.
    const respond = hasAnyMiddleware ? Effect.succeed(EventResponse.respond) : ServerSentEvents.responder
    const routes = yield* Effect.cached(Effect.flatMap(respond, App.routed))
    const platform = yield* onFirstUse(Effect.flatMap(routes, platformHandler))
    const direct = { ...(yield* directRoutes(platform)), ...(yield* wrappedRoutes(routes)) }
    const own = yield* ownHandler(respond)
    const setHeaders = ResponseHeaders.setter((yield* ServiceInfo).manifest.serving)
    return (request, response) => {
      setHeaders?.(request, response)
      if (lifecycle.isLeaving()) response.setHeader("Connection", "close")
      const verdict = guard(request)
      if (verdict._tag === "Refuse") AnswerWriter.send(request, response, verdict.answer)
      else if (verdict._tag === "Own") own(verdict.endpoint.part)(request, response, verdict.caller)
      else (direct[verdict.route.name] ?? platform)(request, response, verdict.caller)
    }
  }
)

// internal

/** The routes that bypass the typed API: the invocation, records of runs, and health, which is read while a service starts. */
const directRoutes = (
  platform: HttpServer.Handler
): Effect.Effect<{ readonly [Name in Routes.RouteName]?: HttpServer.Handler }, never, Handlers.Requirements> =>
  Effect.gen(function* () {
    const health = yield* Health.answers
    // A connection that a checker keeps would be the service's alone, and wait while a step computes.
    const checking =
      (answer: () => Response.Response): HttpServer.Handler =>
      (request, response) => {
        response.shouldKeepAlive = false
        AnswerWriter.send(request, response, answer())
      }
    const { manifest } = yield* ServiceInfo
    const prove = ServiceProof.make(manifest, (yield* KeyRing).digests)
    return {
      invoke: yield* invokeRoute(platform),
      run: yield* Effect.provide(RunRoute.make(manifest.serving, platform), RunQueries.layer),
      health: checking(health.health),
      live: checking(health.live),
      ready: checking(health.ready),
      proof: (request, response) => AnswerWriter.send(request, response, prove(request.url, request.socket.localPort))
    }
  })

/** Makes a handler at its first request, so that routes in rare use do not delay the start. */
const onFirstUse = <R>(
  make: Effect.Effect<HttpServer.Handler, never, R>
): Effect.Effect<HttpServer.Handler, never, R> =>
  Effect.gen(function* () {
    const made = yield* Effect.cached(make)
    const runFork = Runtime.runFork(yield* Effect.runtime<R>())
    return (request, response) => {
      runFork(Effect.map(made, (handle) => handle(request, response)))
    }
  })

const platformHandler = (app: HttpApp.Default): Effect.Effect<HttpServer.Handler, never, ServiceInfo> =>
  Effect.gen(function* () {
    const { manifest } = yield* ServiceInfo
    const handle = yield* Effect.locally(
      NodeHttpServer.makeHandler(behindProxies(manifest.serving, App.compressing(manifest.serving, app))),
      HttpMiddleware.currentTracerDisabledWhen,
      () => true
    )
    return (request, response) => {
      AnswerWriter.secure(response)
      handle(request, response)
    }
  })

type Platform = Effect.Effect<HttpApp.Default, never, Handlers.Requirements | Scope.Scope>

/** The handlers of the default endpoints that a middleware sees; none without a middleware. */
const wrappedRoutes = (routes: Platform) =>
  Effect.gen(function* () {
    const { hasMiddleware, wrap } = yield* Application
    const { manifest } = yield* ServiceInfo
    const names = Routes.make(manifest.serving).flatMap(({ name }) => (hasMiddleware(name) ? [name] : []))
    const entries = yield* Effect.forEach(names, (name) =>
      Effect.map(
        onFirstUse(Effect.flatMap(routes, (app) => platformHandler(wrap(name, app)))),
        (it) => [name, it] as const
      )
    )
    return Object.fromEntries(entries) as { readonly [Name in Routes.RouteName]?: HttpServer.Handler }
  })

/** The handlers of the parts of an application. A pipeline of a group has the direct route unless a middleware sees it. */
const ownHandler = (respond: Effect.Effect<EventResponse.Responder>) =>
  Effect.gen(function* () {
    const { app, hasMiddleware, parts, wrap } = yield* Application
    const handlerOf = (part: Answering) => {
      if (part._tag !== "Member") return platformHandler(wrap(nameOf(part), app(part)))
      const onPlatform = Effect.flatMap(Effect.flatMap(respond, App.memberApp(part)), (member) =>
        platformHandler(wrap("invoke", member))
      )
      return Effect.flatMap(onFirstUse(onPlatform), (platform) =>
        hasMiddleware("invoke") ? Effect.succeed(platform) : invokeRoute(platform, part)
      )
    }
    const handlers = new Map(
      yield* Effect.forEach(parts, (part) => Effect.map(handlerOf(part), (handler) => [part, handler] as const))
    )
    return (part: Answering): HttpServer.Handler => handlers.get(part) ?? (() => {})
  })

/** Puts the path that a trusted proxy has taken off in front of the location of an answer. */
const locate = ({ trustedProxies }: Serving) => {
  if (trustedProxies.length === 0) return (_: IncomingMessage, answer: Response.Response) => answer
  const read = Forwarded.reader(trustedProxies)
  return (request: IncomingMessage, answer: Response.Response) => Response.below(answer, read(request).prefix)
}

/** The same for the typed API. */
const behindProxies = ({ trustedProxies }: Serving, routes: HttpApp.Default): HttpApp.Default => {
  if (trustedProxies.length === 0) return routes
  const prefixOf = PublicPrefix.make(trustedProxies)
  return Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
    Effect.map(routes, (response) => App.below(response, prefixOf(request)))
  )
}

/**
 * `POST /invoke` straight from Node's request to Node's response. Every run comes by this route, and the platform's handlers
 * cost several times as much as a quick run. Invocations with an idempotency key take those handlers, because they wait for
 * the store before they run.
 */
const invokeRoute = (
  platform: HttpServer.Handler,
  member?: Member
): Effect.Effect<HttpServer.Handler, never, Handlers.Requirements> =>
  Effect.gen(function* () {
    const service = yield* ServiceInfo
    const { manifest } = service
    const pipeline = member?.pipeline ?? service.pipeline
    // Files go to the disk before their run.
    if (Input.filesOf(pipeline.input).length > 0) return platform
    const modeOf = InvokeRequest.modes(pipeline, manifest.serving)
    const readOn =
      manifest.serving.recording === "none" ? undefined : yield* Effect.provide(RunEvents.readOn, RunQueries.layer)
    const invocation = yield* Invocation
    const follow = yield* followRoute(readOn)
    const located = locate(manifest.serving)
    const describe = RunRequests.make(manifest.serving)
    const webhookOf = CallerWebhook.reader(manifest.serving)
    const send = manifest.serving.compression ? AnswerWriter.sendCompressed : AnswerWriter.send
    const runFork = Runtime.runFork(yield* Effect.runtime<never>())
    return (request, response, caller) => {
      const view = modeOf(request.headers)
      const webhook = webhookOf?.(request.headers)
      if (webhook !== undefined && Either.isLeft(webhook)) {
        return runFork(RequestBody.refuse(request, response, Response.ofError(webhook.left)))
      }
      if (request.headers["idempotency-key"] !== undefined) return platform(request, response)
      RequestBody.receive(request, manifest.serving, (body) => {
        if (Either.isLeft(body)) {
          const answer = Response.ofError(body.left)
          if (RequestBody.isWhole(request)) AnswerWriter.send(request, response, answer)
          else runFork(RequestBody.refuse(request, response, answer))
          return
        }
        const parsed = member === undefined ? body.right : Members.bodyOf(member.name, body.right)
        const { headers } = request
        const requestId = RequestId.of(request, headers)
        const origin = {
          requestId,
          parent: RunTrace.parentOf(headers),
          caller,
          session: sessionIn(headers),
          webhook: webhook?.right,
          request: () => describe(request, caller, requestId)
        }
        const leave = InvokeRequest.isFollowing(view)
          ? follow(request, response, { body: parsed, origin, format: formats[view] })
          : invocation.call(
              parsed,
              (answer) => {
                if (response.destroyed) return
                send(request, response, located(request, member === undefined ? answer : Members.answerOf(answer)))
              },
              InvokeRequest.optionsOf(view, origin)
            )
        if (leave !== undefined) whenClosed(response, leave)
      })
    }
  })

interface Following {
  readonly body: Parsed
  readonly origin: InvokeRequest.Origin
  readonly format: Format
}

/** The invocation whose caller follows its events. */
const followRoute = (readOn: RunEvents.ReadOn | undefined) =>
  Effect.gen(function* () {
    const invocation = yield* Invocation
    const open = yield* ServerSentEvents.make
    const streams = yield* StreamLimit
    return (request: IncomingMessage, response: ServerResponse, { body, format, origin }: Following) => {
      const close = streams.enter()
      if (close === undefined) return void AnswerWriter.send(request, response, Response.ofError(streams.refusal))
      response.once("close", close)
      const onDone = (answer: Response.Response | undefined) => {
        if (answer !== undefined) AnswerWriter.send(request, response, answer)
      }
      return RunEvents.invoke(invocation, body, open(response, format), onDone, { ...origin, readOn })
    }
  })

/** Calls `leave` when the caller disconnects before its response. */
const whenClosed = (response: ServerResponse, leave: () => void): void => {
  if (response.writableEnded) return
  if (response.destroyed) return void leave()
  response.once("close", () => {
    if (!response.writableEnded) leave()
  })
}
