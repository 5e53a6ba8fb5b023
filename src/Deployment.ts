/**
 * The domain of deployments: names, ids, statuses and what is known about one. Values here cross process borders (the
 * registry, the CLI's JSON), so each is a Schema.
 */

import * as Effect from "effect/Effect"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { Candidate } from "./Deployment/Candidate.js"
import { Intake } from "./Deployment/Intake.js"
import { InvalidName } from "./Errors/Input.js"

/**
 * UUIDv7 of a deployment; stable over all its generations.
 *
 * @category schemas
 * @since 0.1.0
 */
export const DeploymentId = Schema.UUID.pipe(Schema.brand("DeploymentId"))

export type DeploymentId = typeof DeploymentId.Type

/**
 * Name of a deployment: 1 to 40 lowercase letters, digits and hyphens, starting with a letter and not ending with a
 * hyphen, so that it can be part of a host name, a container name and a path.
 *
 * @category schemas
 * @since 0.1.0
 */
export const DeploymentName = Schema.String.pipe(
  Schema.pattern(/^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$/),
  Schema.brand("DeploymentName")
)

export type DeploymentName = typeof DeploymentName.Type

/**
 * Checks a name against the grammar of {@link DeploymentName}.
 *
 * @category constructors
 * @since 0.1.0
 */
export const parseName = (name: string): Effect.Effect<DeploymentName, InvalidName> =>
  Effect.mapError(ParseResult.decodeUnknown(DeploymentName)(name), () => new InvalidName({ name }))

/**
 * Status of a deployment: `pending` a change is in progress, `running` it answered its health check, `error`
 * it should run and does not, `absent` nothing of it exists, `unknown` its state could not be observed yet.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Status = Schema.Literal("running", "pending", "error", "absent", "unknown")

export type Status = typeof Status.Type

/**
 * Which status may follow which. A status may always follow itself. `absent` is left only by a new provisioning or by
 * finding the thing again.
 *
 * @category models
 * @since 0.1.0
 */
export const transitions: { readonly [From in Status]: ReadonlyArray<Status> } = {
  pending: ["running", "error", "absent", "unknown"],
  running: ["pending", "error", "absent", "unknown"],
  error: ["pending", "running", "absent", "unknown"],
  absent: ["pending", "running"],
  unknown: ["pending", "running", "error", "absent"]
}

/**
 * True if a status may follow another.
 *
 * @category predicates
 * @since 0.1.0
 */
export const canFollow = (from: Status, to: Status): boolean => from === to || transitions[from].includes(to)

/**
 * The observation of one generation by a backend.
 *
 * @category schemas
 * @since 0.1.0
 */
export class OperationalState extends Schema.Class<OperationalState>("effect-deployers/OperationalState")({
  status: Status,
  /** URL of the service, without a trailing slash; present while it runs. */
  url: Schema.optional(Schema.String),
  /** URL of the deployment, if it is another one than that of this service: a door leads its callers to the service. */
  publicUrl: Schema.optional(Schema.String),
  /** Process id, container id, port, log file, by the flavor's metadata Schema. */
  metadata: Schema.Record({ key: Schema.String, value: Schema.Unknown }),
  /** One sentence on why the status is not `running`. */
  reason: Schema.optional(Schema.String)
}) {}

/**
 * Desired state of a deployment: `running`, or `stopped` with its record kept.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Desired = Schema.Literal("running", "stopped")

export type Desired = typeof Desired.Type

/**
 * A deployment as callers see it. No secret is in it.
 *
 * @category schemas
 * @since 0.1.0
 */
export class Deployment extends Schema.Class<Deployment>("effect-deployers/Deployment")({
  id: DeploymentId,
  name: DeploymentName,
  status: Status,
  /** URL of the service, without a trailing slash. */
  url: Schema.optional(Schema.String),
  /** Last accepted generation; 0 before the first one was accepted. */
  generation: Schema.NonNegativeInt,
  /** The deployer that made it; only that one may change it. */
  deployer: Schema.Struct({ flavor: Schema.String, name: Schema.String }),
  /** The snapshot it serves. */
  snapshot: Schema.Struct({ id: Schema.String, pipelineName: Schema.String, version: Schema.Int }),
  metadata: Schema.Record({ key: Schema.String, value: Schema.Unknown }),
  authEnabled: Schema.Boolean,
  desired: Desired,
  /** The pause or the maintenance of the deployment; absent while it accepts runs. */
  intake: Schema.optional(Intake),
  /** The generation that serves a share of the callers beside the accepted one, during a canary. */
  candidate: Schema.optional(Candidate),
  /** One sentence on why the status is not what is desired. */
  reason: Schema.optional(Schema.String),
  /** Time of the first failed observation; the other fields contain the last known state. */
  unknownSince: Schema.optional(Schema.DateTimeUtc),
  createdAt: Schema.DateTimeUtc,
  updatedAt: Schema.DateTimeUtc
}) {}

/**
 * Outcome of one generation: in progress, the candidate of a canary, accepted, or refused while the old one still serves.
 *
 * @category schemas
 * @since 0.1.0
 */
export const RevisionOutcome = Schema.Literal("pending", "candidate", "accepted", "failed")

export type RevisionOutcome = typeof RevisionOutcome.Type

/**
 * The stored record of one generation.
 *
 * @category schemas
 * @since 0.1.0
 */
export class Revision extends Schema.Class<Revision>("effect-deployers/Revision")({
  deploymentId: DeploymentId,
  generation: Schema.Int,
  snapshotId: Schema.String,
  /** The merged settings it was provisioned with, encoded. */
  settings: Schema.Record({ key: Schema.String, value: Schema.Unknown }),
  outcome: RevisionOutcome,
  reason: Schema.optional(Schema.String),
  /** The user of the operation, as `user@host`; empty if not known. */
  by: Schema.String,
  createdAt: Schema.DateTimeUtc,
  settledAt: Schema.optional(Schema.DateTimeUtc)
}) {}

/**
 * One line of a deployment's log.
 *
 * @category schemas
 * @since 0.1.0
 */
export class LogLine extends Schema.Class<LogLine>("effect-deployers/LogLine")({
  /** Time of the line, if the line or an earlier one contains it. */
  at: Schema.optional(Schema.DateTimeUtc),
  text: Schema.String
}) {}
