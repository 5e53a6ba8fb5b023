/** Points in time for records. */
import type * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"

/** The time of so many milliseconds. Most moments of a quick run are the same millisecond, which is made once. */
export const at = (millis: number): DateTime.Utc => {
  if (latest.epochMillis !== millis) latest = DateTime.unsafeMake(millis)
  return latest
}

/** Whole milliseconds since a reading of the clock; they do not jump when the system's time is set. */
export const elapsedMillis = (clock: Clock.Clock, sinceNanos: bigint): number =>
  Math.max(0, Math.round(Number(clock.unsafeCurrentTimeNanos() - sinceNanos) / 1e6))

// internal

let latest: DateTime.Utc = DateTime.unsafeMake(0)
