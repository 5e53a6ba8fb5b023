import * as Schema from "effect/Schema"

/**
 * A JSON Schema document.
 *
 * @category schemas
 * @since 0.1.0
 */
export const JsonSchemaDocument = Schema.Record({ key: Schema.String, value: Schema.Unknown })

/**
 * The description of a pipeline, known without running it.
 *
 * @category schemas
 * @since 0.1.0
 */
export class PipelineSpec extends Schema.Class<PipelineSpec>("effect-deployers/PipelineSpec")({
  name: Schema.NonEmptyString,
  description: Schema.optional(Schema.String),
  /** JSON Schema of the parameters (encoded side). */
  input: JsonSchemaDocument,
  /** JSON Schema of the outputs (encoded side). */
  output: JsonSchemaDocument,
  /** JSON Schema of the typed failures, when there are any. */
  error: Schema.optional(JsonSchemaDocument),
  /** Serving settings of the pipeline. */
  serving: Schema.Record({ key: Schema.String, value: Schema.Unknown })
}) {}
