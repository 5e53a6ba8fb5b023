/** The health of a service, with the checks that fail. */
import * as Effect from "effect/Effect"
import type * as Responses from "../../Contract/Responses.js"
import type { Phase } from "../Run/Invocation.js"
import type { Condition } from "../Run/Report.js"
import * as Response from "../Run/Response.js"
import { Service } from "../Run/Service.js"

/** The answers of the health routes: `health` and `ready` check the condition, `live` always succeeds. */
export const answers: Effect.Effect<
  { readonly [Route in "health" | "ready" | "live"]: () => Response.Response },
  never,
  Service
> = Effect.map(Service, ({ condition }) => {
  const checked = () => check(condition())
  return { health: checked, ready: checked, live: () => live }
})

// internal

const live = Response.ofJson(200, JSON.stringify({ status: "live", checks: [] } satisfies Responses.Health))

const check = ({ isRecording, phase }: Condition): Response.Response => {
  const health: Responses.Health = {
    status: phase === "starting" ? "live" : phase === "draining" ? "draining" : isRecording ? "ready" : "failed",
    checks: [phaseCheck(phase), storeCheck(isRecording)]
  }
  return Response.ofJson(health.status === "ready" ? 200 : 503, JSON.stringify(health))
}

type Check = Responses.Health["checks"][number]

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
