/** Causes and remedies of failures that only commands have. */
import type { commandCodes } from "./CommandCodes.js"
import type { Guide } from "./Guide.js"

export const guide: { readonly [Tag in keyof typeof commandCodes]: Guide } = {
  UsageError: {
    cause: "The command line is not valid: an option, a value or an argument is unknown, missing or of another form.",
    remedy: "Run the command with `--help`."
  },
  UnexpectedError: {
    cause:
      "The command failed in a way that it does not know, which is a bug, or a variable of the environment is not valid.",
    remedy:
      "Repeat the command, which is safe. Report the bug with the command and with the output of `deployers doctor --json`."
  }
}
