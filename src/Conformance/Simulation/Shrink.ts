/** Finds a shorter life that breaks the same law. */
import * as Effect from "effect/Effect"
import type { Life } from "./Commands.js"
import { type Lived, live } from "./Simulate.js"
import type { Sabotage, Worlds } from "./SimulatedCluster.js"

/**
 * Leaves commands out, first many at once and then single ones, as long as the same law is broken; gives up after
 * `attempts` (default 80) lives.
 *
 * @category running
 * @since 0.1.0
 */
export const shrink = (
  worlds: Worlds,
  broken: Lived,
  options: { readonly sabotage?: Sabotage | undefined; readonly attempts?: number | undefined } = {}
): Effect.Effect<Lived> =>
  Effect.gen(function* () {
    const law = broken.violations[0]?.law
    let best = broken
    let left = options.attempts ?? 80
    let size = Math.ceil(best.life.commands.length / 2)
    let at = 0
    while (size >= 1 && left > 0) {
      if (at >= best.life.commands.length) {
        at = 0
        size = size === 1 ? 0 : Math.ceil(size / 2)
        continue
      }
      left -= 1
      const shorter = yield* live(worlds, without(best.life, at, size), options.sabotage)
      if (shorter.violations[0]?.law === law) best = shorter
      else at += size
    }
    return best
  })

// internal

const without = (life: Life, at: number, size: number): Life => ({
  ...life,
  commands: [...life.commands.slice(0, at), ...life.commands.slice(at + size)]
})
