/** The log line in which a new version reports the failure of its check. Its deployer reads it. */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { CheckFailure } from "../Errors/Check.js"

/** The name of the log annotation that has the failure. */
export const annotation = "checkFailure"

const decode = Schema.decodeOption(Schema.parseJson(Schema.Struct({ [annotation]: CheckFailure })))

/** The failure that a line of a log reports. */
export const read = (line: string): Option.Option<CheckFailure> =>
  line.includes(`"${annotation}"`) ? Option.map(decode(line), (entry) => entry[annotation]) : Option.none()
