/** The type errors of a pipeline. */
import * as Schema from "effect/Schema"
import { status, TypeId } from "./Kind.js"

/**
 * A type error that the project's TypeScript reports.
 *
 * @category schemas
 * @since 0.1.0
 */
export const TypeProblem = Schema.Struct({
  /** `file:line:column`, with an absolute path. */
  location: Schema.String,
  /** Code of TypeScript, such as `TS2322`. */
  code: Schema.String,
  message: Schema.String
})

export type TypeProblem = typeof TypeProblem.Type

/**
 * The pipeline does not type-check. `problems` are the first 20 of `total`.
 *
 * @category errors
 * @since 0.1.0
 */
export class PipelineTypeErrors extends Schema.TaggedError<PipelineTypeErrors>()(
  "PipelineTypeErrors",
  { file: Schema.String, problems: Schema.Array(TypeProblem), total: Schema.Int },
  status(400, "The pipeline has type errors.")
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    const shown = this.problems.map(({ code, location, message }) => `\n  ${location}: ${code} ${message}`)
    const rest = this.total - this.problems.length
    const count = `${this.total} type error${this.total === 1 ? "" : "s"}`
    return `${this.file} has ${count}, so nothing is deployed:${shown.join("")}${rest > 0 ? `\n  and ${rest} more` : ""}`
  }
}
