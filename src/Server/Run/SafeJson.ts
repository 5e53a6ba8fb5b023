/** JSON text from strangers: its depth is measured before it is parsed, and keys that could reach a prototype are dropped. */
import * as Either from "effect/Either"
import { InvalidRequest } from "../../Contract/Errors.js"

const decoder = new TextDecoder("utf-8", { fatal: true })

/** A JSON text and what it stands for. */
export interface Parsed {
  readonly value: unknown
  readonly text: string
  /** True for a text without escapes and without keys that could reach a prototype. */
  readonly isPlain: boolean
}

/**
 * Parses UTF-8 bytes as JSON. Fails with `InvalidRequest` for an empty body, bytes that are not UTF-8, nesting deeper than
 * `maxDepth`, and text that is not JSON. Messages never repeat the body.
 */
export const parse = (bytes: Uint8Array, maxDepth: number): Either.Either<Parsed, InvalidRequest> => {
  if (bytes.length === 0) return invalid("The body is empty; send a JSON object.")
  return Either.flatMap(decode(bytes), (text) =>
    isDeeperThan(text, maxDepth) ? invalid(`The body nests deeper than ${maxDepth} levels.`) : parseText(text)
  )
}

/**
 * The text of the only member of an object. Returns `undefined` for several lines, for another member, and for escapes that
 * could hide one.
 */
export const onlyMember = ({ isPlain, text, value }: Parsed, name: string): string | undefined => {
  if (!isPlain || text.includes("\n") || text.includes("\r")) return undefined
  const quoted = `"${name}"`
  const start = text.indexOf(quoted)
  const after = start + quoted.length
  if (start === -1 || text.indexOf(quoted, after) !== -1) return undefined
  for (const key in value as object) if (key !== name) return undefined
  return text.slice(text.indexOf(":", after) + 1, text.lastIndexOf("}")).trim()
}

/** True when arrays and objects in a JSON text nest deeper than a limit. */
export const isDeeperThan = (text: string, limit: number): boolean => {
  if (!hasMoreBrackets(text, limit)) return false
  let depth = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === quote) i = endOfString(text, i)
    else if (code === openBrace || code === openBracket) {
      if (++depth > limit) return true
    } else if (code === closeBrace || code === closeBracket) depth--
  }
  return false
}

// internal

/** Finding brackets is many times faster than following them, and most texts have too few to nest deeply. */
const hasMoreBrackets = (text: string, limit: number): boolean => {
  let count = 0
  for (const bracket of ["{", "["]) {
    for (let at = text.indexOf(bracket); at !== -1; at = text.indexOf(bracket, at + 1)) if (++count > limit) return true
  }
  return false
}

const quote = 34
const backslash = 92
const openBracket = 91
const closeBracket = 93
const openBrace = 123
const closeBrace = 125

const endOfString = (text: string, start: number): number => {
  let i = start + 1
  while (i < text.length) {
    const code = text.charCodeAt(i)
    if (code === quote) return i
    i += code === backslash ? 2 : 1
  }
  return i
}

const invalid = (message: string): Either.Either<never, InvalidRequest> =>
  Either.left(new InvalidRequest({ message, issues: [] }))

const decode = (bytes: Uint8Array): Either.Either<string, InvalidRequest> =>
  Either.try({
    try: () => decoder.decode(bytes),
    catch: () => new InvalidRequest({ message: "The body is not valid UTF-8.", issues: [] })
  })

const parseText = (text: string): Either.Either<Parsed, InvalidRequest> =>
  Either.try({
    try: (): Parsed => {
      const isPlain = !text.includes("\\") && !text.includes(proto)
      return {
        text,
        isPlain,
        value: isPlain || !mayHoldProto(text) ? JSON.parse(text) : JSON.parse(text, withoutProto)
      }
    },
    catch: () => new InvalidRequest({ message: "The body is not valid JSON.", issues: [] })
  })

const proto = "__proto__"

const mayHoldProto = (text: string): boolean => text.includes(proto) || text.includes("\\u00")

const withoutProto = (key: string, value: unknown): unknown => (key === proto ? undefined : value)
