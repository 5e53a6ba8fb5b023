/**
 * How many runs go at once and how many may wait: a bounded queue in order of arrival. What does not fit is turned
 * away at once instead of piling up.
 */
import type * as Clock from "effect/Clock"
import * as EventLoopBudget from "../HotPath/EventLoopBudget.js"
import type { NextTurn } from "../HotPath/NextTurn.js"

/** A place that was given to a run, or the promise of one. */
export interface Slot {
  /** Whether the run has to wait. */
  readonly isWaiting: boolean
  /** Has the run start when it may, which is once. Only for one that has to wait. */
  readonly onReady: (start: () => void) => void
  /** Gives the place back, or leaves the queue. Must be called once; later calls do nothing. */
  readonly release: () => void
}

/** Hands out places. */
export interface Admission {
  /** A place, or `undefined` when both the places and the queue are full. */
  readonly enter: () => Slot | undefined
  /** Hears how long a run that did not wait has computed before it ended or waited, in milliseconds. */
  readonly computed: (millis: number) => void
  readonly inFlight: () => number
  readonly queued: () => number
}

/**
 * Makes an admission with a number of places and a number of seats in the queue.
 *
 * **Details**
 *
 * Runs that compute without a break have no effect on the number of places that are free. So that they cannot keep
 * the process from everything else, runs also wait when others have computed long in a turn of the event loop: they are
 * then started one by one, as long as each turn allows. Where there is no queue they start all the same.
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
  const turn = EventLoopBudget.make(admit, defer)
  const leave = () => {
    inFlight--
    admit()
  }
  /** Places that are free because all wait for a turn count as seats. */
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

/** The place is there already. */
const ignore = (): void => {}

const once = (effect: () => void): (() => void) => {
  let done = false
  return () => {
    if (done) return
    done = true
    effect()
  }
}
