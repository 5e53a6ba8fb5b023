/** The timers of runs: deadlines, nearly all of them called off, and the grace of an interruption. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as FiberRefs from "effect/FiberRefs"
import { LinkedList } from "../../../Internal/LinkedList.js"

/** Calls a function after a time, unless the returned one is called before. */
export type After = (millis: number, act: () => void) => () => void

/**
 * Makes the timers of a service.
 *
 * **Details**
 *
 * A fiber that sleeps costs as much as a quick run, and most runs end within milliseconds. So a time that is far is an entry
 * in a list. One fiber looks through it for those that are near, which get a fiber of their own: after a second, and as long
 * as there are others, after half of the time of the next one.
 *
 * @param refs The references with the clock.
 * @param fork Starts a fiber with that clock.
 */
export const make = (
  refs: FiberRefs.FiberRefs,
  fork: (effect: Effect.Effect<void>) => Fiber.RuntimeFiber<void>
): After => {
  const clock = Context.get(FiberRefs.getOrDefault(refs, DefaultServices.currentServices), Clock.Clock)
  const nowMillis = () => Number(clock.unsafeCurrentTimeNanos()) / 1e6
  const far = new LinkedList<Far>()
  let nextLook: number | undefined

  const near: After = (millis, act) => {
    const timer = fork(Effect.delay(Effect.sync(act), millis))
    return () => timer.unsafeInterruptAsFork(FiberId.none)
  }
  const look = (): void => {
    const now = nowMillis()
    let nextMillis = Number.POSITIVE_INFINITY
    for (const place of far.places()) {
      const entry = place.value
      const leftMillis = Math.max(0, Math.ceil(entry.at - now))
      if (leftMillis > nearMillis) nextMillis = Math.min(nextMillis, leftMillis)
      else {
        far.remove(place)
        entry.callOff = near(leftMillis, entry.act)
      }
    }
    nextLook = undefined
    if (far.size > 0) lookAfter(now, Math.floor(nextMillis / 2))
  }
  const lookAfter = (now: number, millis: number): void => {
    nextLook = now + millis
    fork(Effect.delay(Effect.sync(look), millis))
  }

  return (millis, act) => {
    const now = nowMillis()
    const at = now + millis
    // The next look may be too late for a shorter time than those in the list.
    if (millis <= nearMillis || (nextLook !== undefined && at < nextLook + nearMillis / 2)) return near(millis, act)
    const entry: Far = { at, act, callOff: undefined }
    const place = far.add(entry)
    if (nextLook === undefined) lookAfter(now, lookMillis)
    return () => {
      far.remove(place)
      entry.callOff?.()
    }
  }
}

// internal

interface Far {
  readonly at: number
  readonly act: () => void
  callOff: (() => void) | undefined
}

/** The time until the first look. A look that finds nothing is the last one. */
const lookMillis = 1_000

const nearMillis = 2_000
