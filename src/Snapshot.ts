/**
 * Immutable, versioned records of compiled pipelines.
 *
 * @since 0.1.0
 */
export * from "./Bundle/SnapshotFromFile.js"
export * from "./Snapshot/Model.js"
export * from "./Snapshot/PipelineSpec.js"
export { compile } from "./Snapshot/Spec.js"
