/**
 * The intake of a deployment: its operator holds new runs for a while, or refuses them. A deployment without one accepts
 * runs. It belongs to the deployment, not to a generation: it outlives restarts and replaces.
 */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"

/**
 * New runs wait until the pause ends: at a time, or earlier by request.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Paused = Schema.TaggedStruct("Paused", {
  since: Schema.DateTimeUtc,
  /** The end of the pause, unless `resume` ends it before. */
  until: Schema.DateTimeUtc
})

export type Paused = typeof Paused.Type

/**
 * New runs are refused with a message until the maintenance ends by request.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Maintenance = Schema.TaggedStruct("Maintenance", {
  since: Schema.DateTimeUtc,
  /** The text that callers read. */
  message: Schema.String,
  /** The time after which callers may try again. */
  retryAfterSeconds: Schema.Int
})

export type Maintenance = typeof Maintenance.Type

/**
 * A pause or a maintenance.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Intake = Schema.Union(Paused, Maintenance)

export type Intake = typeof Intake.Type

/**
 * The intake at a time: a pause that has ended is none.
 *
 * @category accessors
 * @since 0.2.0
 */
export const at = (intake: Intake | undefined, nowMillis: number): Intake | undefined =>
  intake?._tag === "Paused" && DateTime.toEpochMillis(intake.until) <= nowMillis ? undefined : intake

/**
 * The length of a pause without a given one.
 *
 * @category constants
 * @since 0.2.0
 */
export const defaultPause = Duration.seconds(30)

/**
 * The longest pause. Callers wait for it with an open request.
 *
 * @category constants
 * @since 0.2.0
 */
export const longestPause = Duration.minutes(5)

/**
 * The time after which callers try again during a maintenance without a given time.
 *
 * @category constants
 * @since 0.2.0
 */
export const defaultRetryAfter = Duration.minutes(1)

/**
 * The text for callers of a maintenance without a given one.
 *
 * @category constants
 * @since 0.2.0
 */
export const defaultMessage = "The service is in maintenance; try again later."
