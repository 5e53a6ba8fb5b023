/**
 * Turns a pipeline module into one content-addressed file that serves itself: the user's code and the serving runtime in
 * one ES module, named by its SHA-256 digest.
 */
export type { Contents, Item } from "./Bundle/Contents.js"
export * from "./Bundle/Contract.js"
export { layer, make, type Requirements } from "./Bundle/Layer.js"
export * as TypeChecker from "./Bundle/TypeChecker.js"
export { type DescribedBundle, withPipelineSettings } from "./Bundle/WithPipelineSettings.js"
