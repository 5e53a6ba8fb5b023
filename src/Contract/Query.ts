/** Parts of the queries and headers of requests. */
import * as Schema from "effect/Schema"

/** A number in decimal digits: `Number` would also read spaces, exponents and hexadecimal digits. */
export const wholeNumber = (bounds: (schema: typeof Schema.NumberFromString) => Schema.Schema<number, string>) =>
  Schema.compose(Schema.String.pipe(Schema.pattern(/^\d{1,15}$/)), bounds(Schema.NumberFromString))

/** The annotation of a schema whose every refusal has one text. */
export const refuse = (text: string) => ({ message: () => ({ message: text, override: true }) })
