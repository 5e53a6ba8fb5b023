import * as Effect from "effect/Effect"
import type { DeploymentId } from "../../Deployment.js"
import {
  DeploymentProvisionFailed,
  type EngineUnavailable,
  type LeaseLost,
  type OutcomeUnknown
} from "../../Errors/Lifecycle.js"
import type { StoreError } from "../../Errors/Stores.js"
import type * as Settings from "../../Settings.js"
import type { DeploymentRecord, Lease, Operation } from "../../Store/DeploymentStore.js"
import { type DeployerContext, graceOf, requireDeployment } from "../DeployerContext.js"
import { settleRestore } from "./Restart.js"

/**
 * Removes what provisions of a deployment left behind whose process died before they ended: the new instance if the
 * change was not committed, the older ones, which may drain, if it was. Call it with the lease held: then every open operation is a dead
 * one.
 */
export const clear = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  kit: DeployerContext<S, SI>,
  lease: Lease,
  record: DeploymentRecord
): Effect.Effect<void, DeploymentProvisionFailed | EngineUnavailable | OutcomeUnknown | LeaseLost | StoreError> =>
  Effect.gen(function* () {
    const { id, name } = record.deployment
    for (const operation of yield* interrupted(kit, id)) {
      if (operation.kind !== "provision") continue
      const committed = isCommitted(record, operation)
      const leftovers = committed ? yield* earlier(kit, operation) : [operation.generation]
      // What served may still have runs in flight; what never did has none.
      const grace = committed ? graceOf(record.settings) : 0
      for (const generation of leftovers) {
        yield* kit.leases.fenced(lease)(kit.backend.deprovision({ deploymentId: id, name, generation }, {}, { grace }))
      }
    }
  }).pipe(
    Effect.catchTag("DeploymentDeprovisionFailed", ({ name, reason }) =>
      Effect.fail(
        new DeploymentProvisionFailed({
          name,
          reason: `what an earlier, interrupted attempt left behind could not be removed: ${reason}`,
          logs: []
        })
      )
    )
  )

/**
 * Settles the provisions and restores of a deployment whose process died, if nobody alive is changing it: removes what
 * they left and closes them. Says which they were.
 */
export const takeBack = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  kit: DeployerContext<S, SI>,
  record: DeploymentRecord
) =>
  Effect.flatMap(interrupted(kit, record.deployment.id), (operations) =>
    operations.length === 0
      ? Effect.succeed(operations)
      : kit.leases.holdNow(record.deployment, (lease) =>
          Effect.gen(function* () {
            // Who held the lease before may have ended the operations meanwhile, or begun others.
            const now = yield* requireDeployment(kit.deployments, record.deployment.id)
            const left = yield* interrupted(kit, record.deployment.id)
            yield* clear(kit, lease, now)
            yield* Effect.forEach(left, (operation) => close(kit, lease, now, operation), { discard: true })
            return left
          })
        )
  )

// internal

const close = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  kit: DeployerContext<S, SI>,
  lease: Lease,
  record: DeploymentRecord,
  operation: Operation
) => {
  if (operation.kind === "restore") return settleRestore(kit, lease, record, operation)
  return isCommitted(record, operation)
    ? kit.deployments.finish(lease, operation)
    : kit.deployments.abort(lease, operation, "the process that provisioned it ended in the middle")
}

const isCommitted = ({ deployment }: DeploymentRecord, { generation }: Operation): boolean =>
  generation === deployment.generation

const interrupted = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  kit: DeployerContext<S, SI>,
  id: DeploymentId
): Effect.Effect<ReadonlyArray<Operation>, StoreError> =>
  Effect.map(kit.deployments.openOperations, (operations) =>
    operations.filter(({ deploymentId, kind }) => deploymentId === id && (kind === "provision" || kind === "restore"))
  )

const earlier = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  kit: DeployerContext<S, SI>,
  { deploymentId, generation }: Operation
): Effect.Effect<ReadonlyArray<number>, StoreError> =>
  Effect.map(kit.deployments.revisions(deploymentId), (revisions) =>
    revisions.map((revision) => revision.generation).filter((one) => one < generation)
  )
