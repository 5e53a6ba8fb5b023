/**
 * Progress of lifecycle operations. The same events are drawn by the CLI, asserted on by tests and stored as the audit
 * log.
 */
import * as Schema from "effect/Schema"

/**
 * Kind of an event, in the order of a provision that replaces an older generation.
 *
 * @category schemas
 * @since 0.1.0
 */
export const EventType = Schema.Literal(
  "operation_started",
  "validated",
  "lease_acquired",
  "intent_recorded",
  "auth_key_generated",
  "auth_key_removed",
  "paused",
  "maintenance_started",
  "resumed",
  "intake_kept",
  "old_instance_stopped",
  "warning",
  "image_building",
  "image_built",
  "image_pushing",
  "image_pushed",
  "instance_started",
  "check_waiting",
  "check_passed",
  "check_failed",
  "health_waiting",
  "healthy",
  "candidate_serves",
  "candidate_removed",
  "generation_committed",
  "old_instance_removed",
  "old_instance_restored",
  "instance_restored",
  "stray_removed",
  "instance_removed",
  "status_observed",
  "operation_finished",
  "operation_failed"
)

export type EventType = typeof EventType.Type

/**
 * Something that happened to a deployment, as the audit log has it.
 *
 * @category schemas
 * @since 0.1.0
 */
export const DeploymentEvent = Schema.Struct({
  /** Grows within one registry. */
  sequence: Schema.Int,
  deploymentId: Schema.String,
  deploymentName: Schema.String,
  /** The operation it belongs to (UUIDv7). */
  operationId: Schema.String,
  operation: Schema.Literal(
    "provision",
    "deprovision",
    "delete",
    "refresh",
    "restore",
    "reconcile",
    "keys",
    "intake",
    "canary",
    "promote",
    "abort"
  ),
  type: EventType,
  at: Schema.DateTimeUtc,
  /** Details: generation, reason, url; never a secret. */
  data: Schema.Record({ key: Schema.String, value: Schema.Unknown })
})

export type DeploymentEvent = typeof DeploymentEvent.Type
