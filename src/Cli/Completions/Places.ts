/** The files from which each shell loads completions. */
import * as Os from "node:os"
import * as Path from "node:path"
import * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Render from "../Output/Render.js"
import { type Shell, zshFunction } from "./Scripts.js"

/** The place of a script. */
export interface Place {
  /** The file of the script. */
  readonly script: string
  /** The start file of a shell that does not look for scripts by itself, and the lines that it needs. */
  readonly start?: { readonly file: string; readonly lines: ReadonlyArray<string> } | undefined
  /** The condition under which the shell finds the script, if there is one. */
  readonly condition?: string | undefined
}

/** The place of the script of a shell, for this user. */
export const placeOf = (shell: Shell): Effect.Effect<Place, ConfigError> => Effect.map(folders, places[shell])

// internal

const folder = (variable: string, otherwise: string): Config.Config<string> =>
  Config.nonEmptyString(variable).pipe(Config.withDefault(otherwise))

const folders = Effect.gen(function* () {
  const home = yield* folder("HOME", Os.homedir())
  const data = yield* folder("XDG_DATA_HOME", Path.join(home, ".local", "share"))
  return {
    data,
    config: yield* folder("XDG_CONFIG_HOME", Path.join(home, ".config")),
    bash: yield* folder("BASH_COMPLETION_USER_DIR", Path.join(data, "bash-completion")),
    zsh: yield* folder("ZDOTDIR", home)
  }
})

type Folders = Effect.Effect.Success<typeof folders>

const places: Readonly<Record<Shell, (folders: Folders) => Place>> = {
  bash: ({ bash }) => {
    const script = Path.join(bash, "completions", "deployers")
    return {
      script,
      condition: `bash needs the package bash-completion for that. Without it, add \`source ${Render.shellWord(script)}\` to ~/.bashrc.`
    }
  },
  fish: ({ config }) => ({ script: Path.join(config, "fish", "completions", "deployers.fish") }),
  zsh: ({ data, zsh }) => {
    const home = Path.join(data, "effect-deployers", "completions")
    return {
      script: Path.join(home, zshFunction),
      start: {
        file: Path.join(zsh, ".zshrc"),
        // A framework such as Oh My Zsh has set completions up already; a second time would slow each start.
        lines: [
          `fpath=(${Render.shellWord(home)} $fpath)`,
          "if (( $+functions[compdef] )); then",
          `  autoload -Uz ${zshFunction} && compdef ${zshFunction} deployers`,
          "else",
          "  autoload -Uz compinit && compinit -i",
          "fi"
        ]
      }
    }
  }
}
