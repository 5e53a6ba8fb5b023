/** The failure of settings that do not fit their schema. */
import * as ParseResult from "effect/ParseResult"
import { DeploymentInvalidSettings } from "../Errors/Input.js"

/** One issue for each field, with its path such as `serving.auth`. */
export const invalidSettings = (error: ParseResult.ParseError): DeploymentInvalidSettings =>
  new DeploymentInvalidSettings({
    issues: ParseResult.ArrayFormatter.formatErrorSync(error).map(({ message, path }) => ({
      path: path.map(String).join("."),
      reason: message
    }))
  })
