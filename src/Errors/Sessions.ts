/** The errors of sessions: what a run may fail with when it reads or changes the state of its session. */
import * as Schema from "effect/Schema"
import { status, TypeId } from "./Kind.js"

/**
 * The run belongs to no session, so it has no state of one.
 *
 * @category errors
 * @since 0.1.0
 */
export class SessionMissing extends Schema.TaggedError<SessionMissing>()(
  "SessionMissing",
  {
    /** The name of the state. */
    name: Schema.String
  },
  status(400, "The run belongs to no session.")
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `The run belongs to no session, so it has no "${this.name}"; send the header Session-Id, or give the pipeline a \`session\`.`
  }
}

/**
 * Another run changed the state since it was read. Nothing was written.
 *
 * @category errors
 * @since 0.1.0
 */
export class SessionConflict extends Schema.TaggedError<SessionConflict>()(
  "SessionConflict",
  { session: Schema.String, name: Schema.String },
  status(409, "Another run changed the state of the session.")
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `Another run changed "${this.name}" of session ${this.session} meanwhile, so nothing was written; read it again, or use \`update\`.`
  }
}

/**
 * A state is larger than its session state permits. Nothing was written.
 *
 * @category errors
 * @since 0.1.0
 */
export class SessionTooLarge extends Schema.TaggedError<SessionTooLarge>()(
  "SessionTooLarge",
  { session: Schema.String, name: Schema.String, maximum: Schema.Int, actual: Schema.Int },
  status(413, "The state of the session is too large.")
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `"${this.name}" of session ${this.session} takes ${this.actual} bytes as JSON, and its maxBytes permits ${this.maximum}; keep less of it, or raise maxBytes.`
  }
}

/**
 * A state does not fit its schema: a stored one that an earlier version of the pipeline wrote (`read`), or a new one
 * (`write`). Nothing was written.
 *
 * @category errors
 * @since 0.1.0
 */
export class SessionMisfit extends Schema.TaggedError<SessionMisfit>()(
  "SessionMisfit",
  {
    session: Schema.String,
    name: Schema.String,
    operation: Schema.Literal("read", "write"),
    /** The field, with dots between names; empty for the value itself. */
    field: Schema.String,
    reason: Schema.String
  },
  status(500, "The state of the session does not fit its schema.")
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    const where = this.field === "" ? "" : `: ${this.field}`
    const what =
      this.operation === "read"
        ? "is stored in another shape; let the schema accept that shape too, or delete the state"
        : "was given a value that does not fit; nothing was written"
    return `"${this.name}" of session ${this.session} ${what} (${this.reason}${where}).`
  }
}

/**
 * The states of sessions cannot be read or written: the service records nothing, or its store fails.
 *
 * @category errors
 * @since 0.1.0
 */
export class SessionUnavailable extends Schema.TaggedError<SessionUnavailable>()(
  "SessionUnavailable",
  { name: Schema.String, reason: Schema.String },
  status(503, "The states of sessions cannot be used.")
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `"${this.name}" of the session cannot be used: ${this.reason}.`
  }
}
