/** Run indexes that are unique over all workers of a service. Each worker gets them in blocks. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"

/** Indexes that belong to one worker. */
export interface Block {
  readonly first: number
  readonly size: number
}

/** The source of run indexes; by default the process counts by itself. */
export class RunIndexAllocator extends Context.Reference<RunIndexAllocator>()(
  "effect-deployers/Server/Workers/Indexes",
  {
    defaultValue: (): { readonly next: (() => Effect.Effect<number>) | undefined } => ({ next: undefined })
  }
) {}

/** Takes indexes from a block without a wait, and requests another block when it is used up. */
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
 * Allocates blocks after the last recorded index. The index is read at the first request, because the service that this
 * one replaces may add runs until then.
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
