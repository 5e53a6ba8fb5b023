/** Warnings of a deploy: differences between this machine and the place where a deployment runs, and weak keys. */
import * as Schema from "effect/Schema"

/**
 * The subjects of warnings.
 *
 * @category schemas
 * @since 0.1.0
 */
export const WarningKind = Schema.Literal(
  "shell",
  "programs",
  "fonts",
  "user",
  "files",
  "loopback",
  "timeZone",
  "cpus",
  "key"
)

export type WarningKind = typeof WarningKind.Type

/**
 * A warning of a deploy. It stops nothing.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Warning = Schema.Struct({
  kind: WarningKind,
  /** One sentence with the evidence and the remedy. */
  message: Schema.String,
  /** The setting that helps, if there is one. */
  setting: Schema.optional(Schema.String)
})

export type Warning = typeof Warning.Type
