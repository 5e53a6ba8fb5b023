/** The pause and the maintenance of a deployment. */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { EventType } from "../../Deployment/DeploymentEvent.js"
import * as Intake from "../../Deployment/Intake.js"
import type { Deployment } from "../../Deployment.js"
import { DeploymentInvalidSettings } from "../../Errors/Input.js"
import { DeploymentNotFound } from "../../Errors/Lifecycle.js"
import type { DeploymentRecord, Lease } from "../../Store/DeploymentStore.js"
import type { IntakeError } from "../Contract.js"
import { type DeployerContext, requireDeployment, servingInstances } from "../DeployerContext.js"
import type { MaintenanceOptions, PauseOptions } from "../IntakeModels.js"
import { described } from "./KeptIntake.js"
import { reprovision } from "./PlanAndRollback.js"

/** Lets new runs wait, for a time at most. */
export const pause = (context: DeployerContext, ref: string, options: PauseOptions = {}) =>
  Effect.gen(function* () {
    const length = yield* checkedLength(options.for ?? Intake.defaultPause)
    const since = yield* DateTime.now
    return yield* change(context, ref, {
      intake: Intake.Paused.make({ since, until: DateTime.addDuration(since, length) }),
      event: "paused"
    })
  })

/** Refuses new runs until {@link resume}. */
export const maintenance = (context: DeployerContext, ref: string, options: MaintenanceOptions = {}) =>
  Effect.gen(function* () {
    const message = yield* checkedMessage(options.message ?? Intake.defaultMessage)
    const retryAfterSeconds = yield* checkedRetryAfter(options.retryAfter ?? Intake.defaultRetryAfter)
    const since = yield* DateTime.now
    return yield* change(context, ref, {
      intake: Intake.Maintenance.make({ since, message, retryAfterSeconds }),
      event: "maintenance_started"
    })
  })

/** Ends a pause or a maintenance. */
export const resume = (context: DeployerContext, ref: string) =>
  change(context, ref, { intake: undefined, event: "resumed" })

// internal

interface Change {
  readonly intake: Intake.Intake | undefined
  readonly event: Extract<EventType, "paused" | "maintenance_started" | "resumed">
}

/**
 * Changes the registry first, which every later start of an instance reads, and then the services that run. A repetition
 * gives the services the intake of the registry again.
 */
const change = (
  context: DeployerContext,
  ref: string,
  { event, intake }: Change
): Effect.Effect<Deployment, IntakeError> =>
  Effect.gen(function* () {
    const found = yield* Effect.flatMap(requireDeployment(context.deployments, ref), context.requests.owned)
    const changed = yield* context.leases.hold(found.deployment, (lease) =>
      Effect.gen(function* () {
        const record = yield* Effect.flatMap(
          context.deployments.find(lease.deploymentId),
          Option.match({ onNone: () => Effect.fail(new DeploymentNotFound({ ref })), onSome: Effect.succeed })
        )
        const isSame = intake === undefined && record.deployment.intake === undefined
        const saved = isSame ? record : yield* context.deployments.setIntake(lease, intake)
        const applied = yield* apply(context, lease, saved, intake)
        if (!isSame) yield* report(context, saved, { event, intake })
        return { deployment: saved.deployment, applied: applied || isSame }
      }).pipe(Effect.uninterruptible)
    )
    return changed.applied ? changed.deployment : yield* reprovision(context, changed.deployment.id, { check: false })
  })

/** False if the flavor cannot change the services that run. A deployment that does not serve has none. */
const apply = (context: DeployerContext, lease: Lease, record: DeploymentRecord, intake: Intake.Intake | undefined) => {
  const { updateIntake } = context.backend
  if (record.deployment.generation === 0 || record.deployment.desired !== "running") return Effect.succeed(true)
  return updateIntake === undefined
    ? Effect.succeed(false)
    : Effect.as(
        Effect.forEach(servingInstances(record), (one) => context.leases.fenced(lease)(updateIntake(one, intake))),
        true
      )
}

const report = (context: DeployerContext, { deployment }: DeploymentRecord, { event, intake }: Change) =>
  Effect.flatMap(context.ids.next, (operationId) =>
    context.journals
      .open({ deploymentId: deployment.id, deploymentName: deployment.name, operation: "intake", operationId })
      .emit(event, described(intake))
  )

const refused = (path: string, reason: string) => new DeploymentInvalidSettings({ issues: [{ path, reason }] })

const checkedLength = (given: Duration.DurationInput) => {
  const length = Duration.decode(given)
  return Duration.greaterThan(length, Duration.zero) && Duration.lessThanOrEqualTo(length, Intake.longestPause)
    ? Effect.succeed(length)
    : refused("for", "must be longer than nothing and at most 5 minutes; a maintenance has no limit")
}

const longestMessage = 500

const checkedMessage = (text: string) => {
  const message = text.trim()
  return message !== "" && message.length <= longestMessage
    ? Effect.succeed(message)
    : refused("message", `must have 1 to ${longestMessage} characters`)
}

const checkedRetryAfter = (given: Duration.DurationInput) => {
  const seconds = Math.ceil(Duration.toSeconds(given))
  return seconds >= 1 && seconds <= Duration.toSeconds("7 days")
    ? Effect.succeed(seconds)
    : refused("retryAfter", "must be from 1 second to 7 days")
}
