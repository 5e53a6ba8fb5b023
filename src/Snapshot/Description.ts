/**
 * What a bundle says about the pipeline in it when it is run with `describe`: one JSON line on standard output.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { PipelineExportInvalid, PipelineExportNotFound, PipelineSchemaUnsupported } from "../Errors/Descriptions.js"
import { PipelineSpec } from "./PipelineSpec.js"

/**
 * The pipeline's spec and the name of its export.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Described = Schema.TaggedStruct("Described", { export: Schema.String, spec: PipelineSpec })

/**
 * A spec, or why there is none.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Description = Schema.Union(
  Described,
  PipelineExportNotFound,
  PipelineExportInvalid,
  PipelineSchemaUnsupported
)

/**
 * @category models
 * @since 0.1.0
 */
export type Description = typeof Description.Type
