/**
 * Immutable, versioned records of compiled pipelines.
 *
 * @since 0.1.0
 */
export * from "./Snapshot/Model.js"
