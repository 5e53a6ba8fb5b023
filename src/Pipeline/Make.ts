/** The constructors of pipelines: a program with one result, and one that streams. */
import type * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type * as Stream from "effect/Stream"
import type { Pipeline } from "../Pipeline.js"
import type { BundlingInput } from "../Settings/Bundling.js"
import type { ServingInput } from "../Settings/Serving.js"
import type { StepTimedOut } from "../Step.js"
import { type CallerOptions, fromOptions as limitsOf } from "./CallerLimits.js"
import { type CheckOptions, fromOptions } from "./Check.js"
import { type Elements, elements, emitting } from "./Elements.js"
import { fromParts } from "./Parts.js"

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
