/** The failure of the check of a pipeline. */
import * as Schema from "effect/Schema"
import { status, TypeId, withLogs } from "./Kind.js"

/**
 * The cause of a failed check: a typed failure of the pipeline or of the check, or one of `CheckTimedOut`,
 * `CheckInvalidInput`, `CheckUnexpectedOutput` and `CheckDied`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const CheckFailure = Schema.Struct({
  _tag: Schema.String,
  /** A clause or a sentence of the failure. */
  message: Schema.String,
  /** The encoded error, if the pipeline declares it. */
  error: Schema.optional(Schema.Unknown)
})

export type CheckFailure = typeof CheckFailure.Type

/**
 * The check of the pipeline failed in the new version. The old version still serves; `logs` are the last lines of the new
 * one.
 *
 * @category errors
 * @since 0.1.0
 */
export class DeploymentCheckFailed extends Schema.TaggedError<DeploymentCheckFailed>()(
  "DeploymentCheckFailed",
  { name: Schema.String, failure: CheckFailure, logs: Schema.Array(Schema.String) },
  status(422, "The check of the new version failed.")
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    const { _tag, message } = this.failure
    const cause = message.includes(_tag) ? message : `${_tag}: ${message}`
    return withLogs(
      `The check of the new version of "${this.name}" failed, so the version gets no callers: ${cause.replace(/\.$/, "")}.`,
      this.logs
    )
  }
}
