/** The errors of stacks and of the settings file. */
import * as Schema from "effect/Schema"
import { formatIssues, Issue } from "./Issue.js"
import { status, TypeId } from "./Kind.js"

/**
 * The settings file does not exist.
 *
 * @category errors
 * @since 0.1.0
 */
export class ConfigFileNotFound extends Schema.TaggedError<ConfigFileNotFound>()(
  "ConfigFileNotFound",
  { file: Schema.String },
  status(404, "No such settings file.")
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `There is no settings file ${this.file}; write one with \`defineConfig\` of effect-deployers/Config, or name the file of a pipeline.`
  }
}

/**
 * The settings file failed while it was loaded.
 *
 * @category errors
 * @since 0.1.0
 */
export class ConfigLoadFailed extends Schema.TaggedError<ConfigLoadFailed>()(
  "ConfigLoadFailed",
  { file: Schema.String, reason: Schema.String },
  status(400, "The settings file failed to load.")
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `The settings file ${this.file} cannot be loaded: ${this.reason}`
  }
}

/**
 * The deployments of a stack are not valid together, or one of them is not.
 *
 * @category errors
 * @since 0.1.0
 */
export class StackInvalid extends Schema.TaggedError<StackInvalid>()(
  "StackInvalid",
  { issues: Schema.Array(Issue) },
  status(400, "The stack is not valid.")
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `The deployments are not valid: ${formatIssues(this.issues)}.`
  }
}

/**
 * Deployments refer to each other in a circle, so none of them can be the first.
 *
 * @category errors
 * @since 0.1.0
 */
export class StackCycle extends Schema.TaggedError<StackCycle>()(
  "StackCycle",
  {
    /** The names on the circle; the first is also the last. */
    cycle: Schema.Array(Schema.String)
  },
  status(400, "The deployments refer to each other in a circle.")
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `The deployments refer to each other in a circle: ${this.cycle.join(" -> ")}; remove one of the references.`
  }
}

/**
 * A stack failed, and some of its deployments could not return to their old version.
 *
 * @category errors
 * @since 0.1.0
 */
export class StackNotRestored extends Schema.TaggedError<StackNotRestored>()(
  "StackNotRestored",
  {
    /** The failure of the stack. */
    reason: Schema.String,
    failures: Schema.Array(Schema.Struct({ name: Schema.String, reason: Schema.String }))
  },
  status(500, "A failed stack could not be undone.")
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    const left = this.failures.map(({ name, reason }) => `${name}: ${reason}`).join("; ")
    return `${this.reason} These deployments could not return to their old version: ${left}. \`deployers rollback NAME\` repeats it.`
  }
}
