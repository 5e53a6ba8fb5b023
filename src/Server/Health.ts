/**
 * Whether a service lives and takes runs, and why not.
 *
 * @since 0.1.0
 */
import type { Phase } from "./Lifecycle.js"
import type * as Wire from "./Wire.js"
import type { Condition } from "./Workers/Report.js"

/**
 * The health of a service: `ready` when every check passes.
 *
 * @category accessors
 * @since 0.1.0
 */
export const of = ({ isRecording, phase }: Condition): Wire.Health => ({
  status: phase === "starting" ? "live" : phase === "draining" ? "draining" : isRecording ? "ready" : "failed",
  checks: [phaseCheck(phase), storeCheck(isRecording)]
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
