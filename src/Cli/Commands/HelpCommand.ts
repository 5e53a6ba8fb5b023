/** `deployers help`: the guide to an error by its code. `help COMMAND` is `COMMAND --help`, which {@link asOption} writes. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import { json, print } from "../Common.js"
import { isCode } from "../ErrorGuide/CommandCodes.js"
import { UsageError } from "../Failure.js"

export const help = Command.make(
  "help",
  {
    code: Args.text({ name: "code" }).pipe(Args.withDescription("The code of an error, such as ED1001.")),
    json
  },
  Effect.fnUntraced(function* ({ code, json }) {
    const { find } = yield* Effect.promise(() => import("../ErrorGuide.js"))
    const entry = yield* Effect.mapError(find(code), () => unknown(code))
    yield* print(json, entry, () =>
      [`${entry.code} ${entry.tag}`, "", `Cause: ${entry.cause}`, `Remedy: ${entry.remedy}`].join("\n")
    )
  })
).pipe(Command.withDescription("Explain an error by its code, or show the options of a command."))

/** The line with `--help` for `help COMMAND`; every other line as it is. */
export const asOption = (argv: ReadonlyArray<string>): ReadonlyArray<string> => {
  const [first, ...rest] = argv
  const topics = rest.filter((token) => !token.startsWith("-"))
  return first === "help" && !topics.some(isCode) ? [...rest, "--help"] : argv
}

// internal

const unknown = (code: string) =>
  new UsageError({
    message: `No error has the code ${JSON.stringify(code)}.`,
    hint: "docs/errors.md lists all codes; `deployers --help` lists the commands."
  })
