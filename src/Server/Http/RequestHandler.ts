/**
 * The HTTP side of a service as one function on Node's requests: the guard first, then a direct route or the typed API.
 */
import * as HttpMiddleware from "@effect/platform/HttpMiddleware"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import type * as Routes from "../../Contract/Routes.js"
import { Lifecycle } from "../Run/Lifecycle.js"
import type * as Response from "../Run/Response.js"
import * as App from "./App.js"
import * as Guard from "./Guard.js"
import type * as Handlers from "./Handlers.js"
import * as Health from "./Health.js"
import * as InvokeRoute from "./InvokeRoute.js"
import * as NodeServer from "./NodeServer.js"
import * as ServerSentEvents from "./ServerSentEvents.js"

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
      invoke: yield* InvokeRoute.make(platform),
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
