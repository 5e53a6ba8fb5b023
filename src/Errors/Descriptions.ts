/** The errors of reading a pipeline from a bundle. */
import * as Schema from "effect/Schema"
import { status, TypeId } from "./Kind.js"

/**
 * The file has no such export, or several pipelines and none was chosen.
 *
 * @category errors
 * @since 0.1.0
 */
export class PipelineExportNotFound extends Schema.TaggedError<PipelineExportNotFound>()(
  "PipelineExportNotFound",
  { file: Schema.String, export: Schema.optional(Schema.String), pipelines: Schema.Array(Schema.String) },
  status(404, "No such pipeline export.")
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    const found =
      this.pipelines.length === 0
        ? "it exports no pipeline; export the value of Pipeline.make"
        : `its pipelines are ${this.pipelines.join(", ")}; choose one as ${this.file}#${this.pipelines[0]}`
    return this.export === undefined
      ? `${this.file} does not say which pipeline to deploy: ${found}.`
      : `${this.file} has no export "${this.export}": ${found}.`
  }
}

/**
 * The chosen export is not a pipeline.
 *
 * @category errors
 * @since 0.1.0
 */
export class PipelineExportInvalid extends Schema.TaggedError<PipelineExportInvalid>()(
  "PipelineExportInvalid",
  { file: Schema.String, export: Schema.String, found: Schema.String },
  status(400, "The export is not a pipeline.")
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `The export "${this.export}" of ${this.file} is ${this.found}, not a pipeline; export the value of Pipeline.make.`
  }
}

/**
 * A schema of the pipeline has no JSON form.
 *
 * @category errors
 * @since 0.1.0
 */
export class PipelineSchemaUnsupported extends Schema.TaggedError<PipelineSchemaUnsupported>()(
  "PipelineSchemaUnsupported",
  {
    pipeline: Schema.String,
    schema: Schema.Literal("input", "output", "error"),
    /** Position in the schema, as property names joined by dots; empty for the schema itself. */
    path: Schema.String,
    reason: Schema.String
  },
  status(400, "A schema has no JSON form.")
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    const field =
      this.path === "" ? `The ${this.schema} schema` : `The field "${this.path}" of the ${this.schema} schema`
    return `${field} of pipeline "${this.pipeline}" has no JSON form: ${this.reason}. Use a schema whose encoded side is JSON.`
  }
}
