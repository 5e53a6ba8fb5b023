/** The errors of a run that a service ended, or that continues elsewhere. */
import * as Schema from "effect/Schema"
import { status, TypeId } from "../../Errors/Kind.js"

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
 * A run was over a limit of the service, so it failed: its outputs, its failure, or what it recorded.
 *
 * @category errors
 * @since 0.1.0
 */
export class RunLimitExceeded extends Schema.TaggedError<RunLimitExceeded>()(
  "RunLimitExceeded",
  {
    message: Schema.String,
    runId: Schema.String,
    /** The serving setting that is the limit; a larger value permits the run. */
    limit: Schema.Literal(
      "maxOutputBytes",
      "maxErrorBytes",
      "maxEventBytes",
      "maxArtifactBytes",
      "maxRunBytes",
      "maxStepsPerRun",
      "maxEventsPerRun"
    ),
    maximum: Schema.Number,
    /** The size or number that was found. Of a value that is far over the limit only a part is measured. */
    actual: Schema.Number,
    /** The tag of a typed failure that was too large to be answered. */
    failureTag: Schema.optional(Schema.String)
  },
  status(500, "A limit of the service was exceeded by what the run returned or recorded.")
) {
  readonly [TypeId]: TypeId = TypeId
}

/**
 * A run went on in another process, and its code did something else than what is recorded: it called another step, or the
 * same one with another input, or fewer of them. The run ends, because the recorded results may be those of other work.
 *
 * @category errors
 * @since 0.2.0
 */
export class RunDiverged extends Schema.TaggedError<RunDiverged>()(
  "RunDiverged",
  {
    message: Schema.String,
    runId: Schema.String,
    /** The recorded operation: the name of a step, or that of another operation of the run. */
    operation: Schema.String,
    /** The number of the call among those of the same name. */
    number: Schema.Int,
    /**
     * The difference: another operation, another input, no operation where one is recorded, a recorded result that the Schema
     * does not accept, or parameters that the pipeline does not accept.
     */
    differs: Schema.Literal("operation", "input", "end", "result", "parameters")
  },
  status(500, "The code of a run that went on differs from what is recorded.")
) {
  readonly [TypeId]: TypeId = TypeId
}

/**
 * Too many processes ended unexpectedly while they executed the run, so it is not started again.
 *
 * @category errors
 * @since 0.2.0
 */
export class RunNotRecovered extends Schema.TaggedError<RunNotRecovered>()(
  "RunNotRecovered",
  { message: Schema.String, runId: Schema.String, recoveries: Schema.Int },
  status(500, "Too many processes died with the run.")
) {
  readonly [TypeId]: TypeId = TypeId
}

/**
 * The service stops, and the run continues in the next process. Its record has the result later.
 *
 * @category errors
 * @since 0.2.0
 */
export class RunContinues extends Schema.TaggedError<RunContinues>()(
  "RunContinues",
  { message: Schema.String, runId: Schema.String },
  status(503, "The service stops, and the run continues in the next process.")
) {
  readonly [TypeId]: TypeId = TypeId
}
