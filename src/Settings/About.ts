/** A service in words, for its document and pages, and the level of its log. */
import * as Schema from "effect/Schema"

const line = Schema.Trim.pipe(Schema.nonEmptyString({ message: () => "must be a text; leave it out for the default" }))

/**
 * A service in words.
 *
 * @category schemas
 * @since 0.1.0
 */
export const About = Schema.Struct({
  /** Default: the name of the pipeline. */
  title: Schema.optional(line),
  /** The version of the API; default `1`. */
  version: Schema.optional(line),
  /** Default: the description of the pipeline. */
  description: Schema.optional(line),
  /** The person or the team to ask; default none. */
  contact: Schema.optional(
    Schema.Struct({
      name: Schema.optional(line),
      url: Schema.optional(
        Schema.String.pipe(
          Schema.filter(
            (text) =>
              (/^https?:/.test(text) && URL.canParse(text)) || 'must be a URL such as "https://example.com/support"'
          )
        )
      ),
      email: Schema.optional(
        Schema.String.pipe(
          Schema.pattern(/^[^@\s]+@[^@\s]+$/, { message: () => 'must be an address such as "team@example.com"' })
        )
      )
    })
  )
})

export type About = typeof About.Type

/**
 * The least level of entries in the log.
 *
 * @category schemas
 * @since 0.1.0
 */
export const LogLevel = Schema.Literal("trace", "debug", "info", "warning", "error", "fatal", "none")

export type LogLevel = typeof LogLevel.Type
