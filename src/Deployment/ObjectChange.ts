/** The changes that a deploy would make to the objects of an engine, as the engine itself reports them. */
import * as Schema from "effect/Schema"

/**
 * A field that would change. A side without the field has no value; a secret value is the text `(secret)`.
 *
 * @category schemas
 * @since 0.2.0
 */
export const FieldChange = Schema.Struct({
  /** Such as `.spec.template.spec.containers[service].image`. */
  path: Schema.String,
  from: Schema.optional(Schema.Unknown),
  to: Schema.optional(Schema.Unknown)
})

export type FieldChange = typeof FieldChange.Type

/**
 * An object that a deploy would create, change, leave as it is, or remove.
 *
 * @category schemas
 * @since 0.2.0
 */
export const ObjectChange = Schema.Struct({
  /** Its kind, name and place: `Service weather in the namespace default`. */
  object: Schema.String,
  action: Schema.Literal("create", "change", "keep", "remove"),
  /** The object of the generation that serves whose place it takes; then `changes` are the differences to that. */
  replaces: Schema.optional(Schema.String),
  changes: Schema.Array(FieldChange),
  /** The reason why the engine would refuse it, and with it the deploy. */
  refused: Schema.optional(Schema.String)
})

export type ObjectChange = typeof ObjectChange.Type

/**
 * The result of asking an engine for the changes of a deploy.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Preview = Schema.Struct({
  objects: Schema.Array(ObjectChange),
  /** The reason why the engine could not be asked; then there are no objects. */
  unavailable: Schema.optional(Schema.String)
})

export type Preview = typeof Preview.Type
