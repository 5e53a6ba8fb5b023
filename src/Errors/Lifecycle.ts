/** The errors of lifecycle operations. */
import * as Schema from "effect/Schema"
import { status, TypeId, withLogs } from "./Kind.js"

const Deployer = Schema.Struct({ flavor: Schema.String, name: Schema.String })
const Cause = Schema.optional(Schema.Defect)

/**
 * The name is taken, and the caller does not permit a replacement.
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
 * The new generation did not become healthy. The old one still serves; `logs` are the last lines of the new one.
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
    operation: Schema.Literal("provision", "deprovision", "delete", "restore", "promote", "abort"),
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
 * A resource of the deployment could not be stopped or removed. Repeating the operation is safe.
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
 * The deployment has no log.
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
 * The manifests of a deployment cannot be written, because something of it is not known here. Nothing was written.
 *
 * @category errors
 * @since 0.2.0
 */
export class DeploymentNotExportable extends Schema.TaggedError<DeploymentNotExportable>()(
  "DeploymentNotExportable",
  { name: Schema.String, reason: Schema.String, remedy: Schema.String },
  status(409, "The deployment cannot be exported.")
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `Deployment "${this.name}" cannot be exported: ${this.reason}. ${this.remedy}.`
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
 * A snapshot cannot be deleted, because generations of deployments refer to it.
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
 * The deployment does not publish its schemas, so its parameters are not known.
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
    return `Deployment "${this.ref}" has no input schema: its info endpoint is disabled, or its answer is not that of a deployment. Enable the endpoint, or find the deployment by name.`
  }
}

/**
 * Another operation on the same deployment is in progress.
 *
 * @category errors
 * @since 0.1.0
 */
export class DeploymentBusy extends Schema.TaggedError<DeploymentBusy>()(
  "DeploymentBusy",
  { name: Schema.String, holder: Schema.String, expiresAt: Schema.DateTimeUtc },
  status(409, "Another operation is in progress.")
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `Deployment "${this.name}" is being changed by ${this.holder}; try again when it is done.`
  }
}

/**
 * Another deployer took over the lease of the deployment during the operation; the last writes may be without effect.
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
    return `The lease on deployment ${this.deploymentId} was taken over by another deployer; refresh the deployment to see its status.`
  }
}

/**
 * A foreign resource has the name that the backend needs. It stays unchanged.
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
 * Another process has the port of the deployment.
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
 * The engine (a container engine, the process table) did not answer. No change is known.
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
 * The registry and the engine do not belong together: the registry is new or an older copy, or the engine is not the one of
 * the deployments. Nothing was changed.
 *
 * @category errors
 * @since 0.1.0
 */
export class RegistryMismatch extends Schema.TaggedError<RegistryMismatch>()(
  "RegistryMismatch",
  {
    deployer: Deployer,
    /** One clause for each contradiction. */
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
 * The answer to a request to the engine was lost, so its effect is not known. Repeating the operation is safe.
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
