/**
 * What runs have cost in the turn of the event loop that is under way, so that they leave room for whoever else waits for
 * the process.
 */

export interface EventLoopBudget {
  /** Adds a run and what it computed without a break. */
  readonly spend: (millis: number) => void
  /** Whether runs have cost so much that the next ones should wait for another turn. */
  readonly isSpent: () => boolean
}

/**
 * How long runs may compute in one turn before others wait for the next, in milliseconds. Whoever asks for the health of
 * a service that computes without a break waits about twice as long.
 */
export const budgetMillis = 30

/**
 * How many runs may start in one turn, whatever they compute: what is around a run takes time, too, some 40 us. Runs that
 * wait for another turn outlive the young generation, so it is more than usually come in one.
 */
export const maxRuns = 2_048

/**
 * Counts from one turn to the next.
 *
 * @param onNext Called when the turn after one with runs begins.
 * @param defer Calls in the next turn; default `setImmediate`.
 */
export const make = (onNext: () => void, defer: (act: () => void) => void = setImmediate): EventLoopBudget => {
  let spentMillis = 0
  let runs = 0
  const end = () => {
    spentMillis = 0
    runs = 0
    onNext()
  }
  return {
    spend: (millis) => {
      if (++runs === 1) defer(end)
      spentMillis += Math.max(0, millis)
    },
    isSpent: () => spentMillis >= budgetMillis || runs >= maxRuns
  }
}
