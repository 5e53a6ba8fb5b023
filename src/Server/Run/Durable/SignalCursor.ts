/** The signals that a run has taken, by name. Each signal is taken once, also by waits that are in progress together. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import type { JournalEntry, Signal } from "../../../Store/RunStore.js"

export class SignalCursor {
  readonly #taken = new Map<string, number>()
  readonly #oneAtATime = Effect.unsafeMakeSemaphore(1).withPermits(1)

  constructor(recorded: ReadonlyArray<JournalEntry> = []) {
    for (const { kind, name, value } of recorded) {
      if (kind !== "signal" || !Predicate.hasProperty(value, "sequence") || typeof value.sequence !== "number") continue
      this.#taken.set(name, Math.max(this.#after(name), value.sequence))
    }
  }

  /** Takes the signal that `find` finds after the last one. */
  take(
    name: string,
    find: (after: number) => Effect.Effect<Option.Option<Signal>>
  ): Effect.Effect<Option.Option<Signal>> {
    return this.#oneAtATime(
      Effect.tap(
        Effect.suspend(() => find(this.#after(name))),
        (found) =>
          Effect.sync(() => {
            if (Option.isSome(found)) this.#taken.set(name, found.value.sequence)
          })
      )
    )
  }

  #after(name: string): number {
    return this.#taken.get(name) ?? 0
  }
}
