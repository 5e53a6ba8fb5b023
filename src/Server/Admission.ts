/**
 * How many runs go at once and how many may wait: a bounded queue in order of arrival. What does not fit is turned
 * away at once instead of piling up.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"

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
  readonly inFlight: () => number
  readonly queued: () => number
}

/**
 * Makes an admission with a number of places and a number of seats in the queue.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: { readonly maxConcurrency: number; readonly maxQueue: number }): Admission => {
  const waiting = new Set<() => void>()
  let inFlight = 0
  const leave = () => {
    const next = waiting.values().next()
    if (next.done) inFlight--
    else {
      waiting.delete(next.value)
      next.value()
    }
  }
  return {
    inFlight: () => inFlight,
    queued: () => waiting.size,
    enter: () => {
      if (inFlight < options.maxConcurrency) {
        inFlight++
        return { isWaiting: false, ready: Effect.void, release: once(leave) }
      }
      return waiting.size < options.maxQueue ? seat(waiting, leave) : undefined
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
