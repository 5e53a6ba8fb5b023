/** The restarts of a worker that ended: the wait doubles each time, and a crash loop ends them. */
import * as Duration from "effect/Duration"

/** The ends of one slot's workers within the last minute, in epoch milliseconds. */
export type History = ReadonlyArray<number>

/** Adds an end. */
export const note = (history: History, at: number): History => [
  ...history.filter((earlier) => at - earlier < Duration.toMillis(window)),
  at
]

/** True when the slot is in a crash loop and is not started again. */
export const isLoop = (history: History): boolean => history.length >= maxEnds

/** The wait before the next start: 100 ms, doubled for each further end within the window. */
export const delay = (history: History): Duration.Duration =>
  Duration.millis(100 * 2 ** Math.max(0, history.length - 1))

/** The number of ends within {@link window} that makes a crash loop. */
export const maxEnds = 5

export const window: Duration.Duration = Duration.minutes(1)
