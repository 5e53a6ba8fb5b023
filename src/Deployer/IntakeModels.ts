/** The options of a pause and of a maintenance. */
import type * as Duration from "effect/Duration"

/**
 * Options of a pause.
 *
 * @category models
 * @since 0.2.0
 */
export interface PauseOptions {
  /** The longest time that new runs wait, up to 5 minutes; default 30 seconds. */
  readonly for?: Duration.DurationInput | undefined
}

/**
 * Options of a maintenance.
 *
 * @category models
 * @since 0.2.0
 */
export interface MaintenanceOptions {
  /** The text that callers read, of 1 to 500 characters; default that the service is in maintenance. */
  readonly message?: string | undefined
  /** The time after which callers may try again, from 1 second to 7 days; default 1 minute. */
  readonly retryAfter?: Duration.DurationInput | undefined
}
