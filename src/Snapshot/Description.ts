/** The output of a bundle run with `describe`: one JSON line about its pipeline. */
import * as Schema from "effect/Schema"
import { PipelineExportInvalid, PipelineExportNotFound, PipelineSchemaUnsupported } from "../Errors/Descriptions.js"
import { PipelineSpec } from "./PipelineSpec.js"

/** The pipeline's spec and the name of its export. */
export const Described = Schema.TaggedStruct("Described", { export: Schema.String, spec: PipelineSpec })

/** A spec, or the reason of its absence. */
export const Description = Schema.Union(
  Described,
  PipelineExportNotFound,
  PipelineExportInvalid,
  PipelineSchemaUnsupported
)

export type Description = typeof Description.Type
