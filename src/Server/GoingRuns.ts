/**
 * The runs that go in this process.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { InterruptionCause } from "../Run.js"
import type { Run } from "../Store/RunStore.js"
import type { ActiveRun } from "./ActiveRun.js"
import type { RunFiber } from "./RunFiber.js"

/**
 * A run and its fiber.
 *
 * @category models
 * @since 0.1.0
 */
export interface Going {
  readonly run: ActiveRun
  readonly fiber: RunFiber
}

/**
 * @category models
 * @since 0.1.0
 */
export interface GoingRuns {
  readonly add: (going: Going) => void
  readonly remove: (id: string) => void
  /** A run as it stands. */
  readonly find: (id: string) => Run | undefined
  readonly interruptAll: (cause: InterruptionCause) => void
  /** Waits until none goes. */
  readonly idle: Effect.Effect<void>
}

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = (): GoingRuns => {
  const going = new Map<string, Going>()
  const idlers: Array<() => void> = []
  return {
    add: (one) => going.set(one.run.id, one),
    remove: (id) => {
      going.delete(id)
      if (going.size === 0) for (const resume of idlers.splice(0)) resume()
    },
    find: (id) => going.get(id)?.run.snapshot(),
    interruptAll: (cause) => {
      for (const { fiber } of going.values()) fiber.interrupt({ cause })
    },
    idle: Effect.async<void>((resume) => {
      if (going.size === 0) return resume(Effect.void)
      idlers.push(() => resume(Effect.void))
    })
  }
}
