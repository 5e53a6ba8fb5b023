import * as Effect from "effect/Effect"
import type { DeploymentId } from "../../Deployment.js"
import {
  DeploymentProvisionFailed,
  type EngineUnavailable,
  type LeaseLost,
  type OutcomeUnknown
} from "../../Errors/Lifecycle.js"
import type { StoreError } from "../../Errors/Stores.js"
import type { DeploymentRecord, Lease, Operation } from "../../Store/DeploymentStore.js"
import { currentInstance, type DeployerContext, graceOf, requireDeployment } from "../DeployerContext.js"
import * as Door from "./Door.js"
import { forget, isFirst } from "./FirstAttempt.js"
import { finishRestart } from "./Restart.js"

/**
 * Removes the leftovers of provisions whose process died: the new instance of a change that was not committed, the older
 * instances, which may drain, of one that was. The caller holds the lease, so every open operation is a dead one.
 */
export const removeLeftovers = (
  context: DeployerContext,
  lease: Lease,
  record: DeploymentRecord
): Effect.Effect<void, DeploymentProvisionFailed | EngineUnavailable | OutcomeUnknown | LeaseLost | StoreError> =>
  Effect.gen(function* () {
    const { id, name } = record.deployment
    for (const operation of yield* interrupted(context, id)) {
      if (operation.kind !== "provision") continue
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
            const left = yield* interrupted(context, record.deployment.id)
            yield* removeLeftovers(context, lease, now)
            if (isFirst(now)) yield* forget(context, lease, now)
            else yield* Effect.forEach(left, (operation) => close(context, lease, now, operation), { discard: true })
            return left
          })
        )
  )

// internal

const close = (context: DeployerContext, lease: Lease, record: DeploymentRecord, operation: Operation) => {
  if (operation.kind === "restore") return finishRestart(context, lease, record, operation)
  return isCommitted(record, operation)
    ? context.deployments.finish(lease, operation)
    : context.deployments.abort(lease, operation, "the process that provisioned it ended before the provision did")
}

const isCommitted = ({ deployment }: DeploymentRecord, { generation }: Operation): boolean =>
  generation === deployment.generation

const interrupted = (context: DeployerContext, id: DeploymentId): Effect.Effect<ReadonlyArray<Operation>, StoreError> =>
  Effect.map(context.deployments.openOperations, (operations) =>
    operations.filter(({ deploymentId, kind }) => deploymentId === id && (kind === "provision" || kind === "restore"))
  )

const earlierGenerations = (
  context: DeployerContext,
  { deploymentId, generation }: Operation
): Effect.Effect<ReadonlyArray<number>, StoreError> =>
  Effect.map(context.deployments.revisions(deploymentId), (revisions) =>
    revisions.map((revision) => revision.generation).filter((one) => one < generation)
  )
