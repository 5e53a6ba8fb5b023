/**
 * How lifecycle operations on a deployment fail.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { status, TypeId, withLogs } from "./Kind.js"

const Deployer = Schema.Struct({ flavor: Schema.String, name: Schema.String })
const Cause = Schema.optional(Schema.Defect)

/**
 * The name is taken and the caller asked not to replace it.
 *
 * @category errors
 * @since 0.1.0
 */
export class DeploymentAlreadyExists extends Schema.TaggedError<DeploymentAlreadyExists>()(
  "DeploymentAlreadyExists",
  { name: Schema.String },
  status(409, "A deployment of that name exists.")
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `A deployment named "${this.name}" exists already; choose another name or allow replacing it.`
  }
}

/**
 * No deployment has that name or id.
 *
 * @category errors
 * @since 0.1.0
 */
export class DeploymentNotFound extends Schema.TaggedError<DeploymentNotFound>()(
  "DeploymentNotFound",
  { ref: Schema.String },
  status(404, "No such deployment.")
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `There is no deployment "${this.ref}"; \`deployers list\` shows what there is.`
  }
}

/**
 * The new generation did not come up. What served before still serves; `logs` are the last lines of the new one.
 *
 * @category errors
 * @since 0.1.0
 */
export class DeploymentProvisionFailed extends Schema.TaggedError<DeploymentProvisionFailed>()(
  "DeploymentProvisionFailed",
  { name: Schema.String, reason: Schema.String, logs: Schema.Array(Schema.String), cause: Cause },
  status(502, "The deployment could not be provisioned.")
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return withLogs(`Deployment "${this.name}" could not be provisioned: ${this.reason}.`, this.logs)
  }
}

/**
 * A lifecycle operation did not end within its deadline.
 *
 * @category errors
 * @since 0.1.0
 */
export class DeploymentTimeout extends Schema.TaggedError<DeploymentTimeout>()(
  "DeploymentTimeout",
  {
    name: Schema.String,
    operation: Schema.Literal("provision", "deprovision", "delete", "restore"),
    timeoutMillis: Schema.Number,
    logs: Schema.Array(Schema.String)
  },
  status(504, "The operation did not end in time.")
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return withLogs(
      `The ${this.operation} of "${this.name}" did not end within ${this.timeoutMillis} ms; raise \`timeoutMillis\` if it needs longer.`,
      this.logs
    )
  }
}

/**
 * Something of the deployment could not be stopped or removed. The operation can be repeated.
 *
 * @category errors
 * @since 0.1.0
 */
export class DeploymentDeprovisionFailed extends Schema.TaggedError<DeploymentDeprovisionFailed>()(
  "DeploymentDeprovisionFailed",
  { name: Schema.String, reason: Schema.String, cause: Cause },
  status(502, "The deployment could not be deprovisioned.")
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `Deployment "${this.name}" could not be deprovisioned: ${this.reason}. Repeat the command; use force to drop the record all the same.`
  }
}

/**
 * There is no log to read.
 *
 * @category errors
 * @since 0.1.0
 */
export class DeploymentLogsNotFound extends Schema.TaggedError<DeploymentLogsNotFound>()(
  "DeploymentLogsNotFound",
  { name: Schema.String, reason: Schema.String },
  status(404, "No logs.")
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `There are no logs of "${this.name}": ${this.reason}.`
  }
}

/**
 * The deployment belongs to another deployer.
 *
 * @category errors
 * @since 0.1.0
 */
export class DeploymentDeployerMismatch extends Schema.TaggedError<DeploymentDeployerMismatch>()(
  "DeploymentDeployerMismatch",
  { name: Schema.String, owner: Deployer, given: Deployer },
  status(409, "The deployment belongs to another deployer.")
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `Deployment "${this.name}" was made by the ${this.owner.flavor} deployer "${this.owner.name}", not by the ${this.given.flavor} deployer "${this.given.name}"; use its own deployer, or delete it first.`
  }
}

/**
 * The snapshot cannot be deployed here.
 *
 * @category errors
 * @since 0.1.0
 */
export class DeploymentSnapshotMismatch extends Schema.TaggedError<DeploymentSnapshotMismatch>()(
  "DeploymentSnapshotMismatch",
  { snapshot: Schema.String, reason: Schema.String, remedy: Schema.String },
  status(409, "The snapshot does not fit this deployer.")
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `Snapshot ${this.snapshot} cannot be deployed: ${this.reason}. ${this.remedy}.`
  }
}

/**
 * No snapshot has that id, or that pipeline name and version.
 *
 * @category errors
 * @since 0.1.0
 */
export class SnapshotNotFound extends Schema.TaggedError<SnapshotNotFound>()(
  "SnapshotNotFound",
  { ref: Schema.String },
  status(404, "No such snapshot.")
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `There is no snapshot "${this.ref}"; \`deployers snapshot list\` shows what there is.`
  }
}

/**
 * A snapshot cannot be deleted, because deployments serve it, or could serve it again.
 *
 * @category errors
 * @since 0.1.0
 */
export class SnapshotInUse extends Schema.TaggedError<SnapshotInUse>()(
  "SnapshotInUse",
  {
    snapshot: Schema.String,
    uses: Schema.Array(Schema.Struct({ deployment: Schema.String, generations: Schema.Array(Schema.Int) }))
  },
  status(409, "The snapshot is in use.")
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    const uses = this.uses.map(
      ({ deployment, generations }) =>
        `"${deployment}" (generation${generations.length === 1 ? "" : "s"} ${generations.join(", ")})`
    )
    return `Snapshot ${this.snapshot} is used by ${uses.length === 0 ? "a deployment" : uses.join(", ")}; generations keep theirs, so that they can be served again.`
  }
}

/**
 * The deployment's snapshot carries no schema, so nothing can be said about its parameters.
 *
 * @category errors
 * @since 0.1.0
 */
export class DeploymentSchemaNotFound extends Schema.TaggedError<DeploymentSchemaNotFound>()(
  "DeploymentSchemaNotFound",
  { ref: Schema.String },
  status(404, "The deployment has no schema.")
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `Deployment "${this.ref}" tells no input schema: its info endpoint is switched off or it is not one of ours.`
  }
}

/**
 * Another operation on the same deployment is under way.
 *
 * @category errors
 * @since 0.1.0
 */
export class DeploymentBusy extends Schema.TaggedError<DeploymentBusy>()(
  "DeploymentBusy",
  { name: Schema.String, holder: Schema.String, expiresAt: Schema.DateTimeUtc },
  status(409, "Another operation is under way.")
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `Deployment "${this.name}" is being changed by ${this.holder}; try again when it is done.`
  }
}

/**
 * The lease that guards the deployment was taken over while we worked; what we wrote last may not have counted.
 *
 * @category errors
 * @since 0.1.0
 */
export class LeaseLost extends Schema.TaggedError<LeaseLost>()(
  "LeaseLost",
  { deploymentId: Schema.String },
  status(409, "The lease was lost.")
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `The lease on deployment ${this.deploymentId} was taken over by somebody else; refresh it to see where it stands.`
  }
}

/**
 * The name a backend needs is held by something that is not ours; it was left alone.
 *
 * @category errors
 * @since 0.1.0
 */
export class ResourceNotOwned extends Schema.TaggedError<ResourceNotOwned>()(
  "ResourceNotOwned",
  { name: Schema.String, resource: Schema.String },
  status(409, "A foreign resource is in the way.")
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `Deployment "${this.name}" needs ${this.resource}, which exists and is not ours; remove or rename it, or choose another name.`
  }
}

/**
 * The port a deployment must have is taken by somebody else.
 *
 * @category errors
 * @since 0.1.0
 */
export class PortUnavailable extends Schema.TaggedError<PortUnavailable>()(
  "PortUnavailable",
  { name: Schema.String, port: Schema.Int },
  status(409, "The port is taken.")
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `Deployment "${this.name}" cannot listen on port ${this.port}: it is taken or not allowed; choose another port, or none to have one chosen.`
  }
}

/**
 * What runs the deployments (a container engine, the process table) could not be asked. Nothing is known to have
 * changed.
 *
 * @category errors
 * @since 0.1.0
 */
export class EngineUnavailable extends Schema.TaggedError<EngineUnavailable>()(
  "EngineUnavailable",
  { flavor: Schema.String, operation: Schema.String, reason: Schema.String, cause: Cause },
  status(503, "The engine cannot be reached.")
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `The ${this.flavor} engine could not be asked to ${this.operation}: ${this.reason}.`
  }
}

/**
 * The registry and what exists do not belong together: the registry was made anew or restored from an older copy, or
 * another engine is asked than the one that has the deployments. Nothing was touched.
 *
 * @category errors
 * @since 0.1.0
 */
export class RegistryMismatch extends Schema.TaggedError<RegistryMismatch>()(
  "RegistryMismatch",
  {
    deployer: Deployer,
    /** One clause for each thing that does not fit. */
    evidence: Schema.Array(Schema.String)
  },
  status(409, "Registry and engine do not belong together.")
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    const [first = "", ...others] = this.evidence
    const more = others.length === 0 ? "" : ` (and ${others.length} more like it)`
    return `The registry and the ${this.deployer.flavor} deployer "${this.deployer.name}" do not belong together, so nothing was touched: ${first}${more}.`
  }
}

/**
 * A request to the engine was sent and its answer lost: it may or may not have been carried out. Repeating the operation
 * is safe.
 *
 * @category errors
 * @since 0.1.0
 */
export class OutcomeUnknown extends Schema.TaggedError<OutcomeUnknown>()(
  "OutcomeUnknown",
  { operation: Schema.String, resource: Schema.String },
  status(504, "It is not known whether the operation was carried out.")
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `It is not known whether "${this.operation}" on ${this.resource} was carried out; repeat the operation, that is safe.`
  }
}
