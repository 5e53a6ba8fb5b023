/** Pipelines as data: their parts, which combinators change. */
import type * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import { pipeArguments } from "effect/Pipeable"
import type * as Schema from "effect/Schema"
import type { Pipeline } from "../Pipeline.js"
import type { BundlingInput } from "../Settings/Bundling.js"
import type { ServingInput } from "../Settings/Serving.js"
import type { App } from "./App.js"
import type { CallerLimits } from "./CallerLimits.js"
import type { Check } from "./Check.js"
import type { Schedule } from "./Schedules.js"
import type { Trigger } from "./Triggers.js"

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

/** The parts of a pipeline, without its types. */
export interface Parts<I, O, E> {
  readonly name: string
  readonly description: string | undefined
  readonly input: I
  readonly output: O
  readonly error: E
  readonly settings: ServingInput & BundlingInput
  readonly check: Check | undefined
  readonly app: App<unknown> | undefined
  readonly session: ((input: never) => string | undefined) | undefined
  readonly schedules: ReadonlyArray<Schedule>
  readonly triggers: ReadonlyArray<Trigger>
  readonly callers: CallerLimits | undefined
  readonly layer: Layer.Layer<never, unknown, unknown>
  readonly program: (input: never) => Effect.Effect<unknown, unknown, unknown>
}

/** The parts of a pipeline. */
export const parts = <
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
  app: self.app,
  session: self.session,
  schedules: self.schedules,
  triggers: self.triggers,
  callers: self.callers,
  layer: self.layer,
  program: self.program
})

/** The pipeline of some parts. */
export const fromParts = <
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
