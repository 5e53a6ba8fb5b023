/**
 * The facts for a decision of reconciling: the state the registry wants, the observed one, and the time. Plain data, so that
 * the decision is a pure function.
 */
import type { DeploymentId, DeploymentName, Desired, OperationalState, Status } from "../../Deployment.js"
import type { Inventory } from "../../Flavor/Instance.js"
import type * as Settings from "../../Settings.js"
import type { OperationKind, Tombstone } from "../../Store/DeploymentStore.js"

/** One deployment of the deployer: its row and the observed state of its accepted instance. */
export interface DeploymentFacts {
  readonly id: DeploymentId
  readonly name: DeploymentName
  /** The accepted generation; 0 before there was one. */
  readonly generation: number
  /** The highest generation that was ever begun. */
  readonly highest: number
  readonly desired: Desired
  /** The status in the registry. */
  readonly status: Status
  /** Time of that status, in milliseconds since the epoch. */
  readonly statusSince: number
  /** The reason in the registry. */
  readonly reason: string | undefined
  /** True if the registry has it as a crash loop. */
  readonly gaveUp: boolean
  /** True if the registry has it as not observable already. */
  readonly uncertain: boolean
  /** The engine of its instance, if the flavor has engines. */
  readonly engineId: string | undefined
  /** An operation that was begun and not closed. */
  readonly operation: { readonly kind: OperationKind; readonly generation: number } | undefined
  /** True if a living process holds its lease. */
  readonly busy: boolean
  /** The observed state of its accepted instance, its health included. */
  readonly seen: OperationalState | "unobservable"
  /** The generation of its candidate and the observed state of that instance, during a canary. */
  readonly candidate: { readonly generation: number; readonly seen: OperationalState | "unobservable" } | undefined
  /** Times of its recent restarts, in milliseconds since the epoch, oldest first. */
  readonly restores: ReadonlyArray<number>
  readonly recovery: Settings.Recovery
  readonly restart: Settings.Restart
}

/** The facts of one pass. */
export interface Facts {
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly registryId: string
  readonly deployer: { readonly flavor: string; readonly name: string }
  readonly deployments: ReadonlyArray<DeploymentFacts>
  /** Deployments of other deployers in the same registry; their instances are not touched. */
  readonly others: ReadonlySet<string>
  readonly tombstones: ReadonlyArray<Tombstone>
  /** The existing instances and files; `unobservable` if the engine did not answer. */
  readonly inventory: Inventory | "unobservable"
  /** Age in milliseconds below which leftovers of deleted deployments are not removed. */
  readonly orphanGraceMillis: number
}
