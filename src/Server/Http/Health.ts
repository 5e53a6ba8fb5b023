/** The answers of the health routes. */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type * as Responses from "../../Contract/Responses.js"
import type { Intake as State } from "../../Deployment/Intake.js"
import { Intake } from "../Run/Intake.js"
import * as Response from "../Run/Response.js"
import { Service } from "../Run/Service.js"
import * as HealthReport from "./HealthReport.js"

/**
 * The answers of the health routes: `health` and `ready` check the condition, `live` always succeeds. A maintenance is no
 * fault of a service: only `ready`, by which proxies choose where to send callers, fails during one.
 */
export const answers: Effect.Effect<
  { readonly [Route in "health" | "ready" | "live"]: () => Response.Response },
  never,
  Intake | Service
> = Effect.zipWith(Service, Intake, ({ condition }, { now }) => {
  const report = () => withIntake(HealthReport.make(condition()), now())
  return {
    health: () => answer(report(), ["ready", "maintenance"]),
    ready: () => answer(report(), ["ready"]),
    live: () => live
  }
})

// internal

const live = Response.ofJson(200, JSON.stringify({ status: "live", checks: [] } satisfies Responses.Health))

const answer = (health: Responses.Health, good: ReadonlyArray<Responses.Health["status"]>): Response.Response =>
  Response.ofJson(good.includes(health.status) ? 200 : 503, JSON.stringify(health))

/** The check of the intake passes, because the service does what it was asked to. */
const withIntake = (health: Responses.Health, intake: State | undefined): Responses.Health => {
  switch (intake?._tag) {
    case undefined:
      return health
    case "Maintenance":
      return {
        ...health,
        status: health.status === "ready" ? "maintenance" : health.status,
        checks: [...health.checks, { name: "intake", status: "pass", reason: intake.message }]
      }
    case "Paused": {
      const reason = `New runs wait until ${DateTime.formatIso(intake.until)}.`
      return { ...health, checks: [...health.checks, { name: "intake", status: "pass", reason }] }
    }
  }
}
