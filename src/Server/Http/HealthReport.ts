/** The health of a service as its callers read it. Only data: a thread without the rest of the service makes it, too. */
import type * as Responses from "../../Contract/Responses.js"
import type { Condition } from "../Run/Metrics/Report.js"

/** The health of a service whose event loop turns. */
export const make = ({ checks, isRecording, phase }: Condition): Responses.Health => {
  const isWell = isRecording && checks.every(({ status }) => status === "pass")
  return {
    status: phase === "starting" ? "live" : phase === "draining" ? "draining" : isWell ? "ready" : "failed",
    checks: [phaseCheck(phase), storeCheck(isRecording), ...checks]
  }
}

/** The health of a service with its last known condition, whose event loop is blocked: it is alive and not ready. */
export const blocked = (condition: Condition, millis: number): Responses.Health => {
  const { checks, status } = make(condition)
  return {
    status: status === "ready" ? "live" : status,
    blockedMillis: millis,
    checks: [
      ...checks,
      {
        name: "eventLoop",
        status: "fail",
        reason: `The event loop has been blocked for ${millis} ms: a step computes without a pause.`
      }
    ]
  }
}

// internal

type Check = Responses.Health["checks"][number]

const phaseCheck = (phase: Condition["phase"]): Check => {
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
