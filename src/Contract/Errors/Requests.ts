/** The errors of a request that a service does not accept as it is. */
import * as Schema from "effect/Schema"
import { Issue } from "../../Errors/Issue.js"
import { status, TypeId } from "../../Errors/Kind.js"
import { KeyScope } from "../Keys.js"

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
 * No key, a wrong one, or the token of a share link that has expired.
 *
 * @category errors
 * @since 0.1.0
 */
export class Unauthorized extends Schema.TaggedError<Unauthorized>()(
  "Unauthorized",
  {
    message: Schema.String,
    /** `expired` for a share link whose time is over. */
    reason: Schema.optional(Schema.Literal("expired"))
  },
  status(401, "No key, or a wrong one.")
) {
  readonly [TypeId]: TypeId = TypeId
}

/**
 * The key is live and lacks the scope of this endpoint.
 *
 * @category errors
 * @since 0.1.0
 */
export class Forbidden extends Schema.TaggedError<Forbidden>()(
  "Forbidden",
  { message: Schema.String, scope: KeyScope },
  status(403, "The key lacks the scope of this endpoint.")
) {
  readonly [TypeId]: TypeId = TypeId
}

/**
 * The address of the caller sent too many wrong keys in a row. A live key is accepted all the same.
 *
 * @category errors
 * @since 0.1.0
 */
export class TooManyFailedKeys extends Schema.TaggedError<TooManyFailedKeys>()(
  "TooManyFailedKeys",
  { message: Schema.String, retryAfterSeconds: Schema.Number },
  status(429, "Too many wrong keys from one address.")
) {
  readonly [TypeId]: TypeId = TypeId
}

/**
 * A page of another origin sent a request that only pages of the service and of the setting `cors` may send.
 *
 * @category errors
 * @since 0.2.0
 */
export class OriginRefused extends Schema.TaggedError<OriginRefused>()(
  "OriginRefused",
  { message: Schema.String, origin: Schema.String },
  status(403, "A page of this origin may not connect.")
) {
  readonly [TypeId]: TypeId = TypeId
}

/**
 * The path is a WebSocket, and the request asks for none or cannot become one.
 *
 * @category errors
 * @since 0.2.0
 */
export class UpgradeRequired extends Schema.TaggedError<UpgradeRequired>()(
  "UpgradeRequired",
  { message: Schema.String },
  status(426, "The path is a WebSocket.")
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
