/** The runs in progress in this process. */
import * as Effect from "effect/Effect"
import type { InterruptionCause } from "../../../Run.js"
import type { Run } from "../../../Store/RunStore.js"
import type { ActiveRun, Follower } from "./ActiveRun.js"
import type { RunFiber } from "./RunFiber.js"

/** A run and its fiber. */
export interface Going {
  readonly run: ActiveRun
  readonly fiber: RunFiber | undefined
  /** Its position in the list. */
  position: number
}

export interface ActiveRuns<A extends Going = Going> {
  readonly add: (going: A) => void
  readonly remove: (going: A) => void
  /** The runs in progress. */
  readonly all: () => ReadonlyArray<A>
  readonly size: () => number
  /** The ids of the runs in progress. */
  readonly ids: () => ReadonlyArray<string>
  /** A run with the steps it has so far. */
  readonly find: (id: string) => Run | undefined
  /** Interrupts a run; false if it is not in progress. */
  readonly interrupt: (id: string, cause: InterruptionCause) => boolean
  /** Follows a run until the returned function is called; `undefined` if it is not in progress. */
  readonly follow: (id: string, follower: Follower) => (() => void) | undefined
  /** Stores the steps of a run as they start and end, from now on. */
  readonly storeSteps: (id: string) => void
  readonly interruptAll: (cause: InterruptionCause) => void
  /** Waits until no run is in progress. */
  readonly idle: Effect.Effect<void>
}

export const make = <A extends Going>(): ActiveRuns<A> => {
  // A list that never shrinks: a Set or a list that changes its size discards storage that keeps its runs alive, so that
  // they outlive the young generation.
  const slots: Array<A | undefined> = []
  let size = 0
  const idlers: Array<() => void> = []
  const all = (): ReadonlyArray<A> => slots.flatMap((going) => going ?? [])
  const going = (id: string) => all().find(({ run }) => run.id === id)
  return {
    add: (going) => {
      going.position = size
      slots[size++] = going
    },
    remove: ({ position }) => {
      const last = slots[--size]
      slots[size] = undefined
      if (last !== undefined && position < size) {
        slots[position] = last
        last.position = position
      }
      if (size === 0) for (const resume of idlers.splice(0)) resume()
    },
    all,
    size: () => size,
    ids: () => all().map(({ run }) => run.id),
    find: (id) => going(id)?.run.snapshot(),
    interrupt: (id, cause) => {
      const found = going(id)
      found?.fiber?.interrupt({ cause })
      return found !== undefined
    },
    follow: (id, follower) => going(id)?.run.follow(follower),
    storeSteps: (id) => going(id)?.run.storeSteps(),
    interruptAll: (cause) => {
      for (const { fiber } of all()) fiber?.interrupt({ cause })
    },
    idle: Effect.async<void>((resume) => {
      if (size === 0) return resume(Effect.void)
      idlers.push(() => resume(Effect.void))
    })
  }
}
