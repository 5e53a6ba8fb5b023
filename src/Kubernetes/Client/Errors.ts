/**
 * Failures of a cluster's API. The status of the response and its typed details determine the failure; its text is only
 * quoted.
 */
import * as Schema from "effect/Schema"
import { TypeId } from "../../Errors/Kind.js"
import type { OutcomeUnknown } from "../../Errors/Lifecycle.js"

const Cause = Schema.optional(Schema.Defect)

/**
 * The API did not respond, or the kubeconfig names no usable cluster. Nothing was changed.
 *
 * @category errors
 * @since 0.2.0
 */
export class ClusterUnreachable extends Schema.TaggedError<ClusterUnreachable>()("ClusterUnreachable", {
  /** The purpose of the request, after "to". */
  operation: Schema.String,
  /** The address of the API, or the place of the configuration. */
  server: Schema.String,
  reason: Schema.String,
  cause: Cause
}) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `The cluster at ${this.server} could not be asked to ${this.operation}: ${this.reason}.`
  }
}

/**
 * The user of the kubeconfig lacks a right, or the credentials are not valid any more.
 *
 * @category errors
 * @since 0.2.0
 */
export class ApiForbidden extends Schema.TaggedError<ApiForbidden>()("ApiForbidden", {
  operation: Schema.String,
  server: Schema.String,
  /** True if the API does not know the user, false if the user lacks a right. */
  unauthenticated: Schema.Boolean,
  reason: Schema.String
}) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return this.unauthenticated
      ? `The cluster at ${this.server} refused the credentials of the kubeconfig to ${this.operation}: ${this.reason}. Log in again, or choose another context.`
      : `The cluster at ${this.server} refused to ${this.operation}: ${this.reason}. Give the user this right, see docs/kubernetes.md.`
  }
}

/**
 * A field that another manager owns.
 *
 * @category schemas
 * @since 0.2.0
 */
export const FieldConflict = Schema.Struct({ manager: Schema.String, field: Schema.String })

/**
 * Another manager owns a field of the object, or another change of it came first.
 *
 * @category errors
 * @since 0.2.0
 */
export class ApiConflict extends Schema.TaggedError<ApiConflict>()("ApiConflict", {
  operation: Schema.String,
  resource: Schema.String,
  /** The fields and their managers; empty if another change came first. */
  conflicts: Schema.Array(FieldConflict),
  reason: Schema.String
}) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    if (this.conflicts.length === 0)
      return `The ${this.resource} was changed at the same time: ${this.reason}. Try again.`
    const fields = this.conflicts.map(({ field, manager }) => `${field} by "${manager}"`).join(", ")
    return `Fields of the ${this.resource} were changed by others: ${fields}. Undo that change, or deploy with the setting force to take the fields over.`
  }
}

/**
 * The API refused an object: a field is not valid, a quota is used up, an admission plugin said no.
 *
 * @category errors
 * @since 0.2.0
 */
export class ApiRejected extends Schema.TaggedError<ApiRejected>()("ApiRejected", {
  operation: Schema.String,
  resource: Schema.String,
  status: Schema.Int,
  reason: Schema.String
}) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `The cluster refused the ${this.resource} (status ${this.status}): ${this.reason}.`
  }
}

/**
 * The failures of a request that changes nothing.
 *
 * @category errors
 * @since 0.2.0
 */
export type QueryError = ClusterUnreachable | ApiForbidden | ApiRejected

/**
 * The failures of a change. Only with `OutcomeUnknown` may it have been carried out.
 *
 * @category errors
 * @since 0.2.0
 */
export type ChangeError = QueryError | ApiConflict | OutcomeUnknown
