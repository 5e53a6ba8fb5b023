import type * as Redacted from "effect/Redacted"
import type { LiveKey } from "../Contract/Keys.js"
import type { Share } from "../Deployment/Candidate.js"
import type { Intake } from "../Deployment/Intake.js"
import type { DeploymentId, DeploymentName, OperationalState } from "../Deployment.js"
import type * as Settings from "../Settings.js"
import type { Snapshot } from "../Snapshot/Model.js"
import type { InstanceRecord } from "./InstanceRecord.js"

/**
 * One generation of a deployment, which a backend runs.
 *
 * @category models
 * @since 0.1.0
 */
export interface Instance {
  readonly deploymentId: DeploymentId
  readonly name: DeploymentName
  readonly generation: number
}

/**
 * A request to create and start an instance.
 *
 * @category models
 * @since 0.1.0
 */
export interface ProvisionRequest<S extends Settings.Deployment> extends Instance {
  readonly registryId: string
  readonly snapshot: Snapshot
  /** Complete and decoded by the backend's own Schema. */
  readonly settings: S
  /** The keys that the service accepts, without the keys themselves; `undefined` if it accepts every caller. */
  readonly keys: ReadonlyArray<LiveKey> | undefined
  /** The pause or the maintenance of the deployment, which a new instance continues. */
  readonly intake?: Intake | undefined
  /** The secret (hex) with which the service proves itself to callers that know the deployment from the registry. */
  readonly proofSecret?: Redacted.Redacted | undefined
  /** The secrets the settings name, by name. */
  readonly secrets: Readonly<Record<string, Redacted.Redacted>>
  /** The record that a backend with files writes beside the instance; see `InstanceRecord.write`. */
  readonly record: InstanceRecord
  /** Metadata of the last known instance, such as the port to keep. */
  readonly previous: Readonly<Record<string, unknown>> | undefined
  /** The instance runs the check of its pipeline before it is ready, within this time at most; see `manifestFor`. */
  readonly check?: { readonly timeoutMillis: number } | undefined
  /** The result of `Backend.prepare`, if the backend has that step. */
  readonly prepared?: Readonly<Record<string, unknown>> | undefined
  /**
   * True if the old instance still has a resource that this one needs: then `prepare` does everything that is possible
   * before the old one stops, and the new instance stands by; see `Backend.standsBy`.
   */
  readonly standby?: boolean | undefined
  /** The share of a candidate, for an instance that serves beside the accepted one; see `Canary`. */
  readonly share?: Share | undefined
}

/**
 * A question for the changes that a provision would make. A new deployment has an id that no other one has.
 *
 * @category models
 * @since 0.2.0
 */
export interface PreviewRequest<S extends Settings.Deployment>
  extends Pick<
    ProvisionRequest<S>,
    | "deploymentId"
    | "name"
    | "generation"
    | "registryId"
    | "snapshot"
    | "settings"
    | "keys"
    | "intake"
    | "secrets"
    | "check"
  > {
  /** The accepted generation with its metadata; none for a deployment that does not serve. */
  readonly serving: (Pick<OperationalState, "metadata"> & Pick<Instance, "generation">) | undefined
  /** False if the snapshot or a setting of these names differs from that of the accepted generation. */
  readonly isSame: (...settings: ReadonlyArray<string>) => boolean
}

/**
 * A resource that a backend found: an instance, or with generation 0 a resource that all generations share, such as a
 * network or the folder with the data.
 *
 * @category models
 * @since 0.1.0
 */
export interface Found {
  readonly deploymentId: DeploymentId
  readonly generation: number
  /** The registry it was made for, if it has a mark of it. */
  readonly registryId: string | undefined
  /** True if its files are in the home of this deployer, so that the registry it names was here once. */
  readonly atHome: boolean
  /** Its kind and name for messages: `container effect-deployers-...-3`. */
  readonly resource: string
  /** Time of its creation in milliseconds since the epoch, if known. */
  readonly madeAt: number | undefined
  /** Its record, if it is in the home. */
  readonly record: InstanceRecord | undefined
}

/**
 * The resources a backend found, and the engine that has them.
 *
 * @category models
 * @since 0.1.0
 */
export interface Inventory {
  /** Id of the engine, for flavors whose metadata has an `engineId` too. */
  readonly engineId: string | undefined
  readonly found: ReadonlyArray<Found>
}

/**
 * The keys of a deployment, for its services and for the records beside its instances.
 *
 * @category models
 * @since 0.1.0
 */
export interface Keys extends Pick<InstanceRecord, "authKey" | "authKeys"> {
  readonly live: ReadonlyArray<LiveKey>
}
