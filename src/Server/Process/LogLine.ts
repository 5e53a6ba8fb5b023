/** One line of the log: JSON of at most a number of bytes. */
import * as Util from "node:util"
import * as Inspectable from "effect/Inspectable"
import * as JsonSize from "../HotPath/JsonSize.js"

/** The members of a log entry. */
export type Entry = Readonly<Record<string, unknown>>

/** The longest line of this process's log. */
export const maxBytes = (): number => limit

/** Sets the longest line of this process's log, which belongs to one service. */
export const setMaxBytes = (bytes: number): void => {
  limit = bytes
}

/**
 * The JSON of an entry on one line. Long members of an entry that has more than `maxBytes` are cut and end with a mark, and
 * `cut` is true.
 */
export const of = (entry: Entry, maxBytes: number): string => {
  const line = isLarge(entry, maxBytes) ? undefined : stringify(entry)
  if (line !== undefined && JsonSize.bytesOf(line, maxBytes) <= maxBytes) return line
  for (let longest = maxBytes; longest > shortest; longest = Math.floor(longest / 2)) {
    const shorter = stringify({ ...shortened(entry, longest), cut: true })
    if (JsonSize.bytesOf(shorter, maxBytes) <= maxBytes) return shorter
  }
  return stringify({ timestamp: entry["timestamp"], level: entry["level"], message: mark, cut: true })
}

/** The text, cut to a length, with a mark. */
export const cut = (text: string, length: number): string =>
  text.length > length ? `${text.slice(0, Math.max(0, length))}${mark}` : text

// internal

/** The default of the serving setting. */
let limit = 65_536

const mark = "... (cut)"

/** Members of this length stay whole: times, levels and ids. */
const shortest = 64

const isLarge = (entry: Entry, maxBytes: number): boolean => {
  try {
    return JsonSize.atLeast(entry, maxBytes) > maxBytes
  } catch {
    return false
  }
}

const shortened = (entry: Entry, longest: number): Entry =>
  Object.fromEntries(Object.entries(entry).map(([name, value]) => [name, shorten(value, longest)]))

const shorten = (value: unknown, longest: number): unknown => {
  if (typeof value === "string") return cut(value, longest)
  if (typeof value !== "object" || value === null) return value
  const text = Util.inspect(value, { depth: 3, maxArrayLength: 20, maxStringLength: longest, breakLength: Infinity })
  return text.length > shortest ? cut(text, longest) : value
}

const stringify = (entry: Entry): string => {
  try {
    return Inspectable.stringifyCircular(entry)
  } catch {
    return JSON.stringify({ timestamp: entry["timestamp"], level: entry["level"], message: String(entry["message"]) })
  }
}
