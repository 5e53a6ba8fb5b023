/** The errors that a deployment answers over HTTP. Their `message` is part of the answer. */
import * as Schema from "effect/Schema"
import { Issue } from "../Errors/Issue.js"
import { status, TypeId } from "../Errors/Kind.js"

/**
 * The request is not valid: malformed JSON, nesting too deep, or parameters that do not decode.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidRequest extends Schema.TaggedError<InvalidRequest>()(
  "InvalidRequest",
  { message: Schema.String, issues: Schema.Array(Issue) },
  status(400, "Malformed JSON, nesting too deep, or parameters that do not decode.")
) {
  readonly [TypeId]: TypeId = TypeId
}

/**
 * No key, or a wrong one.
 *
 * @category errors
 * @since 0.1.0
 */
export class Unauthorized extends Schema.TaggedError<Unauthorized>()(
  "Unauthorized",
  { message: Schema.String },
  status(401, "No key, or a wrong one.")
) {
  readonly [TypeId]: TypeId = TypeId
}

/**
 * There is no such path.
 *
 * @category errors
 * @since 0.1.0
 */
export class NotFound extends Schema.TaggedError<NotFound>()(
  "NotFound",
  { message: Schema.String },
  status(404, "There is no such path.")
) {
  readonly [TypeId]: TypeId = TypeId
}

/**
 * There is no such run.
 *
 * @category errors
 * @since 0.1.0
 */
export class RunNotFound extends Schema.TaggedError<RunNotFound>()(
  "RunNotFound",
  { message: Schema.String, runId: Schema.String },
  status(404, "There is no such run.")
) {
  readonly [TypeId]: TypeId = TypeId
}

/**
 * The path exists, but not with this method.
 *
 * @category errors
 * @since 0.1.0
 */
export class MethodNotAllowed extends Schema.TaggedError<MethodNotAllowed>()(
  "MethodNotAllowed",
  { message: Schema.String, allow: Schema.Array(Schema.String) },
  status(405, "The path exists, but not with this method.")
) {
  readonly [TypeId]: TypeId = TypeId
}

/**
 * The idempotency key belongs to another request.
 *
 * @category errors
 * @since 0.1.0
 */
export class IdempotencyConflict extends Schema.TaggedError<IdempotencyConflict>()(
  "IdempotencyConflict",
  { message: Schema.String },
  status(409, "The idempotency key was used with another body.")
) {
  readonly [TypeId]: TypeId = TypeId
}

/**
 * The body is over the limit.
 *
 * @category errors
 * @since 0.1.0
 */
export class PayloadTooLarge extends Schema.TaggedError<PayloadTooLarge>()(
  "PayloadTooLarge",
  { message: Schema.String, maxBodyBytes: Schema.Number },
  status(413, "The body is over the limit.")
) {
  readonly [TypeId]: TypeId = TypeId
}

/**
 * The body is not JSON.
 *
 * @category errors
 * @since 0.1.0
 */
export class UnsupportedMediaType extends Schema.TaggedError<UnsupportedMediaType>()(
  "UnsupportedMediaType",
  { message: Schema.String },
  status(415, "The body is not application/json.")
) {
  readonly [TypeId]: TypeId = TypeId
}

/**
 * More runs are running and queued than the service accepts.
 *
 * @category errors
 * @since 0.1.0
 */
export class TooManyRuns extends Schema.TaggedError<TooManyRuns>()(
  "TooManyRuns",
  { message: Schema.String, retryAfterSeconds: Schema.Number },
  status(429, "More runs are in flight and waiting than the service takes.")
) {
  readonly [TypeId]: TypeId = TypeId
}

/**
 * The service is still starting, is stopping, or cannot record runs.
 *
 * @category errors
 * @since 0.1.0
 */
export class ServiceUnavailable extends Schema.TaggedError<ServiceUnavailable>()(
  "ServiceUnavailable",
  { message: Schema.String, reason: Schema.Literal("starting", "draining", "store"), retryAfterSeconds: Schema.Number },
  status(503, "The service is starting or stopping, or cannot record runs.")
) {
  readonly [TypeId]: TypeId = TypeId
}

/**
 * A run hit its deadline; its fiber was interrupted.
 *
 * @category errors
 * @since 0.1.0
 */
export class RunTimedOut extends Schema.TaggedError<RunTimedOut>()(
  "RunTimedOut",
  { message: Schema.String, runId: Schema.String, timeoutMillis: Schema.Number },
  status(504, "The run hit its deadline.")
) {
  readonly [TypeId]: TypeId = TypeId
}

/**
 * A run was interrupted, and not by its caller: it was cancelled, the service stopped first, or its process died (`lost`).
 *
 * @category errors
 * @since 0.1.0
 */
export class RunInterrupted extends Schema.TaggedError<RunInterrupted>()(
  "RunInterrupted",
  { message: Schema.String, runId: Schema.String, reason: Schema.Literal("cancelled", "shutdown", "lost") },
  status(503, "The run was cancelled, or the service stopped.")
) {
  readonly [TypeId]: TypeId = TypeId
}

/**
 * A bug in the pipeline or the runtime. The details are in the service's log under the same id, never in the answer.
 *
 * @category errors
 * @since 0.1.0
 */
export class InternalError extends Schema.TaggedError<InternalError>()(
  "InternalError",
  { message: Schema.String, id: Schema.String, runId: Schema.optional(Schema.String) },
  status(500, "A bug; the id leads to the details in the service's log.")
) {
  readonly [TypeId]: TypeId = TypeId
}

/**
 * A deployment could not be called: it is not running, does not answer, or its answer is not that of a deployment.
 *
 * @category errors
 * @since 0.1.0
 */
export class DeploymentHttpError extends Schema.TaggedError<DeploymentHttpError>()(
  "DeploymentHttpError",
  {
    deployment: Schema.String,
    reason: Schema.String,
    url: Schema.optional(Schema.String),
    status: Schema.optional(Schema.Number),
    cause: Schema.optional(Schema.Defect)
  },
  status(502, "The deployment could not be called.")
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    const answer = this.status === undefined ? "" : ` (HTTP ${this.status})`
    return `Deployment "${this.deployment}" could not be called${this.url ? ` at ${this.url}` : ""}${answer}: ${this.reason}.`
  }
}
