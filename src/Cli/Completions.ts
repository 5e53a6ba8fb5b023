/** `deployers completions`: the scripts by which bash, zsh and fish complete command lines. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { json, print } from "./Common.js"
import * as Installation from "./Completions/Installation.js"
import { type Shell, shells } from "./Completions/Scripts.js"
import { UsageError } from "./Failure.js"
import * as Render from "./Output/Render.js"

export type { Shell } from "./Completions/Scripts.js"
export { scriptOf } from "./Completions/Scripts.js"

/** The command. The scripts have all commands, this one included, so a function gives them. */
export const make = (scriptOf: (shell: Shell) => Effect.Effect<string>) =>
  Command.make("completions").pipe(
    Command.withDescription("Install or print the script by which a shell completes command lines."),
    Command.withSubcommands([
      printing("bash", scriptOf),
      printing("zsh", scriptOf),
      printing("fish", scriptOf),
      installing(scriptOf),
      uninstalling
    ])
  )

// internal

const printing = <Name extends Shell>(shell: Name, scriptOf: (shell: Shell) => Effect.Effect<string>) =>
  Command.make(shell, { json }, ({ json }) =>
    Effect.flatMap(scriptOf(shell), (script) => print(json, { shell, script }, () => script.trimEnd()))
  ).pipe(Command.withDescription(`Print the script for ${shell}.`))

const shellArgument = Args.text({ name: "shell" }).pipe(
  Args.withDescription("bash, zsh or fish; default: the shell of the variable SHELL."),
  Args.optional
)

const installing = (scriptOf: (shell: Shell) => Effect.Effect<string>) =>
  Command.make(
    "install",
    { shell: shellArgument, json },
    Effect.fnUntraced(function* ({ json, shell: given }) {
      const shell = yield* shellOf(given)
      const { condition, files } = yield* Installation.install(shell, yield* scriptOf(shell))
      const undo = `deployers completions uninstall ${shell}`
      yield* print(json, { shell, files, undo }, () =>
        [
          ...files.map(lineOf),
          `New sessions of ${shell} complete \`deployers\`.`,
          ...(condition === undefined ? [] : [condition]),
          `Repeat the command after an update of the package; \`${undo}\` removes the completions.`
        ].join("\n")
      )
    })
  ).pipe(Command.withDescription("Write the script where the shell loads it. A repetition changes nothing."))

const uninstalling = Command.make(
  "uninstall",
  { shell: shellArgument, json },
  Effect.fnUntraced(function* ({ json, shell: given }) {
    const shell = yield* shellOf(given)
    const files = yield* Installation.uninstall(shell)
    yield* print(json, { shell, files }, () => files.map(lineOf).join("\n"))
  })
).pipe(Command.withDescription("Remove what `completions install` wrote."))

const lineOf = ({ file, state }: Installation.Changed): string => Render.clean(`${file} ${words[state]}`)

const words = { written: "was written", removed: "was removed", unchanged: "is unchanged" } as const

const shellOf = (given: Option.Option<string>) =>
  Effect.gen(function* () {
    const named = Option.isSome(given) ? given.value : yield* fromEnvironment
    const shell = shells.find((one) => one === named)
    if (shell !== undefined) return shell
    return yield* new UsageError({
      message:
        named === "" ? "The variable SHELL is not set." : `There are no completions for ${JSON.stringify(named)}.`,
      hint: `Name one of ${shells.join(", ")}: \`deployers completions install bash\`.`
    })
  })

/** The name of the user's shell: the last part of `/usr/bin/zsh`. */
const fromEnvironment = Effect.map(
  Config.withDefault(Config.string("SHELL"), ""),
  (path) => path.split("/").at(-1) ?? ""
)
