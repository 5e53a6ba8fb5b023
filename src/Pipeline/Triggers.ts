/** Triggers of a pipeline: messages of a queue that become runs. */
import type * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import type * as Stream from "effect/Stream"
import type { Pipeline } from "../Pipeline.js"
import { fromParts, parts } from "./Parts.js"

/**
 * A message of a queue.
 *
 * @category models
 * @since 0.2.0
 */
export interface Message<A> {
  /** The same at each delivery of the message: it becomes the idempotency key of the run. */
  readonly id: string
  /** The parameters of the run, as a caller writes them. */
  readonly input: A
  /** Takes the message from the queue. */
  readonly ack: Effect.Effect<void>
  /** Gives the message back, so that the queue delivers it again. */
  readonly nack: Effect.Effect<void>
}

/**
 * The options of a trigger.
 *
 * @category models
 * @since 0.2.0
 */
export interface TriggerOptions<I extends Schema.Schema.AnyNoContext, R> {
  /**
   * The messages, pulled as runs have room. A stream that fails is run again, after a second at first and after 30 seconds at
   * the latest.
   */
  readonly messages: Stream.Stream<Message<Schema.Schema.Encoded<I>>, unknown, R>
  /**
   * `ended` (default): a message is taken when its run has succeeded. `accepted`: when its run is on record; what becomes of the
   * run is a matter of its record and of `recovery`.
   */
  readonly ackOn?: "accepted" | "ended" | undefined
  /** Most messages in progress in the service; default 10. */
  readonly concurrency?: number | undefined
  /** Runs of one message that may fail, with `ackOn: "ended"`; default 5. */
  readonly maxAttempts?: number | undefined
  /** Receives a message that no run can take, or whose attempts are used up, before it is taken; default a line in the log. */
  readonly deadLetter?: ((message: Message<unknown>, reason: string) => Effect.Effect<void, never, R>) | undefined
}

/**
 * A trigger of a pipeline, which sees its warm state.
 *
 * @category models
 * @since 0.2.0
 */
export interface Trigger {
  readonly name: string
  readonly messages: Stream.Stream<Message<unknown>, unknown, unknown>
  readonly ackOn: "accepted" | "ended"
  readonly concurrency: number
  readonly maxAttempts: number
  readonly deadLetter: ((message: Message<unknown>, reason: string) => Effect.Effect<void, never, unknown>) | undefined
}

/** Makes a trigger. Throws for options that are not valid, so that such a pipeline cannot be loaded. */
export const make = <I extends Schema.Schema.AnyNoContext, R>(
  name: string,
  { ackOn = "ended", concurrency = 10, deadLetter, maxAttempts = 5, messages }: TriggerOptions<I, R>
): Trigger => {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(name)) {
    throw new Error(`The trigger ${JSON.stringify(name)} needs a name of 1 to 100 letters, digits and . _ -`)
  }
  for (const [option, value] of Object.entries({ concurrency, maxAttempts })) {
    if (!Number.isInteger(value) || value < 1) {
      throw new Error(`The trigger "${name}" has ${option}: ${value}; give a whole number of at least 1.`)
    }
  }
  return { name, messages, ackOn, concurrency, maxAttempts, deadLetter }
}

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
  <I extends Schema.Schema.AnyNoContext, R2 = never>(name: string, options: TriggerOptions<NoInfer<I>, R2>) =>
  <O extends Schema.Schema.AnyNoContext, E extends Schema.Schema.All, R>(
    self: Pipeline<I, O, E, R>
  ): Pipeline<I, O, E, R | R2> =>
    fromParts({
      ...parts(self),
      triggers: [...self.triggers.filter((other) => other.name !== name), make(name, options)]
    })
