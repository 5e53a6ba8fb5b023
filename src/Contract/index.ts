/** Contracts of pipelines, and the HTTP contract of a served deployment. This entry imports nothing of Node. */
import type * as Schema from "effect/Schema"
import * as Contract from "../Contract.js"

/**
 * Name, schemas and settings of a pipeline. A namespace import of this entry reads this type.
 *
 * @category models
 * @since 0.1.0
 */
// biome-ignore lint/suspicious/noRedeclare: the namespace of that name hides the type of `export *`
type Contract<
  I extends Schema.Schema.AnyNoContext = Schema.Schema.AnyNoContext,
  O extends Schema.Schema.AnyNoContext = Schema.Schema.AnyNoContext,
  E extends Schema.Schema.All = Schema.Schema.All
> = Contract.Contract<I, O, E>

export * from "../Contract.js"
export { Contract }
