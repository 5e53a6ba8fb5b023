/**
 * Whether a service lives and takes runs, and why not.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Answer from "./Answer.js"
import type { Phase } from "./Lifecycle.js"
import type * as Wire from "./Wire.js"
import { Fleet } from "./Workers/Fleet.js"
import type { Condition } from "./Workers/Report.js"

/**
 * What the routes of health answer: `health` and `ready` say `ready` when every check passes, `live` that there is an
 * answer at all.
 *
 * @category accessors
 * @since 0.1.0
 */
export const answers: Effect.Effect<
  { readonly [Route in "health" | "ready" | "live"]: () => Answer.Answer },
  never,
  Fleet
> = Effect.map(Fleet, ({ condition }) => {
  const checked = () => check(condition())
  return { health: checked, ready: checked, live: () => live }
})

// internal

const live = Answer.ofJson(200, JSON.stringify({ status: "live", checks: [] } satisfies Wire.Health))

const check = ({ isRecording, phase }: Condition): Answer.Answer => {
  const health: Wire.Health = {
    status: phase === "starting" ? "live" : phase === "draining" ? "draining" : isRecording ? "ready" : "failed",
    checks: [phaseCheck(phase), storeCheck(isRecording)]
  }
  return Answer.ofJson(health.status === "ready" ? 200 : 503, JSON.stringify(health))
}

type Check = Wire.Health["checks"][number]

const phaseCheck = (phase: Phase): Check => {
  switch (phase) {
    case "ready":
      return { name: "lifecycle", status: "pass" }
    case "starting":
      return { name: "lifecycle", status: "fail", reason: "The warm state is still being built." }
    case "draining":
      return { name: "lifecycle", status: "fail", reason: "The service is stopping." }
  }
}

const storeCheck = (isRecording: boolean): Check =>
  isRecording
    ? { name: "store", status: "pass" }
    : { name: "store", status: "fail", reason: "The last run could not be recorded." }
