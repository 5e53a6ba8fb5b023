/** Timestamps of records. */
import type * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"

/** The UTC time of epoch milliseconds. The last one is reused: most timestamps of a quick run share a millisecond. */
export const at = (millis: number): DateTime.Utc => {
  if (latest.epochMillis !== millis) latest = DateTime.unsafeMake(millis)
  return latest
}

/** The whole milliseconds since a reading of the monotonic clock, which a change of the system time does not affect. */
export const elapsedMillis = (clock: Clock.Clock, sinceNanos: bigint): number =>
  Math.max(0, Math.round(Number(clock.unsafeCurrentTimeNanos() - sinceNanos) / 1e6))

// internal

let latest: DateTime.Utc = DateTime.unsafeMake(0)
