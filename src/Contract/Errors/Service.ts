/** The errors of a service that accepts no runs at the moment, or that has a defect. */
import * as Schema from "effect/Schema"
import { status, TypeId } from "../../Errors/Kind.js"

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
 * The service is still starting, is stopping, cannot record runs, or has as many streams of events open as it may.
 *
 * @category errors
 * @since 0.1.0
 */
export class ServiceUnavailable extends Schema.TaggedError<ServiceUnavailable>()(
  "ServiceUnavailable",
  {
    message: Schema.String,
    reason: Schema.Literal("starting", "draining", "store", "streams"),
    retryAfterSeconds: Schema.Number
  },
  status(503, "The service is starting or stopping, cannot record runs, or has too many streams open.")
) {
  readonly [TypeId]: TypeId = TypeId
}

/**
 * The deployment is in maintenance and accepts no runs. The message is that of its operator.
 *
 * @category errors
 * @since 0.2.0
 */
export class ServiceInMaintenance extends Schema.TaggedError<ServiceInMaintenance>()(
  "ServiceInMaintenance",
  { message: Schema.String, retryAfterSeconds: Schema.Number },
  status(503, "The deployment is in maintenance and accepts no runs.")
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
