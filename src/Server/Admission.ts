/**
 * How many runs go at once and how many may wait: a bounded queue in order of arrival. What does not fit is turned
 * away at once instead of piling up.
 *
 * @since 0.1.0
 */
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Turn from "./Turn.js"

/**
 * A place that was given to a run, or the promise of one.
 *
 * @category models
 * @since 0.1.0
 */
export interface Place {
  /** Whether the run has to wait. */
  readonly isWaiting: boolean
  /** Succeeds when the run may start. */
  readonly ready: Effect.Effect<void>
  /** Gives the place back, or leaves the queue. Must be called once; later calls do nothing. */
  readonly release: () => void
}

/**
 * Hands out places.
 *
 * @category models
 * @since 0.1.0
 */
export interface Admission {
  /** A place, or `undefined` when both the places and the queue are full. */
  readonly enter: () => Place | undefined
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
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: {
  readonly maxConcurrency: number
  readonly maxQueue: number
  readonly clock: Clock.Clock
  /** Calls in the next turn of the event loop; default `setImmediate`. */
  readonly defer?: (act: () => void) => void
}): Admission => {
  const { clock, defer, maxConcurrency, maxQueue } = options
  const waiting = new Set<() => void>()
  let inFlight = 0
  let admittedAt: number | undefined
  const admit = () => {
    if (admittedAt !== undefined) turn.spend(clock.unsafeCurrentTimeMillis() - admittedAt)
    admittedAt = undefined
    const next = waiting.values().next()
    if (next.done || inFlight >= maxConcurrency || turn.isSpent()) return
    waiting.delete(next.value)
    inFlight++
    next.value()
    // The next one only when this one has computed, and ended or waits: then it is known how long that took.
    admittedAt = clock.unsafeCurrentTimeMillis()
    queueMicrotask(admit)
  }
  const admitNext = () => {
    if (admittedAt === undefined) admit()
  }
  const turn = Turn.make(admitNext, defer)
  const leave = () => {
    inFlight--
    admitNext()
  }
  return {
    inFlight: () => inFlight,
    queued: () => waiting.size,
    computed: turn.spend,
    enter: () => {
      if (inFlight < maxConcurrency && waiting.size === 0 && (maxQueue === 0 || !turn.isSpent())) {
        inFlight++
        return { isWaiting: false, ready: Effect.void, release: once(leave) }
      }
      return waiting.size < maxQueue ? seat(waiting, leave) : undefined
    }
  }
}

// internal

const seat = (waiting: Set<() => void>, leave: () => void): Place => {
  let called = false
  let onCall: (() => void) | undefined
  const call = () => {
    called = true
    onCall?.()
  }
  waiting.add(call)
  return {
    isWaiting: true,
    ready: Effect.async<void>((resume) => {
      if (called) return resume(Effect.void)
      onCall = () => resume(Effect.void)
    }),
    release: once(() => {
      if (!waiting.delete(call)) leave()
    })
  }
}

const once = (effect: () => void): (() => void) => {
  let done = false
  return () => {
    if (done) return
    done = true
    effect()
  }
}
