import * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import type { StepTimedOut } from "../Step.js"

/**
 * The part of an output that a check expects: the members that it names are equal, and lists are equal as a whole.
 *
 * @category type-level
 * @since 0.1.0
 */
export type Expected<T> =
  T extends ReadonlyArray<unknown> ? T : T extends object ? { readonly [K in keyof T]?: Expected<T[K]> | undefined } : T

/**
 * A check as the author of a pipeline writes it: an example, or an Effect that invokes the pipeline. `CR` are the services
 * of the Effect beside those of the pipeline.
 *
 * @category models
 * @since 0.1.0
 */
export type CheckOptions<
  I extends Schema.Schema.AnyNoContext,
  O extends Schema.Schema.AnyNoContext,
  E extends Schema.Schema.All,
  R,
  CR
> = {
  /** Deadline of the check; default 30 seconds. The deadline of the operation ends it, too. */
  readonly timeout?: Duration.DurationInput | undefined
} & (
  | {
      /** Parameters as a caller writes them. */
      readonly input: Schema.Schema.Encoded<I>
      /** The part of the outputs, as a caller receives them, that has to be there; default: any outputs. */
      readonly expect?: Expected<Schema.Schema.Encoded<O>> | undefined
      readonly run?: undefined
    }
  | {
      /** Passes when the Effect succeeds. `invoke` runs the pipeline with the warm state of the new instance. */
      readonly run: (
        invoke: (
          input: Schema.Schema.Type<I>
        ) => Effect.Effect<Schema.Schema.Type<O>, Schema.Schema.Type<E> | StepTimedOut, R>
      ) => Effect.Effect<unknown, unknown, CR>
      readonly input?: undefined
      readonly expect?: undefined
    }
)

/**
 * The check of a pipeline, without its types.
 *
 * @category models
 * @since 0.1.0
 */
export interface Check {
  readonly timeoutMillis: number
  /** Encoded parameters with the expected part of the encoded outputs, if there is one. */
  readonly example?: { readonly input: unknown; readonly expect?: unknown } | undefined
  /** The Effect of a check without an example. */
  readonly run?:
    | ((invoke: (input: never) => Effect.Effect<unknown, unknown>) => Effect.Effect<unknown, unknown>)
    | undefined
  /** The checks of a group, which all have to pass. */
  readonly all?: ReadonlyArray<Check> | undefined
}

const defaultTimeout = Duration.seconds(30)

/** The check of some options. */
export const fromOptions = (options: {
  readonly timeout?: Duration.DurationInput | undefined
  readonly input?: unknown
  readonly expect?: unknown
  readonly run?: unknown
}): Check => {
  const timeoutMillis = Duration.toMillis(options.timeout ?? defaultTimeout)
  return options.run === undefined
    ? { timeoutMillis, example: { input: options.input, expect: options.expect } }
    : { timeoutMillis, run: options.run as Check["run"] }
}
