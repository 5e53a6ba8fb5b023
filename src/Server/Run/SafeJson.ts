/**
 * JSON text from strangers: its depth is measured before it is parsed, and values that parsing would change are refused.
 */
import * as Either from "effect/Either"
import { InvalidRequest } from "../../Contract/Errors.js"
import * as JsonText from "../../Internal/JsonText.js"
import * as ValidationIssues from "./ValidationIssues.js"

const decoder = new TextDecoder("utf-8", { fatal: true })

/** A JSON text and what it stands for. */
export interface Parsed {
  readonly value: unknown
  readonly text: string
  /** True for a text without escapes. */
  readonly isPlain: boolean
}

/**
 * Parses UTF-8 bytes as JSON. Fails with `InvalidRequest` for an empty body, bytes that are not UTF-8, nesting deeper than
 * `maxDepth`, text that is not JSON, and values that JavaScript would change: two members with one name, `__proto__`, numbers
 * that it cannot hold, and halves of surrogate pairs. Messages never repeat a value.
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
    if (code === quote) i = JsonText.endOfString(text, i)
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
const openBracket = 91
const closeBracket = 93
const openBrace = 123
const closeBrace = 125

const invalid = (message: string): Either.Either<never, InvalidRequest> =>
  Either.left(new InvalidRequest({ message, issues: [] }))

const decode = (bytes: Uint8Array): Either.Either<string, InvalidRequest> =>
  Either.try({
    try: () => decoder.decode(bytes),
    catch: () => new InvalidRequest({ message: "The body is not valid UTF-8.", issues: [] })
  })

const parseText = (text: string): Either.Either<Parsed, InvalidRequest> =>
  Either.flatMap(
    Either.try({
      try: () => {
        const value: unknown = JSON.parse(text)
        return { value, problems: JsonText.isFaithful(text, value) ? [] : JsonText.problems(text) }
      },
      catch: () => new InvalidRequest({ message: "The body is not valid JSON.", issues: [] })
    }),
    ({ problems, value }) =>
      problems.length === 0
        ? Either.right({ text, value, isPlain: !text.includes("\\") })
        : Either.left(ValidationIssues.invalidRequest(problems.map(ValidationIssues.ofJson)))
  )
