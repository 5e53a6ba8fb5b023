/**
 * What the serving runtime and its clients must agree on.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * What an answered invocation says of its run.
 *
 * @category schemas
 * @since 0.1.0
 */
export const RunMetadata = Schema.Struct({
  deploymentId: Schema.String,
  deploymentName: Schema.String,
  snapshotId: Schema.String,
  /** `pipeline@version`. */
  snapshotName: Schema.String,
  pipelineName: Schema.String,
  runId: Schema.String,
  runIndex: Schema.Int,
  runName: Schema.String,
  /** The parameters with defaults filled in, encoded. */
  parametersUsed: Schema.Unknown
})

/**
 * @category models
 * @since 0.1.0
 */
export type RunMetadata = typeof RunMetadata.Type
