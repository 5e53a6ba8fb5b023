/** `deployers registry copy`: moves the registry of the home to PostgreSQL. */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { RegistryCopy } from "../../Store/Registry/RegistryCopy.js"
import { flag, json, print } from "../Common.js"
import { UsageError } from "../Failure.js"
import { Input } from "../Input.js"
import * as Table from "../Output/Table.js"

const to = Options.text("to").pipe(
  Options.withPseudoName("url"),
  Options.withDescription(
    "The database: a postgres:// URL without a password, a file with the URL, or - for standard input."
  )
)

const use = flag(
  "use",
  "Use the copy from now on: write its URL to registry.url in the home, readable by its owner only."
)

const copy = Command.make(
  "copy",
  { to, use, json },
  Effect.fnUntraced(function* ({ json, to, use }) {
    const url = yield* readUrl(to)
    const registry = yield* RegistryCopy
    const tables = yield* registry.copyTo(url)
    const file = use ? yield* registry.use(url) : undefined
    yield* print(json, { tables, ...(file === undefined ? {} : { file }) }, (hasColor) =>
      [
        Table.draw(
          hasColor,
          ["TABLE", "ROWS"],
          Object.entries(tables).map(([table, rows]) => [table, String(rows)])
        ),
        file === undefined
          ? "The home still uses its file. `deployers registry copy --use` copies to an empty database and uses it."
          : `The home uses the copy, which ${file} names. The old file stays as it is.`
      ].join("\n")
    )
  })
).pipe(Command.withDescription("Copy the registry to an empty PostgreSQL database, all rows or none."))

export const registry = Command.make("registry").pipe(
  Command.withDescription("Manage the registry."),
  Command.withSubcommands([copy])
)

// internal

const isUrl = (text: string): boolean => /^postgres(ql)?:\/\//.test(text)

/** Other processes can read the command line, so it has no password. */
const readUrl = Effect.fnUntraced(function* (to: string) {
  if (isUrl(to)) {
    if (URL.canParse(to) && new URL(to).password === "") return Redacted.make(to)
    return yield* new UsageError({
      message: "The URL of --to has a password, or cannot be read.",
      hint: "Other processes see the command line: send the URL on standard input with `--to -`, or name a file that has it."
    })
  }
  const input = yield* Input
  const text =
    to !== "-"
      ? Redacted.make(yield* readFile(to))
      : input.isInteractive
        ? yield* input.hidden("URL of the database")
        : Redacted.make(yield* input.text)
  return Redacted.make(Redacted.value(text).trim())
})

const readFile = (path: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readFileString(path)).pipe(
    Effect.mapError(
      () =>
        new UsageError({
          message: `--to names the file ${path}, which cannot be read.`,
          hint: "Give a postgres:// URL without a password, a file with the URL, or - for standard input."
        })
    )
  )
