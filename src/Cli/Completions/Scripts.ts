/** The scripts by which shells complete command lines, from the commands themselves. */
import * as CommandDescriptor from "@effect/cli/CommandDescriptor"
import * as Effect from "effect/Effect"

/** The shells that have a script. */
export const shells = ["bash", "zsh", "fish"] as const

export type Shell = (typeof shells)[number]

/** The function of zsh that completes. zsh loads it from a file of the same name. */
export const zshFunction = "_deployers_zsh_completions"

/** The script of a shell for the whole program. */
export const scriptOf = (shell: Shell, program: CommandDescriptor.Command<unknown>): Effect.Effect<string> =>
  Effect.map(parts[shell](program, "deployers"), (lines) => `${corrected(shell, lines.join("\n")).trimEnd()}\n`)

// internal

const parts = {
  bash: CommandDescriptor.getBashCompletions,
  zsh: CommandDescriptor.getZshCompletions,
  fish: CommandDescriptor.getFishCompletions
}

/**
 * The parser's script for bash offers the choices of an option as one word with commas, and registers with an option that
 * bash knows since 4.4 only: the bash of macOS is older.
 */
const corrected = (shell: Shell, script: string): string =>
  shell === "bash"
    ? script
        .replace(/compgen -W "([^"$]+)"/g, (_, choices: string) => `compgen -W "${choices.replaceAll(",", " ")}"`)
        .replace(/^(complete -F \S+) -o nosort (.*)$/m, "$1 -o nosort $2 2>/dev/null || $1 $2")
    : script
