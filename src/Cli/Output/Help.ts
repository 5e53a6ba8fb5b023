/** Help for people: short, with the whole command line. */
import * as CliConfig from "@effect/cli/CliConfig"
import * as CommandDescriptor from "@effect/cli/CommandDescriptor"
import * as HelpDoc from "@effect/cli/HelpDoc"
import * as Usage from "@effect/cli/Usage"
import * as HashMap from "effect/HashMap"
import * as SettingFlags from "../Options/SettingFlags.js"
import { nameOf } from "../Options/Spec.js"
import * as HelpOfSettings from "./HelpOfSettings.js"
import { partsOf, textOf } from "./HelpText.js"
import * as Render from "./Render.js"

type Descriptor = CommandDescriptor.Command<unknown>

/** The help of the whole program. */
export const program = (hasColor: boolean, commands: ReadonlyArray<Descriptor>): string =>
  [
    "deployers serves typed pipelines as HTTP services.",
    "",
    heading(hasColor, "USAGE"),
    "  deployers COMMAND [OPTIONS]",
    "",
    heading(hasColor, "COMMANDS"),
    listing(hasColor, commands.flatMap(withChildren)),
    "",
    "  `deployers COMMAND --help` shows the options of a command, `deployers help ED1001` explains an error.",
    "  Every command takes --json and --log-level.",
    "  State is kept in $DEPLOYERS_HOME (default ~/.effect-deployers)."
  ].join("\n")

/** The help of one command, or of a group of commands. */
export const command = (
  hasColor: boolean,
  commands: ReadonlyArray<Descriptor>,
  path: ReadonlyArray<string>
): string | undefined => {
  const [first, second] = path
  const top = commands.find((candidate) => nameOf(candidate) === first)
  if (top === undefined || first === undefined) return undefined
  const children = withChildren(top).filter(({ name }) => name !== first)
  if (second === undefined) {
    return children.length === 0
      ? leaf(hasColor, first, top)
      : [descriptionOf(top), "", heading(hasColor, "COMMANDS"), listing(hasColor, children)].join("\n")
  }
  const child = children.find(({ name }) => name === `${first} ${second}`)
  return child === undefined ? undefined : leaf(hasColor, child.name, child.descriptor)
}

// internal

interface Entry {
  readonly name: string
  readonly descriptor: Descriptor
}

const config = CliConfig.make({ showBuiltIns: false })

const heading = (hasColor: boolean, text: string): string => Render.paint(hasColor, "bold", text)

const withChildren = (descriptor: Descriptor): ReadonlyArray<Entry> => {
  const name = nameOf(descriptor)
  const children = Array.from(HashMap.entries(CommandDescriptor.getSubcommands(descriptor)))
    .filter(([child]) => child !== name)
    .map(([child, inner]) => ({ name: `${name} ${child}`, descriptor: inner }))
  return children.length === 0 ? [{ name, descriptor }] : children.sort((a, b) => (a.name < b.name ? -1 : 1))
}

const listing = (hasColor: boolean, entries: ReadonlyArray<Entry>): string => {
  const widest = entries.reduce((most, { name }) => Math.max(most, name.length), 0)
  return entries
    .map(
      ({ descriptor, name }) => `  ${Render.paint(hasColor, "cyan", name.padEnd(widest))}  ${descriptionOf(descriptor)}`
    )
    .join("\n")
}

const helpText = (descriptor: Descriptor): string =>
  Render.withoutStyles(HelpDoc.toAnsiText(CommandDescriptor.getHelp(descriptor, config)))

/** The text of the description alone: rendering the whole help of every command takes a third of the time of `--help`. */
const descriptionOf = (descriptor: Descriptor): string => {
  // The first part is the heading.
  const [, description = HelpDoc.empty] = partsOf(CommandDescriptor.getHelp(descriptor, config))
  return textOf(HelpDoc.getSpan(description))
}

const leaf = (hasColor: boolean, name: string, descriptor: Descriptor): string => {
  const [usage = ""] = Usage.enumerate(CommandDescriptor.getUsage(descriptor), config).map((span) =>
    Render.withoutStyles(HelpDoc.toAnsiText(HelpDoc.p(span))).trim()
  )
  const settings = SettingFlags.names()
  const [, ...rest] = HelpOfSettings.shortened(usage, settings).split(" ")
  const sections = HelpOfSettings.grouped(tidy(helpText(descriptor)).replace(/^DESCRIPTION\s+.*\n+/, ""), settings)
  return [
    descriptionOf(descriptor),
    "",
    heading(hasColor, "USAGE"),
    `  ${["deployers", name, ...rest].join(" ")}`,
    "",
    sections.replace(/^[A-Z]+$/gm, (title) => heading(hasColor, title))
  ].join("\n")
}

/** Removes the kind of each value and the empty lines: the usage line has the kinds. */
const tidy = (text: string): string =>
  text
    .split("\n")
    .filter((line) => line.trim() !== "" && !boilerplate.test(line.trim()))
    .flatMap((line) => (/^[A-Z]+$/.test(line) ? ["", line] : [`  ${line}`]))
    .join("\n")
    .trim()

const boilerplate =
  /^(A user-defined piece of text\.|A true or false value\.|An integer\.|A floating point number\.|This setting is optional\.|This option may be repeated zero or more times\.|One of the following: .*)$/
