/** The JSON in the value of an option. */
import * as HelpDoc from "@effect/cli/HelpDoc"
import * as ValidationError from "@effect/cli/ValidationError"
import * as Either from "effect/Either"
import * as JsonText from "../../Internal/JsonText.js"
import * as StrictJson from "../../Internal/StrictJson.js"

/** The value of a text; `undefined` if the text is not JSON. */
export const parse = (text: string): unknown => Either.getOrUndefined(Either.try((): unknown => JSON.parse(text)))

/** The fault of an option. */
export const refused = (text: string) => Either.left(ValidationError.invalidValue(HelpDoc.p(text)))

/** A value that JavaScript would change is refused, as in `--input`. */
export const faithful = <A>(
  flag: string,
  text: string,
  value: A
): Either.Either<A, ValidationError.ValidationError> => {
  const problem = JsonText.firstProblem(text, value)
  return problem === undefined
    ? Either.right(value)
    : refused(`The value of --${flag} is one that JavaScript would change: ${StrictJson.format(problem)}.`)
}
