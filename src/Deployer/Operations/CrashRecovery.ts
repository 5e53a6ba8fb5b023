import * as Effect from "effect/Effect"
import type { DeploymentId } from "../../Deployment.js"
import {
  DeploymentProvisionFailed,
  type DeploymentTimeout,
  type EngineUnavailable,
  type LeaseLost,
  type OutcomeUnknown
} from "../../Errors/Lifecycle.js"
import type { StoreError } from "../../Errors/Stores.js"
import type { DeploymentRecord, Lease, Operation } from "../../Store/DeploymentStore.js"
import { currentInstance, type DeployerContext, graceOf, requireDeployment } from "../DeployerContext.js"
import { type CandidateWork, startShare, withdraw } from "./CandidateChange.js"
import * as Door from "./Door.js"
import { forget, isFirst } from "./FirstAttempt.js"
import { finishRestart } from "./Restart.js"

/**
 * Removes the leftovers of changes whose process died: the new instance of a change that was not committed, the older
 * instances, which may drain, of one that was, and a candidate whose removal had begun. A candidate that was offered gets its
 * callers. The caller holds the lease, so every open operation is a dead one.
 */
export const removeLeftovers = (
  context: DeployerContext,
  lease: Lease,
  record: DeploymentRecord
): Effect.Effect<
  void,
  DeploymentProvisionFailed | DeploymentTimeout | EngineUnavailable | OutcomeUnknown | LeaseLost | StoreError
> =>
  Effect.gen(function* () {
    const { id, name } = record.deployment
    for (const operation of yield* interrupted(context, id)) {
      if (operation.kind === "restore") continue
      if (record.deployment.candidate?.generation === operation.generation) {
        yield* settleCandidate(context, lease, record, record.deployment.candidate, operation)
        continue
      }
      const committed = isCommitted(record, operation)
      const accepted = currentInstance(record)
      if (committed) yield* Door.lead(context, lease, accepted)
      const leftovers = committed ? yield* earlierGenerations(context, operation) : [operation.generation]
      // An instance that served may still have runs in progress; one that never did has none.
      const grace = committed ? graceOf(record.settings) : 0
      for (const generation of leftovers) {
        yield* context.leases.fenced(lease)(
          context.backend.deprovision({ deploymentId: id, name, generation }, {}, { grace })
        )
      }
      yield* Door.closeOthers(context, lease, accepted, isFirst(record) ? undefined : accepted.generation)
    }
  }).pipe(
    Effect.catchTag("DeploymentDeprovisionFailed", ({ name, reason }) =>
      Effect.fail(
        new DeploymentProvisionFailed({
          name,
          reason: `the leftovers of an earlier, interrupted attempt could not be removed: ${reason}`,
          logs: []
        })
      )
    )
  )

/** The same, and closes the operations. The caller holds the lease. */
export const recoverUnder = (context: DeployerContext, lease: Lease, record: DeploymentRecord) =>
  Effect.gen(function* () {
    const left = yield* interrupted(context, record.deployment.id)
    yield* removeLeftovers(context, lease, record)
    yield* Effect.forEach(left, (operation) => close(context, lease, record, operation), { discard: true })
    return left
  })

/**
 * Ends the provisions and restarts of a deployment whose process died, unless a living process changes the deployment:
 * removes their leftovers and closes them. Returns those operations.
 */
export const recoverCrashed = (context: DeployerContext, record: DeploymentRecord) =>
  Effect.flatMap(interrupted(context, record.deployment.id), (operations) =>
    operations.length === 0 && !isFirst(record)
      ? Effect.succeed(operations)
      : context.leases.holdNow(record.deployment, (lease) =>
          Effect.gen(function* () {
            // The holder of the lease before may have ended the operations meanwhile, or begun others.
            const now = yield* requireDeployment(context.deployments, record.deployment.id)
            if (!isFirst(now)) return yield* recoverUnder(context, lease, now)
            const left = yield* interrupted(context, record.deployment.id)
            yield* removeLeftovers(context, lease, now)
            yield* forget(context, lease, now)
            return left
          })
        )
  )

// internal

/** The next step of a canary that was interrupted after the registry had the candidate. */
const settleCandidate = (
  context: DeployerContext,
  lease: Lease,
  record: DeploymentRecord,
  candidate: CandidateWork["candidate"],
  operation: Operation
) => {
  const { id, name } = record.deployment
  const subject = { deploymentId: id, deploymentName: name, operation: "reconcile" as const, operationId: operation.id }
  const work = { context, lease, record, candidate, journal: context.journals.open(subject) }
  switch (operation.kind) {
    case "abort":
      return Effect.asVoid(withdraw(work, operation, "The canary was aborted."))
    case "promote":
      return startShare(work)
    default:
      return Door.leadAccepted(context, lease, record)
  }
}

const close = (context: DeployerContext, lease: Lease, record: DeploymentRecord, operation: Operation) => {
  if (operation.kind === "restore") return finishRestart(context, lease, record, operation)
  const isOffered = operation.kind === "canary" && record.deployment.candidate?.generation === operation.generation
  // The end of an abort has closed it.
  if (operation.kind === "abort") return Effect.void
  return isOffered || isCommitted(record, operation)
    ? context.deployments.finish(lease, operation)
    : context.deployments.abort(lease, operation, "the process that provisioned it ended before the provision did")
}

const isCommitted = ({ deployment }: DeploymentRecord, { generation }: Operation): boolean =>
  generation === deployment.generation

const interrupted = (context: DeployerContext, id: DeploymentId): Effect.Effect<ReadonlyArray<Operation>, StoreError> =>
  Effect.map(context.deployments.openOperations, (operations) =>
    operations.filter(({ deploymentId, kind }) => deploymentId === id && kind !== "deprovision" && kind !== "delete")
  )

const earlierGenerations = (
  context: DeployerContext,
  { deploymentId, generation }: Operation
): Effect.Effect<ReadonlyArray<number>, StoreError> =>
  Effect.map(context.deployments.revisions(deploymentId), (revisions) =>
    revisions.map((revision) => revision.generation).filter((one) => one < generation)
  )
