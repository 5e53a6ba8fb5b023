/** The intake of a deployment in events. */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type { Intake } from "../../Deployment/Intake.js"
import type { DeploymentRecord } from "../../Store/DeploymentStore.js"
import type { Journal } from "../DeployerContext.js"

/** Reports in a journal that the deployment keeps its intake after a change. */
export const reportKept = ({ deployment: { intake, name } }: DeploymentRecord, journal: Journal) => {
  switch (intake?._tag) {
    case undefined:
      return Effect.void
    case "Maintenance":
      return journal.emit("intake_kept", {
        ...described(intake),
        message: `it is in maintenance and refuses new runs until \`deployers resume ${name}\``
      })
    case "Paused":
      return journal.emit("intake_kept", {
        ...described(intake),
        message: `it is paused and lets new runs wait until ${DateTime.formatIso(intake.until)} or \`deployers resume ${name}\``
      })
  }
}

/** The data of an event. */
export const described = (intake: Intake | undefined): Readonly<Record<string, unknown>> => {
  switch (intake?._tag) {
    case undefined:
      return {}
    case "Paused":
      return { until: DateTime.formatIso(intake.until) }
    case "Maintenance":
      return { message: intake.message, retryAfterSeconds: intake.retryAfterSeconds }
  }
}
