/**
 * Runs as records: the shape that the run store keeps and that `GET /runs` answers.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * Where a run is: the first two are under way, the others are final.
 *
 * @category schemas
 * @since 0.1.0
 */
export const RunStatus = Schema.Literal("queued", "running", "succeeded", "failed", "interrupted")

/**
 * @category models
 * @since 0.1.0
 */
export type RunStatus = typeof RunStatus.Type

/**
 * Why a run was interrupted: cancelled by request, its caller went away, it took too long, the service shut down, or
 * the process that ran it is gone.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Cause = Schema.Literal("cancelled", "disconnected", "timeout", "shutdown", "lost")

/**
 * One call of a step.
 *
 * @category schemas
 * @since 0.1.0
 */
export const StepRun = Schema.Struct({
  /** `forecast`, `forecast#2`, ... */
  name: Schema.String,
  status: Schema.Literal("running", "succeeded", "failed", "interrupted"),
  /** How often the body ran; 1 without a retry. */
  attempts: Schema.Int,
  startedAt: Schema.DateTimeUtc,
  finishedAt: Schema.optional(Schema.DateTimeUtc),
  executionTimeMillis: Schema.optional(Schema.Number),
  outputs: Schema.optional(Schema.Unknown),
  error: Schema.optional(Schema.Unknown),
  /** Position of its start in the run's events. */
  startedSequence: Schema.optional(Schema.Int),
  /** Position of its end in the run's events. */
  finishedSequence: Schema.optional(Schema.Int)
})

/**
 * @category models
 * @since 0.1.0
 */
export type StepRun = typeof StepRun.Type

/**
 * One invocation, as `GET /runs/{id}` answers it.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Run = Schema.Struct({
  /** UUIDv7. */
  id: Schema.String,
  /** Counts the runs of a deployment from 1. */
  index: Schema.Int,
  name: Schema.String,
  status: RunStatus,
  /** Why it was interrupted. */
  cause: Schema.optional(Cause),
  parameters: Schema.Unknown,
  outputs: Schema.optional(Schema.Unknown),
  error: Schema.optional(Schema.Unknown),
  startedAt: Schema.DateTimeUtc,
  finishedAt: Schema.optional(Schema.DateTimeUtc),
  executionTimeMillis: Schema.optional(Schema.Number),
  steps: Schema.optional(Schema.Array(StepRun))
})

/**
 * @category models
 * @since 0.1.0
 */
export type Run = typeof Run.Type
