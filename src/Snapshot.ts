/**
 * Immutable, versioned records of compiled pipelines.
 *
 * @since 0.1.0
 */
export * from "./Bundle/SnapshotFromFile.js"
export * from "./Snapshot/Model.js"
export { compile, JsonSchemaDocument, PipelineSpec } from "./Snapshot/Spec.js"
