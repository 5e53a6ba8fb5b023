/**
 * The application of a pipeline: what it serves besides itself. Typed endpoints, routes, middleware, and what starts and ends
 * with the service. They see the warm state of the pipeline.
 */
import type * as Etag from "@effect/platform/Etag"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as HttpApi from "@effect/platform/HttpApi"
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import type { HttpApiDecodeError } from "@effect/platform/HttpApiError"
import type * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import type * as HttpApp from "@effect/platform/HttpApp"
import type * as HttpPlatform from "@effect/platform/HttpPlatform"
import type * as HttpRouter from "@effect/platform/HttpRouter"
import type * as Path from "@effect/platform/Path"
import * as Layer from "effect/Layer"
import type { Access, App, Endpoints, Middleware, Part } from "../Pipeline/App.js"
import { TypeId } from "../Pipeline/App.js"
import type { Invoker } from "./Invoker.js"
import type { RouteName } from "./Routes.js"

export type { Access, App, Endpoints, Hooks, Member, Middleware, Part, Routes } from "../Pipeline/App.js"
export { TypeId } from "../Pipeline/App.js"
export { type InvokeError, type InvokeOptions, Invoker, invoke } from "./Invoker.js"

/**
 * The services that every handler has without asking for them.
 *
 * @category models
 * @since 0.1.0
 */
export type Provided =
  | HttpRouter.HttpRouter.Provided
  | FileSystem.FileSystem
  | Path.Path
  | HttpPlatform.HttpPlatform
  | Etag.Generator
  | Invoker

/**
 * Options of endpoints and routes.
 *
 * @category models
 * @since 0.1.0
 */
export interface EndpointOptions {
  /** The scope of the key that callers need, or `public`; default `invoke`. A service without a key asks for none. */
  readonly access?: Access | undefined
}

/**
 * The target of a middleware: a default endpoint, `endpoints` for the endpoints and routes of the application, or `static` for
 * its files.
 *
 * @category models
 * @since 0.1.0
 */
export type Wrappable = Exclude<RouteName, "health" | "live" | "ready" | "proof"> | "endpoints" | "static"

/**
 * Makes an application of its parts. Of two parts for the same method and path the first one answers; a part for the method and
 * path of a default endpoint replaces it.
 *
 * @example
 * ```ts
 * import { HttpApiEndpoint, HttpApiGroup } from "@effect/platform"
 * import { Context, Effect, Layer, Schema } from "effect"
 * import { App, Pipeline } from "effect-deployers"
 *
 * class Model extends Context.Tag("Model")<Model, { readonly name: string }>() {}
 *
 * const models = HttpApiGroup.make("models").add(HttpApiEndpoint.get("current", "/model").addSuccess(Schema.String))
 *
 * const app = App.make(
 *   App.endpoints(models, (handlers) => handlers.handle("current", () => Effect.map(Model, ({ name }) => name)), {
 *     access: "read"
 *   })
 * )
 *
 * export const predict = Pipeline.make("predict", {
 *   input: Schema.Struct({ x: Schema.Number }),
 *   output: Schema.Number,
 *   run: ({ x }) => Effect.succeed(2 * x)
 * }).pipe(Pipeline.withApp(app), Pipeline.provide(Layer.succeed(Model, { name: "doubling" })))
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <Parts extends ReadonlyArray<App<unknown>>>(
  ...parts: Parts
): App<Parts[number] extends App<infer R> ? R : never> => of(parts.flatMap((app) => app.parts))

/**
 * Typed endpoints with their handlers. They are in the OpenAPI document, and `Client.endpoints` calls them.
 *
 * @category parts
 * @since 0.1.0
 */
export const endpoints = <G extends HttpApiGroup.HttpApiGroup.Any, Return>(
  group: G,
  build: (
    handlers: HttpApiBuilder.Handlers.FromGroup<HttpApiDecodeError, never, G>
  ) => HttpApiBuilder.Handlers.ValidateReturn<Return>,
  options: EndpointOptions = {}
): App<
  Exclude<
    | HttpApiBuilder.Handlers.Context<Return>
    | HttpApiGroup.HttpApiGroup.Middleware<G>
    | HttpApiGroup.HttpApiGroup.ErrorContext<G>,
    Provided
  >
> => {
  // The types of a group are known to its author only; `build` above has checked the handlers against them.
  const untyped = group as unknown as HttpApiGroup.HttpApiGroup.AnyWithProps
  const below = (prefix: string) => (prefix === "" ? untyped : untyped.prefix(prefix as `/${string}`))
  return of([
    {
      _tag: "Endpoints",
      access: options.access ?? "invoke",
      group: below,
      layer: (prefix) => {
        const api = HttpApi.make("application").add(below(prefix))
        const handlers = HttpApiBuilder.group(api, untyped.identifier, build as never)
        return Layer.provide(HttpApiBuilder.api(api), handlers) as ReturnType<Endpoints["layer"]>
      }
    }
  ])
}

/**
 * Routes without schemas: files, redirects, callbacks of other services. They are in no document.
 *
 * @category parts
 * @since 0.1.0
 */
export const routes = <E, R>(
  router: HttpRouter.HttpRouter<E, R>,
  options: EndpointOptions = {}
): App<Exclude<R, Provided>> =>
  of([
    { _tag: "Routes", access: options.access ?? "invoke", router: router as unknown as HttpRouter.HttpRouter<unknown> }
  ])

/**
 * A middleware: it sees requests that have passed the check of the key, and their responses. The first one of an application
 * is the outermost. Health and the proof have none, because they answer before the warm state is built.
 *
 * @category parts
 * @since 0.1.0
 */
export const middleware = <E, R>(
  wrap: (app: HttpApp.Default) => HttpApp.Default<E, R>,
  options: {
    /** The targets; default everything. */
    readonly on?: ReadonlyArray<Wrappable> | undefined
  } = {}
): App<Exclude<R, Provided>> =>
  of([{ _tag: "Middleware", on: options.on, wrap: wrap as unknown as Middleware["wrap"] }])

/**
 * A layer that is built after the warm state, before the service accepts runs, and released after the last run. Its failure
 * keeps the service from starting; a failure of a finalizer skips no other one.
 *
 * @category parts
 * @since 0.1.0
 */
export const layer = <ROut, E, R>(hooks: Layer.Layer<ROut, E, R>): App<Exclude<R, Provided>> =>
  of([{ _tag: "Hooks", layer: hooks as unknown as Layer.Layer<never, unknown> }])

// internal

/** The requirements are a type only: the server meets them with the warm state. */
const of = <R>(parts: ReadonlyArray<Part>): App<R> => ({
  [TypeId]: { _R: (_: never) => _ },
  parts
})
