/**
 * What reconciling decides on: what the registry wants, what was observed, and the time. Plain data, so that deciding is a
 * pure function.
 */
import type { DeploymentId, DeploymentName, Desired, OperationalState, Status } from "../../Deployment.js"
import type { Inventory } from "../../Flavor/Backend.js"
import type * as Settings from "../../Settings.js"
import type { OperationKind, Tombstone } from "../../Store/DeploymentStore.js"

/** One deployment of the deployer: what the registry says and how its accepted instance is. */
export interface DeploymentFacts {
  readonly id: DeploymentId
  readonly name: DeploymentName
  /** The accepted generation; 0 before there was one. */
  readonly generation: number
  /** The highest generation that was ever begun. */
  readonly highest: number
  readonly desired: Desired
  /** As it stands in the registry. */
  readonly status: Status
  /** Since when, in milliseconds. */
  readonly statusSince: number
  /** The reason that stands in the registry. */
  readonly reason: string | undefined
  /** Whether the registry already notes that it could not be observed. */
  readonly uncertain: boolean
  /** The engine its instance was made in, if the flavor tells. */
  readonly engineId: string | undefined
  /** An operation that was begun and not closed. */
  readonly operation: { readonly kind: OperationKind; readonly generation: number } | undefined
  /** Whether somebody alive holds its lease. */
  readonly busy: boolean
  /** How its accepted instance is; its health counts. */
  readonly seen: OperationalState | "unobservable"
  /** When it was started again of late, in milliseconds, oldest first. */
  readonly restores: ReadonlyArray<number>
  readonly recovery: Settings.Recovery
}

/** Everything one pass of reconciling knows. */
export interface Facts {
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly registryId: string
  readonly deployer: { readonly flavor: string; readonly name: string }
  readonly deployments: ReadonlyArray<DeploymentFacts>
  /** Deployments of other deployers in the same registry: what belongs to them is none of our business. */
  readonly others: ReadonlySet<string>
  readonly tombstones: ReadonlyArray<Tombstone>
  /** What exists; `unobservable` if the engine could not be asked. */
  readonly inventory: Inventory | "unobservable"
  /** How old something must be that no deployment of the registry accounts for, before it is removed, in milliseconds. */
  readonly orphanGraceMillis: number
}
