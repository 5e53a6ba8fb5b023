/** The commands and options that the parser knows, read from the commands themselves. */
import * as CommandDescriptor from "@effect/cli/CommandDescriptor"
import type * as Usage from "@effect/cli/Usage"
import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"

/** An option. */
export interface Flag {
  readonly names: ReadonlyArray<string>
  readonly takesValue: boolean
  readonly repeats?: boolean
  /** The values it takes, if these are few words. */
  readonly choices?: ReadonlyArray<string>
}

/** A command with its options, or with its subcommands. */
export interface Spec {
  readonly name: string
  readonly flags: ReadonlyArray<Flag>
  readonly children: ReadonlyArray<Spec>
}

/** The spec of a command. */
export const specOf = (command: CommandDescriptor.Command<unknown>): Spec => {
  const name = nameOf(command)
  const children = Array.from(HashMap.entries(CommandDescriptor.getSubcommands(command))).filter(
    ([child]) => child !== name
  )
  return {
    name,
    flags: children.length > 0 ? [] : flagsIn(CommandDescriptor.getUsage(command)),
    children: children.map(([child, descriptor]) => ({
      name: child,
      flags: flagsIn(CommandDescriptor.getUsage(descriptor)),
      children: []
    }))
  }
}

/** The name of a command. */
export const nameOf = (command: CommandDescriptor.Command<unknown>): string => {
  const [name = ""] = CommandDescriptor.getNames(command)
  return name
}

// internal

const flagsIn = (usage: Usage.Usage): ReadonlyArray<Flag> => {
  switch (usage._tag) {
    case "Named": {
      const names = usage.names.filter((name) => name.startsWith("-"))
      return names.length === 0
        ? []
        : [{ names, takesValue: Option.isSome(usage.acceptedValues), ...choicesIn(usage.acceptedValues) }]
    }
    case "Optional":
      return flagsIn(usage.usage)
    case "Repeated":
      return flagsIn(usage.usage).map((flag) => ({ ...flag, repeats: true }))
    case "Alternation":
    case "Concat":
      return [...flagsIn(usage.left), ...flagsIn(usage.right)]
    default:
      return []
  }
}

/** The parser writes the values of a choice as `a | b`. */
const choicesIn = (accepted: Option.Option<string>): Pick<Flag, "choices"> =>
  Option.isSome(accepted) && accepted.value.includes(" | ") ? { choices: accepted.value.split(" | ") } : {}
