/** The many options that are settings, in the help of a command: after the others, and by one word in the usage. */

/** Names of options, such as `--max-body-bytes`. */
type Names = ReadonlySet<string>

/** A usage line with `[SETTINGS]` in place of the options that are settings. */
export const shortened = (usage: string, names: Names): string => {
  const [first = "", ...elements] = usage.split(element)
  const others = elements.filter((text) => !isOf(names, text))
  if (others.length === elements.length) return usage
  const place = others.findLastIndex((text) => /^ (\[|--)/.test(text)) + 1
  return [first, ...others.slice(0, place), " [SETTINGS]", ...others.slice(place)].join("")
}

/** The sections of a help text; the options are the last one, and those that are settings get a section after it. */
export const grouped = (sections: string, names: Names): string => {
  const start = sections.indexOf(title)
  if (start === -1) return sections
  const entries = sections
    .slice(start + title.length)
    .split(/\n(?= {2}\S)/)
    .map((entry) => entry.replace(withUnit, "$2"))
  const others = entries.filter((entry) => !isOf(names, entry))
  const settings = entries.filter((entry) => isOf(names, entry))
  const before = sections.slice(0, start) + title + others.join("\n")
  return settings.length === 0 ? before : [before, "", "SETTINGS", ...settings].join("\n")
}

// internal

const title = "OPTIONS\n"

/** The start of an element of a usage line: an option with its value, or an argument. */
const element = /(?= \[| --| <)/

/** A time has two names; the help shows the one without the unit. */
const withUnit = /\((--[a-z-]+)-millis, (\1 \w+)\)/

/** True for a text whose first option is one of these. */
const isOf = (names: Names, text: string): boolean => names.has(/--[a-z-]+/.exec(text)?.[0] ?? "")
