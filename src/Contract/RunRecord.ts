/** Runs as records: the shape that the run store keeps and that `GET /runs` answers. */
import * as Schema from "effect/Schema"

/**
 * Status of a run: `queued` and `running` are in progress, the others are final.
 *
 * @category schemas
 * @since 0.1.0
 */
export const RunStatus = Schema.Literal("queued", "running", "succeeded", "failed", "interrupted")

export type RunStatus = typeof RunStatus.Type

/**
 * Cause of an interruption: a request cancelled the run, its caller disconnected, its deadline passed, the service stopped,
 * or its process died.
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
  /** Number of attempts; 1 without a retry. */
  attempts: Schema.Int,
  startedAt: Schema.DateTimeUtc,
  finishedAt: Schema.optional(Schema.DateTimeUtc),
  executionTimeMillis: Schema.optional(Schema.Number),
  outputs: Schema.optional(Schema.Unknown),
  error: Schema.optional(Schema.Unknown),
  /** Position of the start in the run's events. */
  startedSequence: Schema.optional(Schema.Int),
  /** Position of the end in the run's events. */
  finishedSequence: Schema.optional(Schema.Int)
})

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
  /** Cause of the interruption. */
  cause: Schema.optional(Cause),
  parameters: Schema.Unknown,
  outputs: Schema.optional(Schema.Unknown),
  error: Schema.optional(Schema.Unknown),
  startedAt: Schema.DateTimeUtc,
  finishedAt: Schema.optional(Schema.DateTimeUtc),
  executionTimeMillis: Schema.optional(Schema.Number),
  steps: Schema.optional(Schema.Array(StepRun))
})

export type Run = typeof Run.Type
