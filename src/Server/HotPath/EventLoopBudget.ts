/**
 * The budget of runs in one turn of the event loop. Runs that exceed it wait for the next turn, so that health checks and
 * other requests are served in between.
 */
import type { NextTurn } from "./NextTurn.js"

export interface EventLoopBudget {
  /** Charges one run with the milliseconds it computed without a break. */
  readonly spend: (millis: number) => void
  /** True when the next runs have to wait for another turn. */
  readonly isSpent: () => boolean
}

/**
 * The milliseconds that runs may compute in one turn. A health check of a service that computes without a break waits
 * about twice as long.
 */
export const budgetMillis = 30

/**
 * The number of runs that may start in one turn. The work around a run takes about 40 us. A run that waits for another
 * turn outlives V8's young generation, so the limit is higher than the usual number of requests in a turn.
 */
export const maxRuns = 2_048

/**
 * Makes a budget that is full again at the start of every turn.
 *
 * @param onNext Called at the start of the turn after one with runs.
 * @param defer Calls a function in the next turn.
 */
export const make = (onNext: () => void, defer: typeof NextTurn.Service): EventLoopBudget => {
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
