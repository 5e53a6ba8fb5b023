/** The newest events of a run, for one reader that reads older ones from the store. */
import * as Effect from "effect/Effect"
import type * as RunEvent from "../../../Contract/RunEvent.js"
import type { Follower } from "../Execution/ActiveRun.js"

/** Most events in an inbox. A reader that falls behind further reads them from the store. */
export const maxEvents = 16

export interface EventInbox {
  /** The side of the run. */
  readonly follower: Follower
  /** The event at a position, and the earlier ones are dropped; `undefined` if it is not here. */
  readonly take: (sequence: number) => RunEvent.RunEvent | undefined
  /** The last position that has to be read from the store, because {@link take} cannot return its event. */
  readonly missed: () => number
  /** True when the end of the run could not be stored. */
  readonly isLost: () => boolean
  /** Waits until something came since the last wait. */
  readonly changed: Effect.Effect<void>
}

export const make = (): EventInbox => {
  let events: Array<RunEvent.RunEvent> = []
  let missed = 0
  let hasChanged = false
  let isLost = false
  let wake: (() => void) | undefined
  const miss = (sequence: number) => {
    events = []
    missed = Math.max(missed, sequence)
    change()
  }
  const change = () => {
    hasChanged = true
    wake?.()
  }
  return {
    follower: {
      tell: (event) => {
        if (events.length === maxEvents) return miss(event.sequence)
        events.push(event)
        change()
      },
      miss,
      lose: () => {
        isLost = true
        change()
      }
    },
    take: (sequence) => {
      const index = events.findIndex((event) => event.sequence === sequence)
      if (index === -1) {
        const newest = events.at(-1)?.sequence ?? 0
        events = []
        if (newest > sequence) miss(newest)
        return undefined
      }
      const event = events[index]
      events = events.slice(index + 1)
      return event
    },
    missed: () => missed,
    isLost: () => isLost,
    changed: Effect.async((resume) => {
      const wakeUp = () => {
        hasChanged = false
        wake = undefined
        resume(Effect.void)
      }
      if (hasChanged) return wakeUp()
      wake = wakeUp
      return Effect.sync(() => {
        wake = undefined
      })
    })
  }
}
