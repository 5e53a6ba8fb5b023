/** Failures of the processes of this machine. */
import * as Schema from "effect/Schema"
import { TypeId } from "../Errors/Kind.js"

/**
 * A process could not be started.
 *
 * @category errors
 * @since 0.1.0
 */
export class ProcessSpawnFailed extends Schema.TaggedError<ProcessSpawnFailed>()("ProcessSpawnFailed", {
  command: Schema.String,
  reason: Schema.String,
  cause: Schema.optional(Schema.Defect)
}) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `The program ${this.command} could not be started: ${this.reason}.`
  }
}

/**
 * The process table cannot be read; nothing is known about processes.
 *
 * @category errors
 * @since 0.1.0
 */
export class ProcessTableUnavailable extends Schema.TaggedError<ProcessTableUnavailable>()("ProcessTableUnavailable", {
  reason: Schema.String,
  cause: Schema.optional(Schema.Defect)
}) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `The processes of this machine could not be listed: ${this.reason}.`
  }
}

/**
 * The system refused to deliver a signal.
 *
 * @category errors
 * @since 0.1.0
 */
export class ProcessSignalRefused extends Schema.TaggedError<ProcessSignalRefused>()("ProcessSignalRefused", {
  pid: Schema.Int,
  signal: Schema.String,
  cause: Schema.optional(Schema.Defect)
}) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `The system refused to send ${this.signal} to process ${this.pid}; it may belong to another user.`
  }
}
