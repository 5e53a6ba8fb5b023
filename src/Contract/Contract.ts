/** The contract of a pipeline, apart from its implementation: name and schemas. A client needs the contract only. */
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Stream from "effect/Stream"
import * as Pipeline from "../Pipeline.js"
import type { ServingInput } from "../Settings/Serving.js"
import type { StepTimedOut } from "../Step.js"

/**
 * Name, schemas and settings of a pipeline. Every pipeline is a contract too.
 *
 * @category models
 * @since 0.1.0
 */
export interface Contract<
  out I extends Schema.Schema.AnyNoContext = Schema.Schema.AnyNoContext,
  out O extends Schema.Schema.AnyNoContext = Schema.Schema.AnyNoContext,
  out E extends Schema.Schema.All = Schema.Schema.All
> {
  /** Name of the pipeline. */
  readonly name: string
  readonly description: string | undefined
  /** Schema of the parameters; callers send the encoded side. */
  readonly input: I
  /** Schema of the outputs; callers receive the encoded side. */
  readonly output: O
  /** Schema of the typed failures; `Schema.Never` if there are none. */
  readonly error: E
  /** Serving settings of the pipeline; those of a deployment take precedence. */
  readonly settings: ServingInput
}

/**
 * Any contract.
 *
 * @category models
 * @since 0.1.0
 */
export type Any = Contract<Schema.Schema.AnyNoContext, Schema.Schema.AnyNoContext, Schema.Schema.All>

/**
 * The parts of a contract. `settings` are those of the service that implements it.
 *
 * @category models
 * @since 0.2.0
 */
export interface Options<I, O, E> {
  readonly description?: string | undefined
  readonly input: I
  readonly output: O
  /** The typed failures; default none. */
  readonly error?: E | undefined
  readonly settings?: ServingInput | undefined
}

/**
 * Makes a contract. It runs nothing: callers import it without the code of the pipeline.
 *
 * @example
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { Client, Contract } from "effect-deployers"
 *
 * export const greeting = Contract.make("greet", {
 *   input: Schema.Struct({ name: Schema.String }),
 *   output: Schema.Struct({ greeting: Schema.String })
 * })
 *
 * const program = Effect.gen(function* () {
 *   const { greeting: text } = yield* Client.make(greeting, "greetings").invoke({ name: "Ada" })
 *   yield* Effect.log(text)
 * })
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <
  I extends Schema.Schema.AnyNoContext,
  O extends Schema.Schema.AnyNoContext,
  E extends Schema.Schema.All = typeof Schema.Never
>(
  name: string,
  options: Options<I, O, E>
): Contract<I, O, E> => ({
  name,
  description: options.description,
  input: options.input,
  output: options.output,
  error: options.error ?? (Schema.Never as Schema.Schema.All as E),
  settings: options.settings ?? {}
})

/**
 * Makes the contract of a pipeline that streams: `output` is the schema of one element. {@link implementStream} implements
 * it.
 *
 * @example
 * ```ts
 * import { Effect, Schema, Stream } from "effect"
 * import { Client, Contract } from "effect-deployers"
 *
 * export const words = Contract.stream("words", {
 *   input: Schema.Struct({ text: Schema.String }),
 *   output: Schema.Struct({ word: Schema.String })
 * })
 *
 * const program = Client.make(words, "words")
 *   .stream({ text: "one two" })
 *   .pipe(Stream.runForEach(({ word }) => Effect.log(word)))
 * ```
 *
 * @category constructors
 * @since 0.2.0
 */
export const stream = <
  I extends Schema.Schema.AnyNoContext,
  O extends Schema.Schema.AnyNoContext,
  E extends Schema.Schema.All = typeof Schema.Never
>(
  name: string,
  options: Options<I, O, E>
): Contract<I, Pipeline.Elements<O>, E> => make(name, { ...options, output: Pipeline.elements(options.output) })

/**
 * Implements the contract of a pipeline that streams.
 *
 * @example
 * ```ts
 * import { Schema, Stream } from "effect"
 * import { Contract } from "effect-deployers"
 *
 * const words = Contract.stream("words", {
 *   input: Schema.Struct({ text: Schema.String }),
 *   output: Schema.Struct({ word: Schema.String })
 * })
 *
 * export const split = Contract.implementStream(words, ({ text }) =>
 *   Stream.map(Stream.fromIterable(text.split(" ")), (word) => ({ word }))
 * )
 * ```
 *
 * @category constructors
 * @since 0.2.0
 */
export const implementStream = <
  I extends Schema.Schema.AnyNoContext,
  O extends Schema.Schema.AnyNoContext,
  E extends Schema.Schema.All,
  R = never,
  CR = never
>(
  contract: Contract<I, Pipeline.Elements<O>, E>,
  run: (
    input: Schema.Schema.Type<I>
  ) => Stream.Stream<Schema.Schema.Type<O>, NoInfer<Schema.Schema.Type<E>> | StepTimedOut, R>,
  options: {
    readonly check?: Pipeline.CheckOptions<I, Pipeline.Elements<O>, E, NoInfer<R>, CR> | undefined
  } = {}
): Pipeline.Pipeline<I, Pipeline.Elements<O>, E, R | CR> =>
  Pipeline.stream(contract.name, { ...contract, ...options, output: contract.output.element, run })

/**
 * Implements a contract. The result is a pipeline like those of `Pipeline.make`.
 *
 * @example
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { Contract } from "effect-deployers"
 *
 * const greeting = Contract.make("greet", {
 *   input: Schema.Struct({ name: Schema.String }),
 *   output: Schema.Struct({ greeting: Schema.String })
 * })
 *
 * export const greet = Contract.implement(greeting, ({ name }) => Effect.succeed({ greeting: `Hello, ${name}!` }))
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const implement = <
  I extends Schema.Schema.AnyNoContext,
  O extends Schema.Schema.AnyNoContext,
  E extends Schema.Schema.All,
  R = never,
  CR = never
>(
  contract: Contract<I, O, E>,
  run: (
    input: Schema.Schema.Type<I>
  ) => Effect.Effect<Schema.Schema.Type<O>, NoInfer<Schema.Schema.Type<E>> | StepTimedOut, R>,
  options: {
    readonly check?: Pipeline.CheckOptions<I, O, E, NoInfer<R>, CR> | undefined
    readonly session?: ((input: Schema.Schema.Type<I>) => string | undefined) | undefined
  } = {}
): Pipeline.Pipeline<I, O, E, R | CR> => Pipeline.make(contract.name, { ...contract, ...options, run })
