/**
 * Values that JSON carries without a change. `JSON.stringify` writes `null` for NaN and for `undefined` in a list, leaves out
 * functions, and writes `{}` for a map; a caller would take such an answer for a result.
 */
import { EncodedJson } from "./EncodedJson.js"

/** A part of a value that JSON cannot carry. */
export interface Problem {
  readonly path: ReadonlyArray<string | number>
  readonly reason: string
}

/**
 * The first part of a value that JSON cannot carry. A property that is `undefined` is no problem: JSON leaves it out, as
 * schemas do with an optional one. Zero has no sign in JSON.
 */
export const problemOf = (value: unknown): Problem | undefined => (value === undefined ? undefined : find(value, 0))

/** True for a value that JSON carries without a change. */
export const isStrict = (value: unknown): boolean => value !== undefined && find(value, 0) === undefined

/** True for a text without half a surrogate pair, which has no form in UTF-8. */
export const isWellFormed = (text: string): boolean => !loneSurrogate.test(text)

/** The text with a replacement character in the place of each half of a surrogate pair. */
export const toWellFormed = (text: string): string => text.replace(loneSurrogates, "\ufffd")

/** The reason for a text that is not well-formed. */
export const unpaired = "contains half a surrogate pair, which has no form in UTF-8"

/** A problem in one line. */
export const format = ({ path, reason }: Problem): string =>
  path.length === 0 ? reason : `${toWellFormed(path.join("."))}: ${reason}`

// internal

const loneSurrogate = /\p{Surrogate}/u
const loneSurrogates = /\p{Surrogate}/gu

/** Deeper values overflow the stack of `JSON.stringify`. */
const maxDepth = 1_000

const find = (value: unknown, depth: number): Problem | undefined => {
  switch (typeof value) {
    case "string":
      return isWellFormed(value) ? undefined : problem(unpaired)
    case "number":
      return Number.isFinite(value) ? undefined : problem(`must be a finite number, because JSON has no ${value}`)
    case "boolean":
      return undefined
    case "object":
      return value === null || value instanceof EncodedJson ? undefined : inObject(value, depth)
    default:
      return noForm(typeof value)
  }
}

const inObject = (value: object, depth: number): Problem | undefined => {
  if (depth >= maxDepth) return problem(`nests deeper than ${maxDepth} levels or contains itself`)
  if (Array.isArray(value)) return inList(value, depth)
  if ("toJSON" in value && typeof value.toJSON === "function") return replaced(value, value.toJSON(), depth)
  const name = builtIn(value)
  if (name !== undefined) return noForm(name)
  for (const [key, member] of Object.entries(value)) {
    if (key === "__proto__") return below(key, problem("cannot be the name of a property"))
    if (!isWellFormed(key)) return below(key, problem(`has a name that ${unpaired}`))
    const found = member === undefined ? undefined : find(member, depth + 1)
    if (found !== undefined) return below(key, found)
  }
  return undefined
}

/** A hole of a list is `undefined`, too. */
const inList = (list: ReadonlyArray<unknown>, depth: number): Problem | undefined => {
  for (let i = 0; i < list.length; i++) {
    const found = find(list[i], depth + 1)
    if (found !== undefined) return below(i, found)
  }
  return undefined
}

/** `JSON.stringify` writes the result of `toJSON`; that of an invalid date is `null`. */
const replaced = (value: object, form: unknown, depth: number): Problem | undefined => {
  if (value instanceof Date && form === null) return problem("must be a date that exists")
  return form === value ? problem("contains itself") : find(form, depth + 1)
}

const lossy = [Map, Set, WeakMap, WeakSet, RegExp, Promise, Error, ArrayBuffer, Number, String, Boolean] as const

const builtIn = (value: object): string | undefined =>
  ArrayBuffer.isView(value) ? "list of bytes" : lossy.find((type) => value instanceof type)?.name

const noForm = (name: string): Problem => problem(`has no JSON form, because it is a value of type ${name}`)

const problem = (reason: string): Problem => ({ path: [], reason })

const below = (key: string | number, { path, reason }: Problem): Problem => ({ path: [key, ...path], reason })
