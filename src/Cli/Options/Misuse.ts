/** The faults of a command line that the parser does not accept, in words for people. */
import * as HelpDoc from "@effect/cli/HelpDoc"
import type * as ValidationError from "@effect/cli/ValidationError"
import { UsageError } from "../Failure.js"
import { partsOf } from "../Output/HelpText.js"
import * as Render from "../Output/Render.js"
import type { Line } from "./Argv.js"

/** The error of a command line, with one line for each of its faults. */
export const of = (
  { error }: ValidationError.ValidationError,
  { misfits }: Pick<Line, "misfits">,
  path: ReadonlyArray<string>
): UsageError => {
  // The parser does not name the option whose value is none of its choices.
  const unnamed = [...misfits]
  const nameOf = (choices: string): string => {
    const at = unnamed.findIndex((one) => one.choices.join(", ") === choices)
    const [found] = at === -1 ? [] : unnamed.splice(at, 1)
    return found === undefined ? `Use one of ${choices}.` : `Give ${found.name} one of ${choices}.`
  }
  const lines = partsOf(error)
    .map((part) => Render.withoutStyles(HelpDoc.toAnsiText(part)).trim().replace(/\s+/g, " "))
    .filter((text) => text !== "")
    .map((text) =>
      text
        .replace(/^Expected to find option: '([^']+)'$/, "The option $1 is missing.")
        .replace(/^Missing argument <([^>]+)>$/, "The argument <$1> is missing.")
        .replace(/^Received unknown argument: '(.*)'$/, 'The argument "$1" is one too many.')
        .replace(/^Expected one of the following cases: (.*)$/, (_, choices: string) => nameOf(choices))
    )
  return new UsageError({
    message: lines.map(Render.clean).join("\n"),
    hint: `\`${["deployers", ...path, "--help"].join(" ")}\` shows the usage.`
  })
}
