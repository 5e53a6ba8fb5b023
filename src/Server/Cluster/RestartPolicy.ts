/** When a worker that ended is started again: after ever longer waits, and not any more when it goes on ending. */
import * as Duration from "effect/Duration"

/** The ends of the workers of one slot within the last minute, as times in milliseconds. */
export type History = ReadonlyArray<number>

/** Adds an end. */
export const note = (history: History, at: number): History => [
  ...history.filter((earlier) => at - earlier < Duration.toMillis(window)),
  at
]

/** Whether starting it again is given up. */
export const isLoop = (history: History): boolean => history.length >= maxEnds

/** How long to wait: 100 ms, and twice as long for each further end within the window. */
export const delay = (history: History): Duration.Duration =>
  Duration.millis(100 * 2 ** Math.max(0, history.length - 1))

/** How many ends within {@link window} are too many. */
export const maxEnds = 5

export const window: Duration.Duration = Duration.minutes(1)
