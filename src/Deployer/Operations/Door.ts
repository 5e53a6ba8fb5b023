/** The door of a deployment in the flows of a deployer. Without one, callers look the URL of an instance up. */
import * as Effect from "effect/Effect"
import type { EngineUnavailable, LeaseLost } from "../../Errors/Lifecycle.js"
import type { StoreError } from "../../Errors/Stores.js"
import type { Instance } from "../../Flavor/Instance.js"
import type { DeploymentRecord, Lease } from "../../Store/DeploymentStore.js"
import { candidateInstance, currentInstance, type DeployerContext } from "../DeployerContext.js"

type Steered = Effect.Effect<void, EngineUnavailable | LeaseLost | StoreError>

/** Leads all callers to the accepted instance. The caller holds the lease. */
export const lead = (
  { backend: { canary, door }, leases }: DeployerContext,
  lease: Lease,
  instance: Instance
): Steered => {
  const toInstance = door?.lead ?? canary?.end
  return toInstance === undefined ? Effect.void : leases.fenced(lease)(toInstance(instance))
}

/** Leads callers to the accepted instance, and their share of them to a candidate. The caller holds the lease. */
export const leadAccepted = (context: DeployerContext, lease: Lease, record: DeploymentRecord): Steered => {
  const { candidate } = record.deployment
  const { canary } = context.backend
  const accepted = currentInstance(record)
  return candidate === undefined || canary === undefined
    ? lead(context, lease, accepted)
    : context.leases.fenced(lease)(canary.lead(accepted, candidateInstance(record, candidate), candidate.share))
}

/** Closes every door that does not lead to the accepted generation; all of them without one. The caller holds the lease. */
export const closeOthers = (
  { backend: { door }, leases }: DeployerContext,
  lease: Lease,
  deployment: Omit<Instance, "generation">,
  accepted?: number
): Steered => (door === undefined ? Effect.void : leases.fenced(lease)(door.close(deployment, accepted)))
