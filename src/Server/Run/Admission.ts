/** Limits the runs of a process: the runs in progress, the runs that wait, and the time they compute in one turn of the event loop. */
import type * as Clock from "effect/Clock"
import type { NextTurn } from "../HotPath/TickBatcher.js"

/** The place of a run, or its position in the queue. */
export interface Slot {
  /** True when every place is taken, so that the run waits. */
  readonly isWaiting: boolean
  /** Calls `start` once, when the place of a waiting run is free. */
  readonly onReady: (start: () => void) => void
  /** Frees the place, or leaves the queue. The first call counts. */
  readonly release: () => void
}

/** The places for runs, with a bounded queue in order of arrival. Runs beyond it are refused at once. */
export interface Admission {
  /** A place, or `undefined` when both the places and the queue are full. */
  readonly enter: () => Slot | undefined
  /** Charges the turn with the milliseconds that a run without a wait computed before its end or its first pause. */
  readonly computed: (millis: number) => void
  readonly inFlight: () => number
  readonly queued: () => number
}

/**
 * Makes an admission.
 *
 * Runs that compute without a break leave every place free. They would keep the process from all other work, so runs also
 * wait when the budget of the turn is spent, and then start one by one. Without a queue no run waits for the budget.
 */
export const make = (options: {
  readonly maxConcurrency: number
  readonly maxQueue: number
  readonly clock: Clock.Clock
  /** Calls a function in the next turn of the event loop. */
  readonly defer: typeof NextTurn.Service
}): Admission => {
  const { clock, defer, maxConcurrency, maxQueue } = options
  const waiting = new Set<() => void>()
  let inFlight = 0
  let isAdmitting = false
  const admit = () => {
    if (isAdmitting) return
    isAdmitting = true
    try {
      for (const start of waiting) {
        if (inFlight >= maxConcurrency || turn.isSpent()) return
        waiting.delete(start)
        inFlight++
        const startedMillis = clock.unsafeCurrentTimeMillis()
        start()
        turn.spend(clock.unsafeCurrentTimeMillis() - startedMillis)
      }
    } finally {
      isAdmitting = false
    }
  }
  const turn = makeBudget(admit, defer)
  const leave = () => {
    inFlight--
    admit()
  }
  /** Places that are free because all runs wait for a turn count as seats of the queue. */
  const hasSeat = () => maxQueue > 0 && inFlight + waiting.size < maxConcurrency + maxQueue
  return {
    inFlight: () => inFlight,
    queued: () => waiting.size,
    computed: turn.spend,
    enter: () => {
      if (inFlight < maxConcurrency && waiting.size === 0 && (maxQueue === 0 || !turn.isSpent())) {
        inFlight++
        return { isWaiting: false, onReady: ignore, release: once(leave) }
      }
      return hasSeat() ? seat(waiting, leave) : undefined
    }
  }
}

/**
 * The budget of runs in one turn of the event loop. Runs that exceed it wait for the next turn, so that health checks and
 * other requests are served in between.
 */
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
export const makeBudget = (onNext: () => void, defer: typeof NextTurn.Service): EventLoopBudget => {
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

// internal

const seat = (waiting: Set<() => void>, leave: () => void): Slot => {
  let isCalled = false
  let onCall: (() => void) | undefined
  const call = () => {
    isCalled = true
    onCall?.()
  }
  waiting.add(call)
  return {
    isWaiting: true,
    onReady: (start) => {
      if (isCalled) start()
      else onCall = start
    },
    release: once(() => {
      if (!waiting.delete(call)) leave()
    })
  }
}

const ignore = (): void => {}

const once = (effect: () => void): (() => void) => {
  let done = false
  return () => {
    if (done) return
    done = true
    effect()
  }
}
