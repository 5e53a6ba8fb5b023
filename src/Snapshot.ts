/** Immutable, versioned records of compiled pipelines. */
export * from "./Bundle/SnapshotFromFile.js"
export * from "./Snapshot/Model.js"
export { compile, JsonSchemaDocument, PipelineSpec } from "./Snapshot/Spec.js"
