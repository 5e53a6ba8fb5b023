/**
 * Whether a service lives and takes runs, and why not.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { Lifecycle, type Phase } from "./Lifecycle.js"
import { RunRecorder } from "./RunRecorder.js"
import type * as Wire from "./Wire.js"

/**
 * The health of the service: `ready` when every check passes.
 *
 * @category accessors
 * @since 0.1.0
 */
export const check: Effect.Effect<Wire.Health, never, Lifecycle | RunRecorder> = Effect.gen(function* () {
  const phase = (yield* Lifecycle).phase()
  const isRecording = (yield* RunRecorder).isHealthy()
  return {
    status: phase === "starting" ? "live" : phase === "draining" ? "draining" : isRecording ? "ready" : "failed",
    checks: [phaseCheck(phase), storeCheck(isRecording)]
  }
})

/**
 * What liveness answers: that there is an answer is the check.
 *
 * @category constants
 * @since 0.1.0
 */
export const live: Wire.Health = { status: "live", checks: [] }

// internal

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
