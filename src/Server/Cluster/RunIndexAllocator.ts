/** Indexes of runs, unique over all workers of a service: each gets them in blocks. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { Block } from "./Protocol.js"

/** Where the indexes of runs come from; by default a service counts on by itself. */
export class RunIndexAllocator extends Context.Reference<RunIndexAllocator>()(
  "effect-deployers/Server/Workers/Indexes",
  {
    defaultValue: (): { readonly next: (() => Effect.Effect<number>) | undefined } => ({ next: undefined })
  }
) {}

/** Gives out indexes from blocks, and asks for another when one is used up. What is there is given at once. */
export const fromBlocks = (another: Effect.Effect<Block>): Effect.Effect<() => Effect.Effect<number>> =>
  Effect.map(Effect.makeSemaphore(1), (turn) => {
    let next = 0
    let end = 0
    const refill = turn.withPermits(1)(
      Effect.suspend(() =>
        next < end
          ? Effect.void
          : Effect.map(another, ({ first, size }) => {
              next = first
              end = first + size
            })
      )
    )
    const take = (): Effect.Effect<number> =>
      next < end ? Effect.succeed(next++) : Effect.zipRight(refill, Effect.suspend(take))
    return take
  })

/**
 * Hands out blocks, counting on from what was given out before. That is read at the first request: until then the service
 * that this one replaces may count on.
 */
export const blocks = (lastIndex: Effect.Effect<number>, size = 64): Effect.Effect<Effect.Effect<Block>> =>
  Effect.map(Effect.cached(lastIndex), (atFirst) => {
    let given = 0
    return Effect.map(atFirst, (last) => {
      const first = last + given + 1
      given += size
      return { first, size }
    })
  })
