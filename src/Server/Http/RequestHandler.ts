/**
 * The HTTP side of a service as one function on Node's requests: the guard first, then a direct route or the typed API.
 */
import type { ServerResponse } from "node:http"
import * as HttpMiddleware from "@effect/platform/HttpMiddleware"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import type * as Routes from "../../Contract/Routes.js"
import { Invocation, Lifecycle } from "../Run/Invocation.js"
import * as InvokeRequest from "../Run/InvokeRequest.js"
import * as Response from "../Run/Response.js"
import * as RunEvents from "../Run/RunEvents.js"
import * as App from "./App.js"
import * as Guard from "./Guard.js"
import type * as Handlers from "./Handlers.js"
import * as Health from "./Health.js"
import * as NodeServer from "./NodeServer.js"
import * as RequestBody from "./RequestBody.js"
import * as ServerSentEvents from "./ServerSentEvents.js"
import { ServiceInfo } from "./ServiceInfo.js"

/**
 * Makes the handler of a deployment's requests.
 *
 * **Details**
 *
 * Requests get no spans; runs get those of the pipeline, from the tracer of its warm state.
 */
export const make: Effect.Effect<NodeServer.Handler, never, Handlers.Requirements | Scope.Scope> = Effect.gen(
  function* () {
    const lifecycle = yield* Lifecycle
    const guard = yield* Guard.ofService
    const platform = yield* onFirstUse(platformHandler)
    const direct = yield* directRoutes(platform)
    return (request, response) => {
      if (lifecycle.phase() === "draining") response.setHeader("Connection", "close")
      const verdict = guard(request)
      if (verdict._tag === "Refuse") NodeServer.send(request, response, verdict.answer)
      else (direct[verdict.route.name] ?? platform)(request, response)
    }
  }
)

// internal

/** The routes that bypass the typed API: the invocation, and health, which is read while a service starts. */
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
      invoke: yield* invokeRoute(platform),
      health: answering(health.health),
      live: answering(health.live),
      ready: answering(health.ready)
    }
  })

/** Makes a handler at its first request, so that routes in rare use do not delay the start. */
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

const platformHandler: Effect.Effect<NodeServer.Handler, never, Handlers.Requirements | Scope.Scope> = Effect.gen(
  function* () {
    const routes = yield* App.routed(yield* ServerSentEvents.responder)
    const handle = yield* Effect.locally(
      NodeHttpServer.makeHandler(routes),
      HttpMiddleware.currentTracerDisabledWhen,
      () => true
    )
    return (request, response) => {
      NodeServer.secure(response)
      handle(request, response)
    }
  }
)

/**
 * `POST /invoke` straight from Node's request to Node's response. Every run comes by this route, and the platform's handlers
 * cost several times as much as a quick run. Invocations with an idempotency key take those handlers, because they wait for
 * the store before they run.
 */
const invokeRoute = (
  platform: NodeServer.Handler
): Effect.Effect<NodeServer.Handler, never, ServiceInfo | Invocation> =>
  Effect.gen(function* () {
    const { manifest } = yield* ServiceInfo
    const invocation = yield* Invocation
    const open = yield* ServerSentEvents.make
    const runFork = Runtime.runFork(yield* Effect.runtime<never>())
    return (request, response) => {
      const view = InvokeRequest.modeOf(request.headers, manifest.serving)
      if (request.headers["idempotency-key"] !== undefined) return platform(request, response)
      RequestBody.receive(request, manifest.serving, (body) => {
        if (Either.isLeft(body)) {
          const answer = Response.ofError(body.left)
          if (RequestBody.isWhole(request)) NodeServer.send(request, response, answer)
          else runFork(RequestBody.refuse(request, response, answer))
          return
        }
        const leave =
          view === "stream"
            ? RunEvents.invoke(invocation, body.right, open(response), (answer) => {
                if (answer !== undefined) NodeServer.send(request, response, answer)
              })
            : invocation.call(
                body.right,
                (answer) => {
                  if (!response.destroyed) NodeServer.send(request, response, answer)
                },
                InvokeRequest.optionsOf[view]
              )
        if (leave !== undefined) whenClosed(response, leave)
      })
    }
  })

/** Calls `leave` when the caller disconnects before its response. */
const whenClosed = (response: ServerResponse, leave: () => void): void => {
  if (response.writableEnded) return
  response.once("close", () => {
    if (!response.writableEnded) leave()
  })
}
