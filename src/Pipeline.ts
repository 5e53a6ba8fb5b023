/**
 * A pipeline is the typed program that becomes a service: schemas of its parameters, outputs and failures,
 * and an Effect. It is pure data, independent of servers and stores.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Layer from "effect/Layer"
import type { Pipeable } from "effect/Pipeable"
import * as Predicate from "effect/Predicate"
import type * as Schema from "effect/Schema"
import type { App } from "./Pipeline/App.js"
import type { CallerLimits } from "./Pipeline/CallerLimits.js"
import type { Check } from "./Pipeline/Check.js"
import { fromParts, parts, TypeId } from "./Pipeline/Parts.js"
import type { Schedule } from "./Pipeline/Schedules.js"
import type { Trigger } from "./Pipeline/Triggers.js"
import type { BundlingInput } from "./Settings/Bundling.js"
import type { ServingInput } from "./Settings/Serving.js"
import type { StepTimedOut } from "./Step.js"

export type { CallerLimits, CallerOptions } from "./Pipeline/CallerLimits.js"
export type { Check, CheckOptions, Expected } from "./Pipeline/Check.js"
export { type Elements, ElementsTypeId, elements, isElements } from "./Pipeline/Elements.js"
export { type AnyMember, type Group, type GroupInput, type GroupOptions, group } from "./Pipeline/Group.js"
export { make, stream } from "./Pipeline/Make.js"
export { TypeId } from "./Pipeline/Parts.js"
export { type Missed, type Schedule, type ScheduleOptions, schedule } from "./Pipeline/Schedules.js"
export { type Message, type Trigger, type TriggerOptions, trigger } from "./Pipeline/Triggers.js"

/**
 * A typed pipeline. `R` are its open requirements; only a pipeline without any can be deployed.
 *
 * @category models
 * @since 0.1.0
 */
export interface Pipeline<
  out I extends Schema.Schema.AnyNoContext = Schema.Schema.AnyNoContext,
  out O extends Schema.Schema.AnyNoContext = Schema.Schema.AnyNoContext,
  out E extends Schema.Schema.All = Schema.Schema.All,
  out R = never
> extends Pipeable {
  readonly [TypeId]: TypeId
  /** Name of the pipeline; snapshots of the same name are versions of each other. */
  readonly name: string
  readonly description: string | undefined
  /** Schema of the parameters; callers send the encoded side. */
  readonly input: I
  /** Schema of the outputs; callers receive the encoded side. */
  readonly output: O
  /** Schema of the typed failures; `Schema.Never` if there are none. */
  readonly error: E
  /** Serving and bundle settings of the pipeline; those of a deployment take precedence. */
  readonly settings: ServingInput & BundlingInput
  /** Run by a new version before it gets callers; `undefined` if there is none. */
  readonly check: Check | undefined
  /** Endpoints, middleware and hooks beside the pipeline; `undefined` if there are none. */
  readonly app: App<unknown> | undefined
  /** Runs that the service starts by itself. */
  readonly schedules: ReadonlyArray<Schedule>
  /** Messages of queues that become runs. */
  readonly triggers: ReadonlyArray<Trigger>
  /** Reads the session of a run from its parameters; `undefined` if only the caller names one. */
  readonly session: ((input: never) => string | undefined) | undefined
  /** The limits of each caller; `undefined` if there are none. */
  readonly callers: CallerLimits | undefined
  /** Warm state: built once per service, released at drain. */
  readonly layer: Layer.Layer<never, unknown, R>
  /** Runs the program with the warm state in its context. Prefer {@link run}. */
  program(input: Schema.Schema.Type<I>): Effect.Effect<Schema.Schema.Type<O>, Schema.Schema.Type<E> | StepTimedOut>
}

/**
 * Any pipeline that can be deployed.
 *
 * @category models
 * @since 0.1.0
 */
export type Any = Pipeline<Schema.Schema.AnyNoContext, Schema.Schema.AnyNoContext, Schema.Schema.All, never>

/**
 * The parameters as callers write them (encoded side: optional fields may be left out).
 *
 * @category type-level
 * @since 0.1.0
 */
export type Parameters<P extends { readonly input: Schema.Schema.AnyNoContext }> = Schema.Schema.Encoded<P["input"]>

/**
 * The outputs of a successful run (decoded side).
 *
 * @category type-level
 * @since 0.1.0
 */
export type Outputs<P extends { readonly output: Schema.Schema.AnyNoContext }> = Schema.Schema.Type<P["output"]>

/**
 * The typed failures of a run.
 *
 * @category type-level
 * @since 0.1.0
 */
export type Failure<P extends { readonly error: Schema.Schema.All }> = Schema.Schema.Type<P["error"]> | StepTimedOut

/**
 * Meets requirements of a pipeline with a layer. The layer is built once when the service starts (its failure keeps the
 * deployment from becoming ready) and released after the last run has drained; runs share it.
 *
 * @example
 * ```ts
 * import { Context, Effect, Layer, Schema } from "effect"
 * import { Pipeline } from "effect-deployers"
 *
 * class Model extends Context.Tag("Model")<Model, { readonly predict: (x: number) => number }>() {}
 *
 * export const predict = Pipeline.make("predict", {
 *   input: Schema.Struct({ x: Schema.Number }),
 *   output: Schema.Struct({ y: Schema.Number }),
 *   run: ({ x }) => Effect.map(Model, (model) => ({ y: model.predict(x) }))
 * }).pipe(Pipeline.provide(Layer.succeed(Model, { predict: (x) => 2 * x })))
 * ```
 *
 * @category combining
 * @since 0.1.0
 */
export const provide: {
  <ROut, LE, RIn>(
    layer: Layer.Layer<ROut, LE, RIn>
  ): <I extends Schema.Schema.AnyNoContext, O extends Schema.Schema.AnyNoContext, E extends Schema.Schema.All, R>(
    self: Pipeline<I, O, E, R>
  ) => Pipeline<I, O, E, Exclude<R, ROut> | RIn>
  <
    I extends Schema.Schema.AnyNoContext,
    O extends Schema.Schema.AnyNoContext,
    E extends Schema.Schema.All,
    R,
    ROut,
    LE,
    RIn
  >(
    self: Pipeline<I, O, E, R>,
    layer: Layer.Layer<ROut, LE, RIn>
  ): Pipeline<I, O, E, Exclude<R, ROut> | RIn>
} = dual(
  2,
  <
    I extends Schema.Schema.AnyNoContext,
    O extends Schema.Schema.AnyNoContext,
    E extends Schema.Schema.All,
    R,
    ROut,
    LE,
    RIn
  >(
    self: Pipeline<I, O, E, R>,
    layer: Layer.Layer<ROut, LE, RIn>
  ): Pipeline<I, O, E, Exclude<R, ROut> | RIn> =>
    fromParts({ ...parts(self), layer: Layer.provideMerge(self.layer, layer) })
)

/**
 * Gives a pipeline an application: endpoints, routes, middleware and hooks of its service. Its requirements become those of the
 * pipeline, so `provide` comes after it. A second application is added to the first.
 *
 * @example
 * ```ts
 * import { HttpRouter, HttpServerResponse } from "@effect/platform"
 * import { Effect, Schema } from "effect"
 * import { App, Pipeline } from "effect-deployers"
 *
 * const hello = HttpRouter.empty.pipe(HttpRouter.get("/hello", HttpServerResponse.text("Hello!")))
 *
 * export const greet = Pipeline.make("greet", {
 *   input: Schema.Struct({ name: Schema.String }),
 *   output: Schema.String,
 *   run: ({ name }) => Effect.succeed(`Hello, ${name}!`)
 * }).pipe(Pipeline.withApp(App.routes(hello, { access: "public" })))
 * ```
 *
 * @category combining
 * @since 0.1.0
 */
export const withApp: {
  <AR>(
    app: App<AR>
  ): <I extends Schema.Schema.AnyNoContext, O extends Schema.Schema.AnyNoContext, E extends Schema.Schema.All, R>(
    self: Pipeline<I, O, E, R>
  ) => Pipeline<I, O, E, R | AR>
  <I extends Schema.Schema.AnyNoContext, O extends Schema.Schema.AnyNoContext, E extends Schema.Schema.All, R, AR>(
    self: Pipeline<I, O, E, R>,
    app: App<AR>
  ): Pipeline<I, O, E, R | AR>
} = dual(
  2,
  <I extends Schema.Schema.AnyNoContext, O extends Schema.Schema.AnyNoContext, E extends Schema.Schema.All, R, AR>(
    self: Pipeline<I, O, E, R>,
    app: App<AR>
  ): Pipeline<I, O, E, R | AR> =>
    fromParts({
      ...parts(self),
      app: self.app === undefined ? app : { ...self.app, parts: [...self.app.parts, ...app.parts] }
    })
)

/**
 * Runs a pipeline once in the current process, building and releasing its warm state around it: what a unit test or a
 * script needs. A failure of the warm state's layer is a defect here, as it is for a service that cannot start.
 *
 * @category running
 * @since 0.1.0
 */
export const run = <
  I extends Schema.Schema.AnyNoContext,
  O extends Schema.Schema.AnyNoContext,
  E extends Schema.Schema.All,
  R
>(
  self: Pipeline<I, O, E, R>,
  input: Schema.Schema.Type<I>
): Effect.Effect<Schema.Schema.Type<O>, Schema.Schema.Type<E> | StepTimedOut, R> =>
  Effect.scoped(
    Effect.flatMap(Effect.orDie(Layer.build(self.layer)), (context) =>
      Effect.mapInputContext(self.program(input), (outer: Context.Context<never>) => Context.merge(outer, context))
    )
  )

/**
 * True for a pipeline.
 *
 * @category guards
 * @since 0.1.0
 */
export const isPipeline = (u: unknown): u is Any => Predicate.hasProperty(u, TypeId)
