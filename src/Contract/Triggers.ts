/** Triggers as the service answers them. */
import * as Schema from "effect/Schema"

/**
 * A trigger of the pipeline.
 *
 * @category schemas
 * @since 0.2.0
 */
export const TriggerStatus = Schema.Struct({
  name: Schema.String,
  /** The moment at which a message is taken from its queue. */
  ackOn: Schema.Literal("accepted", "ended"),
  /** Most messages in progress in the service. */
  concurrency: Schema.Int,
  /** Runs of one message that may fail. */
  maxAttempts: Schema.Int,
  /** True for a trigger that pulls no messages until it is resumed. */
  isPaused: Schema.Boolean
})

export type TriggerStatus = typeof TriggerStatus.Type

/**
 * The answer of `GET /triggers`.
 *
 * @category schemas
 * @since 0.2.0
 */
export const TriggerList = Schema.Struct({ triggers: Schema.Array(TriggerStatus) })

export type TriggerList = typeof TriggerList.Type
