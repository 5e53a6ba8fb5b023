/**
 * Serves pipelines inside one's own program: on a port of their own, or as apps beside one's own routes.
 *
 * **Details**
 *
 * Runs use the program's logger, `ConfigProvider` and tracer. Several pipelines can be served in one process, each with its
 * settings and its run store: `Layer.fresh` gives each a store of its own.
 */

import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpLayerRouter from "@effect/platform/HttpLayerRouter"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { StoreError } from "../Errors/Stores.js"
import type * as Pipeline from "../Pipeline.js"
import * as Ids from "../Store/Ids.js"
import type { RunStore } from "../Store/RunStore.js"
import * as TickBatcher from "./HotPath/TickBatcher.js"
import * as App from "./Http/App.js"
import * as Serve from "./Process/Serve.js"
import * as ServiceRuntime from "./Process/ServiceRuntime.js"
import * as ServerSettings from "./ServerSettings.js"

export { ListenFailed, Served, WarmUpFailed } from "./Process/Serve.js"
export { manifest, ServerInvalidSettings, type ServerSettings } from "./ServerSettings.js"

/**
 * Serves a pipeline on a port of its own, from the time its warm state is built until the scope of the layer closes, which
 * drains it first.
 *
 * @example
 * ```ts
 * import { NodeRuntime } from "@effect/platform-node"
 * import { Effect, Layer, Redacted, Schema } from "effect"
 * import { Pipeline } from "effect-deployers"
 * import { Server } from "effect-deployers/Server"
 * import { Runs } from "effect-deployers/Store"
 *
 * const greet = Pipeline.make("greet", {
 *   input: Schema.Struct({ name: Schema.String }),
 *   output: Schema.Struct({ greeting: Schema.String }),
 *   run: ({ name }) => Effect.succeed({ greeting: `Hello, ${name}!` })
 * })
 *
 * const served = Server.layer(greet, { port: 8080, authKeys: [Redacted.make("a-long-random-key")] })
 *
 * export const main = Layer.launch(Layer.provide(served, Runs.layerFile("runs.db"))).pipe(NodeRuntime.runMain)
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  pipeline: Pipeline.Any,
  settings?: ServerSettings.ServerSettings
): Layer.Layer<
  Serve.Served,
  ServerSettings.ServerInvalidSettings | Serve.ListenFailed | StoreError | Serve.WarmUpFailed,
  RunStore
> =>
  Layer.scoped(
    Serve.Served,
    Effect.gen(function* () {
      const served = yield* Serve.make(pipeline, yield* ServerSettings.manifest(pipeline, settings))
      yield* served.warmUp
      yield* whenClosed(served.drain)
      return served
    })
  ).pipe(Layer.provide(Ids.layer))

/**
 * Makes an app of a pipeline, with its warm state built. Closing the scope drains it and releases the warm state.
 *
 * **Details**
 *
 * The app answers every path of a deployment. It can be mounted with `HttpRouter.mountApp`, served by `HttpServer.serve` with
 * any middleware, or turned into a web handler. `Location` headers, the pages and the OpenAPI document contain the path of
 * the mount. Interrupting the fiber of a request interrupts its run, which is recorded as `disconnected`.
 *
 * @example
 * ```ts
 * import { HttpRouter, HttpServer, HttpServerResponse } from "@effect/platform"
 * import { Effect, Layer, Schema } from "effect"
 * import { Pipeline } from "effect-deployers"
 * import { Server } from "effect-deployers/Server"
 *
 * const greet = Pipeline.make("greet", {
 *   input: Schema.Struct({ name: Schema.String }),
 *   output: Schema.Struct({ greeting: Schema.String }),
 *   run: ({ name }) => Effect.succeed({ greeting: `Hello, ${name}!` })
 * })
 *
 * // POST /greet/invoke, beside a route of one's own
 * export const routes = Effect.map(Server.httpApp(greet), (app) =>
 *   HttpRouter.empty.pipe(
 *     HttpRouter.get("/", HttpServerResponse.text("my own page")),
 *     HttpRouter.mountApp("/greet", app),
 *     HttpServer.serve()
 *   )
 * ).pipe(Layer.unwrapScoped)
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const httpApp = (
  pipeline: Pipeline.Any,
  settings?: ServerSettings.ServerSettings
): Effect.Effect<HttpApp.Default, BuildError, RunStore | Scope.Scope> =>
  Effect.gen(function* () {
    // The program owns the socket, so without a host of its own the app answers requests to any.
    const manifest = yield* ServerSettings.manifest(pipeline, { host: "0.0.0.0", ...settings })
    const { drain, services, warmUp } = yield* ServiceRuntime.make(pipeline, manifest)
    const app = yield* Effect.provide(App.make, services)
    yield* warmUp
    yield* whenClosed(drain())
    return app
  }).pipe(Effect.provide(Ids.layer))

/**
 * An app of a pipeline could not be made.
 *
 * @category errors
 * @since 0.1.0
 */
export type BuildError = ServerSettings.ServerInvalidSettings | StoreError | ServiceRuntime.WarmUpFailed

/**
 * Mounts the app of a pipeline at a path, beside the endpoints of one's own `HttpApi`.
 *
 * @example
 * ```ts
 * import { HttpApi, HttpApiBuilder } from "@effect/platform"
 * import { Effect, Layer, Schema } from "effect"
 * import { Pipeline } from "effect-deployers"
 * import { Server } from "effect-deployers/Server"
 * import { Runs } from "effect-deployers/Store"
 *
 * const greet = Pipeline.make("greet", {
 *   input: Schema.Struct({ name: Schema.String }),
 *   output: Schema.Struct({ greeting: Schema.String }),
 *   run: ({ name }) => Effect.succeed({ greeting: `Hello, ${name}!` })
 * })
 *
 * export const api = HttpApiBuilder.serve().pipe(
 *   Layer.provide(Server.mount("/greet", greet)),
 *   Layer.provide(HttpApiBuilder.api(HttpApi.make("mine"))),
 *   Layer.provide(Runs.layerMemory)
 * )
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const mount = (
  path: `/${string}`,
  pipeline: Pipeline.Any,
  settings?: ServerSettings.ServerSettings
): Layer.Layer<never, BuildError, RunStore> =>
  HttpApiBuilder.Router.use((router) =>
    Effect.flatMap(httpApp(pipeline, settings), (app) => router.mountApp(path, app))
  )

/**
 * Mounts the app of a pipeline at a path of an `HttpLayerRouter`.
 *
 * @category layers
 * @since 0.1.0
 */
export const mountLayerRouter = (
  path: `/${string}`,
  pipeline: Pipeline.Any,
  settings?: ServerSettings.ServerSettings
): Layer.Layer<never, BuildError, RunStore | HttpLayerRouter.HttpRouter> =>
  HttpLayerRouter.use((router) =>
    Effect.gen(function* () {
      const app = yield* httpApp(pipeline, settings)
      const mounted = router.prefixed(path)
      yield* mounted.add("*", "/", app)
      yield* mounted.add("*", "/*", app)
    })
  )

/**
 * Lets servers make progress without the event loop, for tests with virtual time: work that runs share is done in the next
 * microtask and not in the next turn. Provide it where {@link layer}, {@link httpApp} or a mount is built.
 *
 * @category testing
 * @since 0.1.0
 */
export const layerMicrotasks: Layer.Layer<never> = TickBatcher.layerMicrotasks

// internal

/** A finalizer is uninterruptible, and in it the deadlines of a drain would never end: they run in a fiber of their own. */
const whenClosed = (drain: Effect.Effect<void>): Effect.Effect<void, never, Scope.Scope> =>
  Effect.addFinalizer(() => Effect.flatMap(Effect.forkDaemon(Effect.interruptible(drain)), Fiber.join))
