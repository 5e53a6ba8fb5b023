/** Text for people: tables, colours and times. Foreign text is made harmless. */
import * as DateTime from "effect/DateTime"

/**
 * Makes text from outside harmless for a terminal: control characters other than tab, and characters that turn the
 * direction of writing, become visible escapes. Line breaks are control characters too.
 */
export const clean = (text: string): string => text.replace(unsafe, escape)

/** As {@link clean}, keeping line breaks. */
export const cleanLines = (text: string): string => text.split("\n").map(clean).join("\n")

/** JSON for standard output: indented, with every character a terminal could obey as an escape. */
export const json = (value: unknown): string =>
  (JSON.stringify(value, null, 2) ?? "null").replace(unsafeInJson, escapeJson)

/** JSON on one line, for streams of values. */
export const jsonLine = (value: unknown): string => (JSON.stringify(value) ?? "null").replace(unsafeInJson, escapeJson)

/** A style of text on a terminal. */
export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan"

/** Styles text, if colours are wanted. */
export const paint = (hasColor: boolean, style: Style, text: string): string =>
  hasColor ? `\u001b[${codes[style]}m${text}\u001b[0m` : text

/** The style of a deployment's or run's status. */
export const statusStyle = (status: string): Style => {
  if (/^(running|succeeded|ok|accepted)$/.test(status)) return "green"
  if (/^(error|failed|fault)$/.test(status)) return "red"
  return /^(absent|interrupted)$/.test(status) ? "dim" : "yellow"
}

/** Aligned `label  value` lines. Values are cleaned; those missing are left out. */
export const fields = (hasColor: boolean, entries: ReadonlyArray<readonly [string, string | undefined]>): string => {
  const present = entries.filter((entry): entry is readonly [string, string] => entry[1] !== undefined)
  const widest = present.reduce((most, [label]) => Math.max(most, label.length), 0)
  return present.map(([label, value]) => `${paint(hasColor, "dim", label.padEnd(widest))}  ${clean(value)}`).join("\n")
}

/** A time as ISO 8601 to the second. */
export const time = (at: DateTime.Utc): string => DateTime.formatIso(at).replace(/\.\d+Z$/, "Z")

/** A duration in the unit that fits it, from milliseconds. */
export const duration = (millis: number): string => {
  if (millis < 10) return `${Math.round(millis * 10) / 10}ms`
  if (millis < 1_000) return `${Math.round(millis)}ms`
  if (millis < 60_000) return `${(millis / 1_000).toFixed(1)}s`
  const minutes = Math.floor(millis / 60_000)
  return `${minutes}m${Math.round((millis % 60_000) / 1_000)}s`
}

/** A word for a POSIX shell: quoted if it needs to be. */
export const shellWord = (word: string): string =>
  /^[A-Za-z0-9_./:=@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`

/** The width of text on a terminal, in the cells of a character. */
export const width = (text: string): number =>
  Array.from(text).reduce((sum, character) => sum + (wide.test(character) ? 2 : /\p{Mark}/u.test(character) ? 0 : 1), 0)

/** Text without terminal styles. */
export const withoutStyles = (text: string): string => text.replace(styles, "")

// internal

// biome-ignore lint/suspicious/noControlCharactersInRegex: styles begin with one
const styles = /\u001b\[[0-9;]*m/g

// biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern looks for them
const unsafe = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

const unsafeInJson = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

const escape = (character: string): string => {
  if (character === "\n") return "\\n"
  const code = character.charCodeAt(0)
  return code < 256 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`
}

const escapeJson = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`

const codes: Readonly<Record<Style, number>> = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 }

const wide =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Extended_Pictographic}/u
