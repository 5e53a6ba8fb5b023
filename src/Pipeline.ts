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
import * as Schema from "effect/Schema"
import type * as Stream from "effect/Stream"
import type { App } from "./Pipeline/App.js"
import { type CallerLimits, type CallerOptions, fromOptions as limitsOf } from "./Pipeline/CallerLimits.js"
import { type Check, type CheckOptions, fromOptions } from "./Pipeline/Check.js"
import { type Elements, elements, emitting } from "./Pipeline/Elements.js"
import { fromParts, parts, TypeId } from "./Pipeline/Parts.js"
import * as Schedules from "./Pipeline/Schedules.js"
import * as Triggers from "./Pipeline/Triggers.js"
import type { BundlingInput } from "./Settings/Bundling.js"
import type { ServingInput } from "./Settings/Serving.js"
import type { StepTimedOut } from "./Step.js"

export type { CallerLimits, CallerOptions } from "./Pipeline/CallerLimits.js"
export type { Check, CheckOptions, Expected } from "./Pipeline/Check.js"
export { type Elements, ElementsTypeId, elements, isElements } from "./Pipeline/Elements.js"
export { type AnyMember, type Group, type GroupInput, type GroupOptions, group } from "./Pipeline/Group.js"
export { TypeId } from "./Pipeline/Parts.js"
export type { Missed, Schedule, ScheduleOptions } from "./Pipeline/Schedules.js"
export type { Message, Trigger, TriggerOptions } from "./Pipeline/Triggers.js"

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
  readonly schedules: ReadonlyArray<Schedules.Schedule>
  /** Messages of queues that become runs. */
  readonly triggers: ReadonlyArray<Triggers.Trigger>
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
 * Makes a pipeline.
 *
 * **Details**
 *
 * `run` may only fail with what `error` declares, or with {@link StepTimedOut}. A member of `error` that carries an
 * HTTP status (`HttpApiSchema.annotations({ status: 404 })`) answers with it, any other with 422.
 *
 * A deploy runs `check` in the new version after its warm state is built, and before the version gets callers; see
 * {@link CheckOptions}. A check that fails is a failed deploy. The service records no run of a check. Side effects of a
 * check are real, and a check may run again, so they have to be idempotent.
 *
 * `session` reads the session of a run from its parameters, for callers that send no header `Session-Id`; see `Session`.
 *
 * @example
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { Pipeline } from "effect-deployers"
 *
 * export const greet = Pipeline.make("greet", {
 *   input: Schema.Struct({ name: Schema.String }),
 *   output: Schema.Struct({ greeting: Schema.String }),
 *   check: { input: { name: "Ada" }, expect: { greeting: "Hello, Ada!" } },
 *   run: ({ name }) => Effect.succeed({ greeting: `Hello, ${name}!` })
 * })
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <
  I extends Schema.Schema.AnyNoContext,
  O extends Schema.Schema.AnyNoContext,
  R = never,
  E extends Schema.Schema.All = typeof Schema.Never,
  CR = never
>(
  name: string,
  options: {
    readonly description?: string | undefined
    readonly input: I
    readonly output: O
    readonly error?: E | undefined
    readonly settings?: (ServingInput & BundlingInput) | undefined
    readonly check?: CheckOptions<NoInfer<I>, NoInfer<O>, NoInfer<E>, NoInfer<R>, CR> | undefined
    readonly session?: ((input: Schema.Schema.Type<NoInfer<I>>) => string | undefined) | undefined
    readonly callers?: CallerOptions | undefined
    readonly run: (
      input: Schema.Schema.Type<I>
    ) => Effect.Effect<Schema.Schema.Type<O>, NoInfer<Schema.Schema.Type<E>> | StepTimedOut, R>
  }
): Pipeline<I, O, E, R | CR> =>
  fromParts({
    name,
    description: options.description,
    input: options.input,
    output: options.output,
    error: options.error ?? (Schema.Never as Schema.Schema.All as E),
    settings: options.settings ?? {},
    check: options.check === undefined ? undefined : fromOptions(options.check),
    app: undefined,
    session: options.session,
    schedules: [],
    triggers: [],
    callers: options.callers === undefined ? undefined : limitsOf(options.callers),
    layer: Layer.empty,
    program: options.run
  })

/**
 * Makes a pipeline whose outputs are the elements of a `Stream`.
 *
 * **Details**
 *
 * A caller that accepts `text/event-stream` or `application/x-ndjson` receives each element when the pipeline emits it. The
 * pipeline goes on as fast as that caller reads, and is interrupted when the caller leaves. Any other caller gets the list
 * of all elements. Each element is checked against `output` and is an event of the run.
 *
 * @param options `output` is the schema of one element; `run` returns the stream. It may fail with what `error` declares:
 *   callers have the elements before the failure, and then the failure.
 *
 * @example
 * ```ts
 * import { Schema, Stream } from "effect"
 * import { Pipeline } from "effect-deployers"
 *
 * export const words = Pipeline.stream("words", {
 *   input: Schema.Struct({ text: Schema.String }),
 *   output: Schema.Struct({ word: Schema.String, length: Schema.Number }),
 *   run: ({ text }) =>
 *     Stream.map(Stream.fromIterable(text.split(" ")), (word) => ({ word, length: word.length }))
 * })
 * ```
 *
 * @category constructors
 * @since 0.2.0
 */
export const stream = <
  I extends Schema.Schema.AnyNoContext,
  O extends Schema.Schema.AnyNoContext,
  R = never,
  E extends Schema.Schema.All = typeof Schema.Never,
  CR = never
>(
  name: string,
  options: {
    readonly description?: string | undefined
    readonly input: I
    readonly output: O
    readonly error?: E | undefined
    readonly settings?: (ServingInput & BundlingInput) | undefined
    readonly check?: CheckOptions<NoInfer<I>, Elements<NoInfer<O>>, NoInfer<E>, NoInfer<R>, CR> | undefined
    readonly session?: ((input: Schema.Schema.Type<NoInfer<I>>) => string | undefined) | undefined
    readonly callers?: CallerOptions | undefined
    readonly run: (
      input: Schema.Schema.Type<I>
    ) => Stream.Stream<Schema.Schema.Type<O>, NoInfer<Schema.Schema.Type<E>> | StepTimedOut, R>
  }
): Pipeline<I, Elements<O>, E, R | CR> =>
  make(name, {
    ...options,
    output: elements(options.output),
    run: (input: Schema.Schema.Type<I>) => emitting(options.output, () => options.run(input))
  })

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
 * Adds a schedule to a pipeline: its service starts a run at each of its times. All workers and versions of a deployment
 * share one firing.
 *
 * **Details**
 *
 * A run of a schedule is recorded like any other, with the name of the schedule and the time in its name. A firing is skipped
 * while the run of the one before is in progress, unless `overlap` is true. `missed` says what happens to the firings
 * that were due while no process served, by more than a minute: `last` (default) starts one run for the last one, `skip` none,
 * `{ all: n }` one for each of the last n. A cron expression that is not valid is an error when the module is loaded.
 *
 * @example
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { Pipeline } from "effect-deployers"
 *
 * export const report = Pipeline.make("report", {
 *   input: Schema.Struct({ days: Schema.Int }),
 *   output: Schema.String,
 *   run: ({ days }) => Effect.succeed(`the last ${days} days`)
 * }).pipe(Pipeline.schedule("nightly", { cron: "0 3 * * *", timeZone: "Europe/Berlin", input: { days: 1 } }))
 * ```
 *
 * @category combining
 * @since 0.1.0
 */
export const schedule =
  <I extends Schema.Schema.AnyNoContext>(name: string, options: Schedules.ScheduleOptions<NoInfer<I>>) =>
  <O extends Schema.Schema.AnyNoContext, E extends Schema.Schema.All, R>(
    self: Pipeline<I, O, E, R>
  ): Pipeline<I, O, E, R> =>
    fromParts({
      ...parts(self),
      schedules: [...self.schedules.filter((other) => other.name !== name), Schedules.make(name, options)]
    })

/**
 * Adds a trigger to a pipeline: its service starts a run for each message of a queue.
 *
 * **Details**
 *
 * The id of a message is the idempotency key of its run, so a message that is delivered again, also to another process, has one
 * run. A service without room for runs pulls no more messages, and one that drains pulls none and finishes those in progress.
 * The stream sees the warm state of the pipeline: what it requires becomes a requirement of the pipeline.
 *
 * @example
 * ```ts
 * import { Effect, Schema, Stream } from "effect"
 * import { Pipeline } from "effect-deployers"
 *
 * declare const orders: Stream.Stream<Pipeline.Message<{ readonly item: string }>>
 *
 * export const order = Pipeline.make("order", {
 *   input: Schema.Struct({ item: Schema.String }),
 *   output: Schema.String,
 *   run: ({ item }) => Effect.succeed(`one ${item}`)
 * }).pipe(Pipeline.trigger("orders", { messages: orders, concurrency: 20 }))
 * ```
 *
 * @category combining
 * @since 0.2.0
 */
export const trigger =
  <I extends Schema.Schema.AnyNoContext, R2 = never>(name: string, options: Triggers.TriggerOptions<NoInfer<I>, R2>) =>
  <O extends Schema.Schema.AnyNoContext, E extends Schema.Schema.All, R>(
    self: Pipeline<I, O, E, R>
  ): Pipeline<I, O, E, R | R2> =>
    fromParts({
      ...parts(self),
      triggers: [...self.triggers.filter((other) => other.name !== name), Triggers.make(name, options)]
    })

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
