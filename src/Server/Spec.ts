/**
 * What is known of a pipeline without running it, for the documents a service answers.
 *
 * @since 0.1.0
 */
export { compile as fromPipeline } from "../Snapshot/Spec.js"
