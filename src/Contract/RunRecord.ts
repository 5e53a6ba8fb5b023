/** Runs as records: the shape that the run store keeps and that `GET /runs` answers. */
import * as Schema from "effect/Schema"
import { ArtifactRef } from "./Artifacts.js"

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
 * The call whose output a cached step used again.
 *
 * @category schemas
 * @since 0.1.0
 */
export const CachedFrom = Schema.Struct({ runId: Schema.String, step: Schema.String })

export type CachedFrom = typeof CachedFrom.Type

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
  /** The place of the outputs, if they are in the store of artifacts. */
  artifact: Schema.optional(ArtifactRef),
  /** SHA-256 of its input as JSON, in a service that keeps artifacts. */
  inputDigest: Schema.optional(Schema.String),
  /** The call whose output it used again, without executing. */
  cachedFrom: Schema.optional(CachedFrom),
  /** Position of the start in the run's events. */
  startedSequence: Schema.optional(Schema.Int),
  /** Position of the end in the run's events. */
  finishedSequence: Schema.optional(Schema.Int)
})

export type StepRun = typeof StepRun.Type

/**
 * The id of a run: a UUID in lower case.
 *
 * @category schemas
 * @since 0.1.0
 */
export const RunId = Schema.String.pipe(Schema.pattern(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/))

/**
 * The status and headers that a pipeline gave the response to its run.
 *
 * @category schemas
 * @since 0.2.0
 */
export const RunResponse = Schema.Struct({
  status: Schema.Int,
  headers: Schema.Record({ key: Schema.String, value: Schema.String })
})

/**
 * A signal that a run waits for.
 *
 * @category schemas
 * @since 0.2.0
 */
export const RunWait = Schema.Struct({
  /** The name of the signal. */
  signal: Schema.String,
  /** JSON Schema of its body; absent for a Schema that has no JSON form. */
  schema: Schema.optional(Schema.Unknown)
})

export type RunWait = typeof RunWait.Type

const summary = {
  /** UUIDv7. */
  id: Schema.String,
  /** Counts the runs of a deployment from 1. */
  index: Schema.Int,
  name: Schema.String,
  status: RunStatus,
  /** Cause of the interruption. */
  cause: Schema.optional(Cause),
  /** The session that the run belongs to. */
  session: Schema.optional(Schema.String)
}

/**
 * One invocation without its data, as `GET /runs` answers it.
 *
 * @category schemas
 * @since 0.1.0
 */
export const RunSummary = Schema.Struct({
  ...summary,
  startedAt: Schema.DateTimeUtc,
  finishedAt: Schema.optional(Schema.DateTimeUtc),
  executionTimeMillis: Schema.optional(Schema.Number)
})

export type RunSummary = typeof RunSummary.Type

/**
 * One invocation, as `GET /runs/{id}` answers it.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Run = Schema.Struct({
  ...summary,
  parameters: Schema.Unknown,
  outputs: Schema.optional(Schema.Unknown),
  error: Schema.optional(Schema.Unknown),
  /** The status and headers that the pipeline set; absent if it set none. */
  response: Schema.optional(RunResponse),
  startedAt: Schema.DateTimeUtc,
  finishedAt: Schema.optional(Schema.DateTimeUtc),
  executionTimeMillis: Schema.optional(Schema.Number),
  /** The signals that it waits for at this moment; absent if it waits for none. */
  waitsFor: Schema.optional(Schema.Array(RunWait)),
  steps: Schema.optional(Schema.Array(StepRun))
})

export type Run = typeof Run.Type
