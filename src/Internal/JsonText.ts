/**
 * JSON texts whose values `JSON.parse` changes without a word: of two members with one name the first is lost, `1e400`
 * becomes infinite, and long integers lose digits.
 */
import { isWellFormed, type Problem, toWellFormed, unpaired } from "./StrictJson.js"

/**
 * True for a text that certainly has no problem. It compares counts and takes less than a microsecond for a kilobyte, so that
 * only few texts need {@link problems}.
 *
 * @param value The parsed text.
 */
export const isFaithful = (text: string, value: unknown): boolean => {
  if (text.includes("\\u") || text.includes(proto)) return false
  const census: Census = { hasZero: false, hasUnsafeNumber: false }
  const members = countMembers(value, census)
  if (census.hasUnsafeNumber || (census.hasZero && maySayMoreThanZero(text))) return false
  return countColons(text) === members || countColonsOutsideStrings(text) === members
}

/** The first problem of a text, with its parsed value. */
export const firstProblem = (text: string, value: unknown): Problem | undefined =>
  isFaithful(text, value) ? undefined : problems(text)[0]

/** The first problems of a text that `JSON.parse` accepts. */
export const problems = (text: string): ReadonlyArray<Problem> => new Reader(text).read()

/** The index of the quote that ends the string which starts at `start`. */
export const endOfString = (text: string, start: number): number => {
  let end = text.indexOf('"', start + 1)
  while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1)
  return end === -1 ? text.length : end
}

// internal

const proto = "__proto__"
const maxProblems = 20
const quote = 34
const comma = 44
const minus = 45
const colon = 58
const openBracket = 91
const backslash = 92
const closeBracket = 93
const openBrace = 123
const closeBrace = 125

const isDigit = (code: number): boolean => code >= 48 && code <= 57

const isEscaped = (text: string, at: number): boolean => {
  let backslashes = 0
  while (text.charCodeAt(at - 1 - backslashes) === backslash) backslashes++
  return backslashes % 2 === 1
}

/** Numbers that `JSON.parse` may have changed. */
interface Census {
  hasZero: boolean
  hasUnsafeNumber: boolean
}

const countMembers = (value: unknown, census: Census): number => {
  if (typeof value === "number") {
    if (value === 0) census.hasZero = true
    else if (!(Math.abs(value) <= Number.MAX_SAFE_INTEGER)) census.hasUnsafeNumber = true
    return 0
  }
  if (typeof value !== "object" || value === null) return 0
  let count = 0
  if (Array.isArray(value)) {
    for (const element of value) if (typeof element !== "string") count += countMembers(element, census)
    return count
  }
  for (const key in value) {
    const member = (value as Readonly<Record<string, unknown>>)[key]
    count += typeof member === "string" ? 1 : 1 + countMembers(member, census)
  }
  return count
}

/** `1e-400` and 400 zeros before a digit become zero. */
const maySayMoreThanZero = (text: string): boolean =>
  text.includes("e-") || text.includes("E-") || text.includes("0".repeat(16))

/** The native search takes a fifth of the time of a loop. */
const countColons = (text: string): number => {
  let count = 0
  for (let at = text.indexOf(":"); at !== -1; at = text.indexOf(":", at + 1)) count++
  return count
}

const countColonsOutsideStrings = (text: string): number => {
  let count = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === quote) i = endOfString(text, i)
    else if (code === colon) count++
  }
  return count
}

/** An object or a list that is open: `names` are the names so far. */
interface Level {
  readonly names: Set<string> | undefined
  at: string | number
  isNameNext: boolean
}

/** Reads a text token by token. It needs no stack of its own depth, and the text is known to be JSON. */
class Reader {
  readonly #levels: Array<Level> = []
  readonly #found: Array<Problem> = []
  #i = 0

  constructor(readonly text: string) {}

  read(): ReadonlyArray<Problem> {
    for (; this.#i < this.text.length && this.#found.length < maxProblems; this.#i++) this.#token()
    return this.#found
  }

  #token(): void {
    const code = this.text.charCodeAt(this.#i)
    if (code === quote) this.#string()
    else if (code === openBrace) this.#levels.push({ names: new Set(), at: "", isNameNext: true })
    else if (code === openBracket) this.#levels.push({ names: undefined, at: 0, isNameNext: false })
    else if (code === closeBrace || code === closeBracket) this.#levels.pop()
    else if (code === comma) this.#next()
    else if (code === minus || isDigit(code)) this.#number()
  }

  #next(): void {
    const level = this.#levels.at(-1)
    if (level === undefined) return
    if (typeof level.at === "number") level.at++
    else level.isNameNext = true
  }

  #string(): void {
    const end = endOfString(this.text, this.#i)
    const raw = this.text.slice(this.#i, end + 1)
    const text: string = raw.includes("\\") ? JSON.parse(raw) : raw.slice(1, -1)
    this.#i = end
    const level = this.#levels.at(-1)
    if (level?.names !== undefined && level.isNameNext) this.#name(level, level.names, text)
    else if (!isWellFormed(text)) this.#report(unpaired)
  }

  #name(level: Level, names: Set<string>, name: string): void {
    level.at = name
    level.isNameNext = false
    if (name === proto) this.#report("is not expected")
    else if (!isWellFormed(name)) this.#report(`has a name that ${unpaired}`)
    else if (names.has(name)) this.#report("is there twice; send each name once")
    names.add(name)
  }

  #number(): void {
    const start = this.#i
    while (/[\d.eE+-]/.test(this.text.charAt(this.#i + 1))) this.#i++
    const reason = lossOf(this.text.slice(start, this.#i + 1))
    if (reason !== undefined) this.#report(reason)
  }

  #report(reason: string): void {
    this.#found.push({ path: this.#levels.map(({ at }) => (typeof at === "string" ? toWellFormed(at) : at)), reason })
  }
}

/**
 * The loss of a number literal. Digits behind the decimal point are rounded, as everywhere; an integer must be exact, or
 * written as JavaScript writes the number that it becomes.
 */
const lossOf = (literal: string): string | undefined => {
  const value = Number(literal)
  if (!Number.isFinite(value)) return "must be a finite number; the greatest is about 1.8e308"
  if (value === 0)
    return /[1-9]/.test(literal.replace(/e.*/i, "")) ? "is too small for a number other than 0" : undefined
  if (Math.abs(value) <= Number.MAX_SAFE_INTEGER) return undefined
  const integer = /^(-?\d+)(?:\.0+)?$/.exec(literal)?.[1]
  const isKept = integer === undefined ? keepsDigits(literal, value) : keepsInteger(integer, value)
  return isKept ? undefined : "has more digits than a number keeps; send it as a text"
}

const keepsInteger = (integer: string, value: number): boolean =>
  String(value) === integer || BigInt(integer) === BigInt(value)

/**
 * A literal with an exponent or a fraction, over 2^53. A program may have printed it, with any precision. From 1e21 on it does
 * not count anything, and is rounded like a fraction.
 */
const keepsDigits = (literal: string, value: number): boolean => {
  const digits = digitsOf(literal)
  if (Math.abs(value) >= 1e21) return true
  return digits.length <= 100 && digits === digitsOf(value.toPrecision(digits.length))
}

/** The significant digits. */
const digitsOf = (literal: string): string =>
  literal
    .replace(/e.*/i, "")
    .replace(/[-.]/g, "")
    .replace(/^0+|0+$/g, "")
