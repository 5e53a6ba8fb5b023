/** Removes the runs that the serving settings do not keep. */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import type { Serving } from "../../../Settings/Serving.js"
import { RunStore } from "../../../Store/RunStore.js"

/**
 * Looks every two seconds while the scope lives for runs that are too many or too old. What cannot be removed is logged and
 * tried again.
 */
export const keepLooking = ({
  keepRuns,
  keepRunsMillis
}: Pick<Serving, "keepRuns" | "keepRunsMillis">): Effect.Effect<void, never, RunStore | Scope.Scope> =>
  Effect.gen(function* () {
    if (keepRuns === undefined && keepRunsMillis === undefined) return
    const { prune } = yield* RunStore
    const few = Effect.flatMap(DateTime.now, (now) =>
      prune({
        keep: keepRuns,
        before: keepRunsMillis === undefined ? undefined : DateTime.subtract(now, { millis: keepRunsMillis })
      })
    )
    // A pause between two batches leaves the store and the event loop to the runs.
    const all = Effect.repeat(few, { while: (removed) => removed > 0, schedule: Schedule.spaced("5 millis") })
    const pass = Effect.catchAll(all, (error) => Effect.logWarning(`Old runs could not be removed: ${error.message}`))
    yield* Effect.forkScoped(Effect.schedule(pass, Schedule.spaced("2 seconds")))
  })
