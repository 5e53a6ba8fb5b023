/**
 * A pipeline is the typed program that becomes a service: schemas of its parameters, outputs and failures,
 * and an Effect. It is pure data, independent of servers and stores.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Layer from "effect/Layer"
import { type Pipeable, pipeArguments } from "effect/Pipeable"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { type Check, type CheckOptions, fromOptions } from "./Pipeline/Check.js"
import type { BundlingInput } from "./Settings/Bundling.js"
import type { ServingInput } from "./Settings/Serving.js"
import type { StepTimedOut } from "./Step.js"

export type { Check, CheckOptions, Expected } from "./Pipeline/Check.js"

/**
 * Marks pipelines, also those of another copy of this library.
 *
 * @category type IDs
 * @since 0.1.0
 */
export const TypeId: unique symbol = Symbol.for("effect-deployers/Pipeline")

/**
 * @category type IDs
 * @since 0.1.0
 */
export type TypeId = typeof TypeId

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
    layer: Layer.empty,
    program: options.run
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

// internal

interface Parts<I, O, E> {
  readonly name: string
  readonly description: string | undefined
  readonly input: I
  readonly output: O
  readonly error: E
  readonly settings: ServingInput & BundlingInput
  readonly check: Check | undefined
  readonly layer: Layer.Layer<never, unknown, unknown>
  readonly program: (input: never) => Effect.Effect<unknown, unknown, unknown>
}

const parts = <
  I extends Schema.Schema.AnyNoContext,
  O extends Schema.Schema.AnyNoContext,
  E extends Schema.Schema.All,
  R
>(
  self: Pipeline<I, O, E, R>
): Parts<I, O, E> => ({
  name: self.name,
  description: self.description,
  input: self.input,
  output: self.output,
  error: self.error,
  settings: self.settings,
  check: self.check,
  layer: self.layer,
  program: self.program
})

const fromParts = <
  I extends Schema.Schema.AnyNoContext,
  O extends Schema.Schema.AnyNoContext,
  E extends Schema.Schema.All,
  R
>(
  self: Parts<I, O, E>
): Pipeline<I, O, E, R> =>
  ({
    [TypeId]: TypeId,
    ...self,
    pipe() {
      // biome-ignore lint/complexity/noArguments: the documented way to implement Pipeable
      return pipeArguments(this, arguments)
    }
  }) as unknown as Pipeline<I, O, E, R>
