import * as Schema from "effect/Schema"

/**
 * A JSON Schema document.
 *
 * @category schemas
 * @since 0.1.0
 */
export const JsonSchemaDocument = Schema.Record({ key: Schema.String, value: Schema.Unknown })

/**
 * What is known of a pipeline without running it.
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
  /** How the pipeline wants to be served. */
  serving: Schema.Record({ key: Schema.String, value: Schema.Unknown })
}) {}
