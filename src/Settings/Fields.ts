import * as Schema from "effect/Schema"

/** A whole number of at least so much. */
export const count = (minimum: number) => Schema.Int.pipe(Schema.greaterThanOrEqualTo(minimum))

/** A field that may be left out. */
export const withDefault = <A, I>(schema: Schema.Schema<A, I>, value: A) =>
  Schema.optionalWith(schema, { default: () => value })
