/** Typed pipelines and their steps. This entry imports nothing of Node. */
import type * as Schema from "effect/Schema"
import * as Pipeline from "../Pipeline.js"

/**
 * A typed pipeline. A namespace import of this entry reads this type.
 *
 * @category models
 * @since 0.1.0
 */
// biome-ignore lint/suspicious/noRedeclare: the namespace of that name hides the type of `export *`
type Pipeline<
  I extends Schema.Schema.AnyNoContext = Schema.Schema.AnyNoContext,
  O extends Schema.Schema.AnyNoContext = Schema.Schema.AnyNoContext,
  E extends Schema.Schema.All = Schema.Schema.All,
  R = never
> = Pipeline.Pipeline<I, O, E, R>

export * as Artifacts from "../Artifacts.js"
export * as Batch from "../Batch.js"
export * as File from "../File.js"
export * as Health from "../Health.js"
export * as Input from "../Input.js"
export * as Output from "../Output.js"
export * from "../Pipeline.js"
export * as Run from "../Run.js"
export * as Session from "../Session.js"
export * as Step from "../Step.js"
export { Pipeline }
