/** The application of a pipeline, as its server sees it. `App` of the contract makes it. */
import type * as HttpApi from "@effect/platform/HttpApi"
import type * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import type * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import type * as HttpApp from "@effect/platform/HttpApp"
import type * as HttpRouter from "@effect/platform/HttpRouter"
import type * as Layer from "effect/Layer"
import type * as Schema from "effect/Schema"
import type * as Types from "effect/Types"
import type { CallerLimits } from "./CallerLimits.js"

/**
 * Marks applications, also those of another copy of this library.
 *
 * @category type IDs
 * @since 0.1.0
 */
export const TypeId: unique symbol = Symbol.for("effect-deployers/App")

/**
 * @category type IDs
 * @since 0.1.0
 */
export type TypeId = typeof TypeId

/**
 * The key that callers of an endpoint need: one with a scope, or none.
 *
 * @category models
 * @since 0.1.0
 */
export type Access = "public" | "invoke" | "read" | "admin"

/**
 * An application: endpoints, middleware and layers of a service besides its pipeline. `R` are its open requirements.
 *
 * @category models
 * @since 0.1.0
 */
export interface App<out R = never> {
  readonly [TypeId]: { readonly _R: Types.Covariant<R> }
  readonly parts: ReadonlyArray<Part>
}

/**
 * One part of an application, without its types.
 *
 * @category models
 * @since 0.1.0
 */
export type Part = Endpoints | Routes | Member | Middleware | Hooks

/**
 * Typed endpoints with their handlers.
 *
 * @category models
 * @since 0.1.0
 */
export interface Endpoints {
  readonly _tag: "Endpoints"
  readonly access: Access
  /** The endpoints below a prefix; with an empty one as they are. */
  readonly group: (prefix: string) => HttpApiGroup.HttpApiGroup.AnyWithProps
  /** Their handlers below a prefix. */
  readonly layer: (prefix: string) => Layer.Layer<HttpApi.Api, unknown, HttpApiBuilder.Router>
}

/**
 * Routes without schemas.
 *
 * @category models
 * @since 0.1.0
 */
export interface Routes {
  readonly _tag: "Routes"
  readonly access: Access
  readonly router: HttpRouter.HttpRouter<unknown>
}

/**
 * The invocation of one pipeline of a group.
 *
 * @category models
 * @since 0.1.0
 */
export interface Member {
  readonly _tag: "Member"
  readonly access: Access
  /** The part of its path that is its own. */
  readonly name: string
  readonly pipeline: {
    readonly name: string
    readonly description: string | undefined
    readonly input: Schema.Schema.AnyNoContext
    readonly output: Schema.Schema.AnyNoContext
    readonly error: Schema.Schema.All
    readonly callers: CallerLimits | undefined
  }
}

/**
 * A middleware with the names of its targets; `undefined` stands for everything.
 *
 * @category models
 * @since 0.1.0
 */
export interface Middleware {
  readonly _tag: "Middleware"
  readonly on: ReadonlyArray<string> | undefined
  /** The app with the middleware around it. */
  readonly wrap: (app: HttpApp.Default) => HttpApp.Default<unknown>
}

/**
 * A layer that lives as long as the service accepts runs.
 *
 * @category models
 * @since 0.1.0
 */
export interface Hooks {
  readonly _tag: "Hooks"
  readonly layer: Layer.Layer<never, unknown>
}
