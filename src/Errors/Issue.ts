/** A problem of a value. */
import * as Schema from "effect/Schema"

/**
 * One problem with a value: where it is and what is wrong.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Issue = Schema.Struct({
  /** Property names and indices from the outside in, joined by dots; empty for the value itself. */
  path: Schema.String,
  reason: Schema.String
})

export type Issue = typeof Issue.Type

/** @internal */
export const formatIssues = (issues: ReadonlyArray<Issue>): string =>
  issues.map(({ path, reason }) => (path === "" ? reason : `${path}: ${reason}`)).join("; ")
