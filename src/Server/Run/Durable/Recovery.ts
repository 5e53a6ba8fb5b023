/** Takes runs that other processes have left, and goes on with them. */
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Settings from "../../../Settings/Serving.js"
import { RunStore } from "../../../Store/RunStore.js"
import { Intake } from "../Intake.js"
import { Invocation, Lifecycle } from "../Invocation.js"

/** Most runs that are taken at once: their records are read together. */
const mostAtOnce = 64

/**
 * Takes runs when the service is ready, and then twice a second, while it accepts runs and has places for them, until the
 * scope closes. A run that finds no place stays with the store.
 */
export const keepTaking = (
  serving: Settings.Serving
): Effect.Effect<void, never, Intake | Invocation | Lifecycle | RunStore | Scope.Scope> =>
  Effect.gen(function* () {
    if (Settings.recoveryOf(serving) === "fail") return
    const { goOn, places } = yield* Invocation
    const lifecycle = yield* Lifecycle
    const intake = yield* Intake
    const { take } = yield* RunStore
    const mayTake = () => lifecycle.phase() === "ready" && !lifecycle.isLeaving() && intake.now() === undefined
    const pass = Effect.suspend(() => {
      const limit = mayTake() ? Math.min(places(), mostAtOnce) : 0
      if (limit === 0) return Effect.void
      return Effect.flatMap(take(limit), (runs) =>
        runs.length === 0
          ? Effect.void
          : Effect.zipRight(
              Effect.logInfo(`${runs.length} runs of an earlier process go on.`),
              Effect.forEach(runs, goOn, { discard: true })
            )
      )
    })
    const careful = Effect.catchAll(pass, (error) =>
      Effect.logWarning(`Runs of earlier processes could not be taken: ${error.message}`)
    )
    const started = Effect.repeat(Effect.sync(lifecycle.phase), {
      until: (phase) => phase !== "starting",
      schedule: Schedule.spaced("20 millis")
    })
    yield* Effect.forkScoped(Effect.zipRight(started, Effect.repeat(careful, Schedule.spaced("500 millis"))))
  })
