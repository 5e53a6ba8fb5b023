/**
 * The application of a pipeline in its service: its endpoints and middleware, which are built with the warm state. Until then
 * everything of it answers that the service is starting.
 */
import type * as HttpApp from "@effect/platform/HttpApp"
import type { HttpServerRequest } from "@effect/platform/HttpServerRequest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as AppPaths from "../../Contract/AppPaths.js"
import { ServiceUnavailable } from "../../Contract/Errors.js"
import * as Routes from "../../Contract/Routes.js"
import type { Member, Middleware, Part } from "../../Pipeline/App.js"
import type { Serving } from "../../Settings/Serving.js"
import * as Response from "../Run/Response.js"
import * as OwnEndpoints from "./OwnEndpoints.js"

/** A default endpoint, or a kind of part. */
export type Name = Routes.RouteName | "endpoints" | "static"

/** The application of a service. */
export interface Service {
  /** True if nothing has to be built. */
  readonly isEmpty: boolean
  /** Its endpoints; `undefined` if it has none, so that requests are not compared with any. */
  readonly endpoints: OwnEndpoints.OwnEndpoints | undefined
  /** The parts that answer requests. */
  readonly parts: ReadonlyArray<OwnEndpoints.Answering>
  /** True if there is a middleware for something. */
  readonly hasAnyMiddleware: boolean
  /** True if a middleware sees the requests of an endpoint. */
  readonly hasMiddleware: (name: Name) => boolean
  /** The app of a part. */
  readonly app: (part: OwnEndpoints.Answering) => HttpApp.Default
  /** An app with the middleware for its endpoint. */
  readonly wrap: (name: Name, app: HttpApp.Default) => HttpApp.Default
  /** Builds everything with the warm state, in a scope. */
  readonly open: (build: Build) => Effect.Effect<void, unknown>
}

/** The parts of an application as they are built. */
export interface Build {
  readonly scope: Scope.Scope
  /** The warm state, and the services of every handler. */
  readonly state: Context.Context<never>
  /** Builds the app of a part, whose failures are answered. */
  readonly app: (
    part: Exclude<OwnEndpoints.Answering, Member>
  ) => Effect.Effect<HttpApp.Default<unknown>, unknown, Scope.Scope>
  /** Answers the failures of an app. */
  readonly answered: (app: HttpApp.Default<unknown>) => HttpApp.Default
}

/** Holds the application of a service. */
export class Application extends Context.Tag("effect-deployers/Server/Application")<Application, Service>() {}

/** Makes the application of a pipeline under given settings. Nothing of it is built. */
export const make = (parts: ReadonlyArray<Part>, serving: Serving): Service => {
  const own = [...AppPaths.answering(parts), ...filesOf(serving)]
  const middleware = parts.flatMap((part) => (part._tag === "Middleware" ? [part] : []))
  const apps = new Map<OwnEndpoints.Answering, HttpApp.Default>()
  const wrapped = new Map<Name, ReadonlyArray<Middleware>>()
  const middlewareFor = (name: Name) => {
    const known = wrapped.get(name) ?? middleware.filter((one) => isFor(one, name))
    wrapped.set(name, known)
    return known
  }
  let opened: Build | undefined
  return {
    isEmpty: parts.length === 0 && own.length === 0,
    endpoints: own.length === 0 ? undefined : OwnEndpoints.make(own, Routes.make(serving), serving),
    parts: own,
    hasAnyMiddleware: middleware.length > 0,
    hasMiddleware: (name) => middlewareFor(name).length > 0,
    app: (part) => Effect.suspend(() => apps.get(part) ?? starting),
    wrap: (name, app) => {
      const around = middlewareFor(name)
      if (around.length === 0) return app
      let made: HttpApp.Default | undefined
      return Effect.suspend(() => {
        const build = opened
        if (build === undefined) return starting
        made ??= around.reduceRight((inner, one) => wrapOne(one, inner, build), app)
        return made
      })
    },
    open: (build) =>
      Effect.gen(function* () {
        const provided = <A, E>(effect: Effect.Effect<A, E, Scope.Scope>) =>
          Effect.provide(Scope.extend(effect, build.scope), build.state)
        for (const part of own) {
          if (part._tag !== "Member") apps.set(part, build.answered(yield* provided(build.app(part))))
        }
        for (const part of parts) {
          if (part._tag === "Hooks") yield* Effect.provide(Layer.buildWithScope(part.layer, build.scope), build.state)
        }
        opened = build
      })
  }
}

/** The name by which middleware knows a part. */
export const nameOf = ({ _tag }: OwnEndpoints.Answering): Name => names[_tag]

/** The layer of {@link make}. */
export const layer = (parts: ReadonlyArray<Part>, serving: Serving): Layer.Layer<Application> =>
  Layer.sync(Application, () => make(parts, serving))

// internal

const names = { Endpoints: "endpoints", Routes: "endpoints", Member: "invoke", Files: "static" } as const

const filesOf = ({ static: files }: Serving): ReadonlyArray<OwnEndpoints.Files> =>
  files === undefined ? [] : [{ _tag: "Files", access: "public", files }]

/** They answer before the warm state is built, and to callers that have no key. */
const plain: ReadonlySet<Name> = new Set<Name>(["health", "live", "ready", "proof"])

const isFor = ({ on }: Middleware, name: Name): boolean => !plain.has(name) && (on === undefined || on.includes(name))

const wrapOne = ({ wrap }: Middleware, inner: HttpApp.Default, { answered, state }: Build): HttpApp.Default =>
  Effect.mapInputContext(Effect.interruptible(answered(wrap(inner))), (request: Context.Context<HttpServerRequest>) =>
    Context.merge(state, request)
  )

const starting: HttpApp.Default = Effect.succeed(
  Response.toResponse(
    Response.ofError(
      new ServiceUnavailable({
        message: "The service is still starting; try again in a moment.",
        reason: "starting",
        retryAfterSeconds: 1
      })
    )
  )
)
