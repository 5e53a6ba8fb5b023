/**
 * When something started and how long ago that is.
 *
 * @since 0.1.0
 */
import type * as Clock from "effect/Clock"

/**
 * @category models
 * @since 0.1.0
 */
export interface Stopwatch {
  /** Unix time. */
  readonly startedMillis: number
  /** Whole milliseconds since then; it does not jump when the system's time is set. */
  readonly elapsedMillis: () => number
}

/**
 * Starts now.
 *
 * @category constructors
 * @since 0.1.0
 */
export const start = (clock: Clock.Clock): Stopwatch => {
  const startedNanos = clock.unsafeCurrentTimeNanos()
  return {
    startedMillis: clock.unsafeCurrentTimeMillis(),
    elapsedMillis: () => Math.max(0, Math.round(Number(clock.unsafeCurrentTimeNanos() - startedNanos) / 1e6))
  }
}
