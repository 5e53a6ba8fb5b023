/** The errors of installing the supervisor of a home. */
import * as Schema from "effect/Schema"
import { status, TypeId } from "./Kind.js"

/**
 * No service manager of this machine can run the supervisor. Nothing was changed.
 *
 * @category errors
 * @since 0.1.0
 */
export class ServiceManagerUnavailable extends Schema.TaggedError<ServiceManagerUnavailable>()(
  "ServiceManagerUnavailable",
  { reason: Schema.String, remedy: Schema.String },
  status(503, "No service manager can be used.")
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `The supervisor could not be installed: ${this.reason}. ${this.remedy}`
  }
}

/**
 * The service manager refused a command, or a file of it could not be written. An installation that failed leaves no new file.
 *
 * @category errors
 * @since 0.1.0
 */
export class ServiceManagerFailed extends Schema.TaggedError<ServiceManagerFailed>()(
  "ServiceManagerFailed",
  { command: Schema.String, reason: Schema.String, remedy: Schema.String },
  status(502, "The service manager refused a command.")
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `\`${this.command}\` failed: ${this.reason}. ${this.remedy}`
  }
}
