/**
 * Cancels runs of this process that another process of the deployment was asked to cancel.
 *
 * **Details**
 *
 * Workers of one service cancel through their primary, which answers at once. Two versions of a deployment serve together
 * while one replaces the other and have only the run store in common: the request is written there and found by polling.
 */
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { RunStore } from "../../Store/RunStore.js"
import { Invocation } from "./Invocation.js"

/** Reads the requests in the store four times a second while the scope is open. */
export const keepLooking: Effect.Effect<void, never, Invocation | RunStore | Scope.Scope> = Effect.gen(function* () {
  const { cancel } = yield* Invocation
  const { cancelled } = yield* RunStore
  const look = Effect.map(cancelled, (ids) => ids.forEach(cancel))
  yield* Effect.forkScoped(Effect.schedule(Effect.ignore(look), Schedule.spaced("250 millis")))
})
