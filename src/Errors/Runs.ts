/** The errors of runs: for callers without the pipeline's types, and for pipelines. */
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { status, TypeId } from "./Kind.js"

/**
 * The pipeline failed with a typed failure: `error` is its encoded form, by the pipeline's error schema.
 *
 * @category errors
 * @since 0.1.0
 */
export class DeploymentRunFailed extends Schema.TaggedError<DeploymentRunFailed>()(
  "DeploymentRunFailed",
  {
    deployment: Schema.String,
    /** Message of the failure. */
    reason: Schema.String,
    error: Schema.Unknown,
    runId: Schema.optional(Schema.String)
  },
  status(422, "The pipeline failed with a typed failure.")
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    const tag = Predicate.hasProperty(this.error, "_tag") ? this.error._tag : undefined
    const isNamed = typeof tag !== "string" || this.reason.startsWith(tag)
    return `The run of "${this.deployment}" failed${isNamed ? "" : ` with ${tag}`}: ${this.reason}`
  }
}

/**
 * A run cannot be repeated, because its parameters are not on record.
 *
 * @category errors
 * @since 0.1.0
 */
export class RunNotRepeatable extends Schema.TaggedError<RunNotRepeatable>()(
  "RunNotRepeatable",
  { deployment: Schema.String, runId: Schema.String },
  status(409, "The parameters of the run are not on record.")
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `Run ${this.runId} of "${this.deployment}" cannot be run again: it is recorded without its data, as with skipArtifacts, so its parameters are not known.`
  }
}

/**
 * A pipeline gave its response a status that a success does not have, or a header that the service decides.
 *
 * @category errors
 * @since 0.2.0
 */
export class ResponseRefused extends Schema.TaggedError<ResponseRefused>()(
  "ResponseRefused",
  {
    /** `status`, `headers`, or `headers.NAME`. */
    field: Schema.String,
    /** The value that was given, shortened. */
    given: Schema.String,
    reason: Schema.String
  },
  status(500, "A pipeline gave its response a part that it may not decide.")
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `The response of the run cannot have ${this.field} "${this.given}": ${this.reason}.`
  }
}
