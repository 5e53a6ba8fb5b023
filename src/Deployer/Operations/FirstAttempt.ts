import * as Effect from "effect/Effect"
import type {
  DeploymentDeprovisionFailed,
  EngineUnavailable,
  LeaseLost,
  OutcomeUnknown
} from "../../Errors/Lifecycle.js"
import type { StoreError } from "../../Errors/Stores.js"
import type { DeploymentRecord, Lease } from "../../Store/DeploymentStore.js"
import type { DeployerContext } from "../DeployerContext.js"

/** True for a deployment that no generation was accepted of: a failure of its provision leaves only events. */
export const isFirst = ({ deployment }: DeploymentRecord): boolean => deployment.generation === 0

/**
 * Removes a deployment that never had an accepted generation: its files and resources, then its row with the open operation. A
 * failure keeps the row, and reconciling removes it later. The caller holds the lease.
 */
export const forget = (
  { backend, deployments, leases }: DeployerContext,
  lease: Lease,
  { deployment: { id, name } }: DeploymentRecord
): Effect.Effect<void, DeploymentDeprovisionFailed | EngineUnavailable | OutcomeUnknown | LeaseLost | StoreError> =>
  Effect.zipRight(leases.fenced(lease)(backend.destroy({ deploymentId: id, name })), deployments.remove(lease))

/** {@link forget}, if it is a first attempt. A failure is logged. */
export const forgetQuietly = (context: DeployerContext, lease: Lease, record: DeploymentRecord): Effect.Effect<void> =>
  isFirst(record)
    ? Effect.catchAll(forget(context, lease, record), (error) =>
        Effect.logWarning(`The first attempt of "${record.deployment.name}" could not be removed yet`, error)
      )
    : Effect.void
