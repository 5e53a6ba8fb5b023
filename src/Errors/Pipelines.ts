/** The errors of making a snapshot from a file. */
import * as Schema from "effect/Schema"
import { status, TypeId } from "./Kind.js"

/**
 * The pipeline file does not exist or cannot be read.
 *
 * @category errors
 * @since 0.1.0
 */
export class PipelineFileNotFound extends Schema.TaggedError<PipelineFileNotFound>()(
  "PipelineFileNotFound",
  { file: Schema.String },
  status(404, "No such pipeline file.")
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `There is no readable file ${this.file}; give the path of the TypeScript or JavaScript module that exports the pipeline.`
  }
}

/**
 * Pipelines cannot be one group: two have schedules of one name, or one has an application of its own. `Pipeline.group` throws
 * it, so the module of the group cannot be loaded.
 *
 * @category errors
 * @since 0.2.0
 */
export class PipelineGroupInvalid extends Schema.TaggedError<PipelineGroupInvalid>()(
  "PipelineGroupInvalid",
  {
    group: Schema.String,
    pipeline: Schema.String,
    field: Schema.Literal("app", "schedules"),
    reason: Schema.String
  },
  status(400, "The pipelines cannot be one group.")
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `The group "${this.group}" cannot have the pipeline "${this.pipeline}": ${this.reason}.`
  }
}

/**
 * The module or something it imports could not be bundled.
 *
 * @category errors
 * @since 0.1.0
 */
export class PipelineBundleFailed extends Schema.TaggedError<PipelineBundleFailed>()(
  "PipelineBundleFailed",
  {
    file: Schema.String,
    problems: Schema.Array(
      Schema.Struct({
        reason: Schema.String,
        /** `file:line:column` of the problem, when known. */
        location: Schema.optional(Schema.String)
      })
    )
  },
  status(400, "The pipeline could not be bundled.")
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    const problems = this.problems.map(({ location, reason }) => `\n  ${location ? `${location}: ` : ""}${reason}`)
    return `${this.file} could not be bundled:${problems.join("")}`
  }
}

/**
 * The bundled module failed while it was loaded to read the pipeline's spec.
 *
 * @category errors
 * @since 0.1.0
 */
export class PipelineLoadFailed extends Schema.TaggedError<PipelineLoadFailed>()(
  "PipelineLoadFailed",
  { file: Schema.String, reason: Schema.String },
  status(400, "The pipeline module failed to load.")
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `${this.file} failed while it was loaded: ${this.reason}`
  }
}
