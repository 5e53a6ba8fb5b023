/** Interrupts runs of this process that were cancelled by way of another, such as the one that replaces it. */
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { RunStore } from "../../Store/RunStore.js"
import { Invocation } from "./Invocation.js"

/** Looks in the store for such runs, four times a second while the scope lives. */
export const keepLooking: Effect.Effect<void, never, Invocation | RunStore | Scope.Scope> = Effect.gen(function* () {
  const { cancel } = yield* Invocation
  const { cancelled } = yield* RunStore
  const look = Effect.map(cancelled, (ids) => ids.forEach(cancel))
  yield* Effect.forkScoped(Effect.schedule(Effect.ignore(look), Schedule.spaced("250 millis")))
})
