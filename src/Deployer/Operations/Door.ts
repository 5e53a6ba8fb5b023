/** The door of a deployment in the flows of a deployer. Without one, callers look the URL of an instance up. */
import * as Effect from "effect/Effect"
import type { EngineUnavailable, LeaseLost } from "../../Errors/Lifecycle.js"
import type { StoreError } from "../../Errors/Stores.js"
import type { Instance } from "../../Flavor/Backend.js"
import type { Lease } from "../../Store/DeploymentStore.js"
import type { DeployerContext } from "../DeployerContext.js"

type Steered = Effect.Effect<void, EngineUnavailable | LeaseLost | StoreError>

/** Leads callers to the accepted instance. The caller holds the lease. */
export const lead = ({ backend: { door }, leases }: DeployerContext, lease: Lease, instance: Instance): Steered =>
  door === undefined ? Effect.void : leases.fenced(lease)(door.lead(instance))

/** Closes every door that does not lead to the accepted generation; all of them without one. The caller holds the lease. */
export const closeOthers = (
  { backend: { door }, leases }: DeployerContext,
  lease: Lease,
  deployment: Omit<Instance, "generation">,
  accepted?: number
): Steered => (door === undefined ? Effect.void : leases.fenced(lease)(door.close(deployment, accepted)))
