/** The errors of a request about a run, a schedule, an artifact or a session. */
import * as Schema from "effect/Schema"
import { status, TypeId } from "../../Errors/Kind.js"

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
 * The pipeline has no such schedule.
 *
 * @category errors
 * @since 0.1.0
 */
export class ScheduleNotFound extends Schema.TaggedError<ScheduleNotFound>()(
  "ScheduleNotFound",
  { message: Schema.String, schedule: Schema.String },
  status(404, "There is no such schedule.")
) {
  readonly [TypeId]: TypeId = TypeId
}

/**
 * The pipeline has no such trigger.
 *
 * @category errors
 * @since 0.2.0
 */
export class TriggerNotFound extends Schema.TaggedError<TriggerNotFound>()(
  "TriggerNotFound",
  { message: Schema.String, trigger: Schema.String },
  status(404, "There is no such trigger.")
) {
  readonly [TypeId]: TypeId = TypeId
}

/**
 * The run has no such artifact, or its content was removed.
 *
 * @category errors
 * @since 0.1.0
 */
export class ArtifactNotFound extends Schema.TaggedError<ArtifactNotFound>()(
  "ArtifactNotFound",
  { message: Schema.String, runId: Schema.String, step: Schema.String },
  status(404, "There is no such artifact.")
) {
  readonly [TypeId]: TypeId = TypeId
}

/**
 * There is no such session.
 *
 * @category errors
 * @since 0.1.0
 */
export class SessionNotFound extends Schema.TaggedError<SessionNotFound>()(
  "SessionNotFound",
  { message: Schema.String, session: Schema.String },
  status(404, "There is no such session.")
) {
  readonly [TypeId]: TypeId = TypeId
}

/**
 * The run has ended, so it takes no signal.
 *
 * @category errors
 * @since 0.2.0
 */
export class RunHasEnded extends Schema.TaggedError<RunHasEnded>()(
  "RunHasEnded",
  { message: Schema.String, runId: Schema.String },
  status(409, "The run has ended.")
) {
  readonly [TypeId]: TypeId = TypeId
}

/**
 * The run cannot be retried: it is in progress, or its record lacks what the retry needs.
 *
 * @category errors
 * @since 0.2.0
 */
export class RunNotRetryable extends Schema.TaggedError<RunNotRetryable>()(
  "RunNotRetryable",
  {
    message: Schema.String,
    runId: Schema.String,
    reason: Schema.Literal("inProgress", "noData", "noResults", "succeeded")
  },
  status(409, "The run is in progress, or its record lacks what the retry needs.")
) {
  readonly [TypeId]: TypeId = TypeId
}
