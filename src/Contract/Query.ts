/** Parts of the queries and headers of requests. */
import * as Schema from "effect/Schema"

/** A number in decimal digits: `Number` would also read spaces, exponents and hexadecimal digits. */
export const wholeNumber = (bounds: (schema: typeof Schema.NumberFromString) => Schema.Schema<number, string>) =>
  Schema.compose(Schema.String.pipe(Schema.pattern(/^\d{1,15}$/)), bounds(Schema.NumberFromString))

/** The annotation of a schema whose every refusal has one text. */
export const refuse = (text: string) => ({ message: () => ({ message: text, override: true }) })

/** The number of items of a page, from 1 to `most`. */
export const pageLimit = (standard: number, most: number) =>
  Schema.optionalWith(
    wholeNumber(Schema.between(1, most)).annotations({
      ...refuse(`must be a whole number from 1 to ${most.toLocaleString("en")}`),
      jsonSchema: { type: "integer", minimum: 1, maximum: most, default: standard }
    }),
    { default: () => standard }
  )

/** The problem of a cursor that no page has. */
export const cursorProblem = "must be the nextCursor of a page, or left out for the first page"
