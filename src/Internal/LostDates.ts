/**
 * Values that a schema changes without a word: JavaScript takes February 30 for March 2, and an invalid date becomes the
 * text "Invalid Date".
 */
import type { Problem } from "./StrictJson.js"

/**
 * The first date in a decoded value's JSON that was another day in what the caller sent.
 *
 * @param sent The JSON of the caller.
 * @param encoded The JSON of the value that the schema decoded from it.
 */
export const ofInput = (sent: unknown, encoded: unknown): Problem | undefined =>
  walk(sent, encoded, (before, after) => {
    if (typeof before !== "string" || typeof after !== "string" || before === after) return undefined
    if (after === invalidDate) return noDate
    return isoDay.test(after) && !mayExist(before) ? noDate : undefined
  })

/**
 * The first part of a value that its JSON has lost: an invalid date, or a property `__proto__`, which a copy of a record does
 * not have.
 *
 * @param encoded The JSON that the schema encoded the value to.
 */
export const ofOutput = (value: unknown, encoded: unknown): Problem | undefined =>
  walk(value, encoded, (before, after) => {
    if (after === invalidDate && before instanceof Date) return noDate
    return isObject(before) && Object.hasOwn(before, "__proto__")
      ? { path: ["__proto__"], reason: "cannot be the name of a property" }
      : undefined
  })

// internal

type Compare = (before: unknown, after: unknown) => Problem | undefined

const invalidDate = "Invalid Date"
const noDate: Problem = { path: [], reason: "must be a date that exists" }

/** Compares the parts of two values that have the same place. */
const walk = (before: unknown, after: unknown, compare: Compare): Problem | undefined => {
  const found = compare(before, after)
  if (found !== undefined || !isObject(before) || !isObject(after)) return found
  for (const [key, member] of Object.entries(after)) {
    const inner = Object.hasOwn(before, key) ? walk(before[key], member, compare) : undefined
    if (inner !== undefined) {
      return { path: [Array.isArray(after) ? Number(key) : key, ...inner.path], reason: inner.reason }
    }
  }
  return undefined
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null

const isoDay = /^(?:[+-]\d{6}|\d{4})-\d\d-\d\d/
const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
const month = "(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"

/** The texts of dates that JavaScript reads, each with the groups of its year, month and day. */
const forms: ReadonlyArray<readonly [RegExp, year: number, month: number, day: number]> = [
  [/^\s*([+-]\d{6}|\d{4})[-/](\d{1,2})[-/](\d{1,2})(?!\d)/, 1, 2, 3],
  [/^\s*(\d{1,2})[-/](\d{1,2})[-/](\d{4})(?!\d)/, 3, 1, 2],
  [new RegExp(`\\b${month}[\\s.,-]+(\\d{1,2})[\\s,.-]+(\\d{4})(?!\\d)`, "i"), 3, 1, 2],
  [new RegExp(`(?<!\\d)(\\d{1,2})[\\s.-]+${month}[\\s,.-]+(\\d{4})(?!\\d)`, "i"), 3, 2, 1]
]

/** False for a text that names a day which its month does not have. */
const mayExist = (text: string): boolean =>
  forms.every(([form, year, month, day]) => {
    const found = form.exec(text)
    return found === null || Number(found[day]) <= daysIn(Number(found[year]), monthOf(found[month] ?? ""))
  })

const monthOf = (text: string): number => {
  const named = months.indexOf(text.toLowerCase())
  return named === -1 ? Number(text) : named + 1
}

const daysIn = (year: number, month: number): number => {
  const last = new Date(0)
  last.setUTCFullYear(year, month, 0)
  return last.getUTCDate()
}
