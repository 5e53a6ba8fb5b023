/** The size of a value as JSON, found without its text: a value of 200 MB would take that much memory and seconds. */
import { EncodedJson, encode } from "../../Internal/EncodedJson.js"

/**
 * A lower bound of the bytes of a value's JSON text. It reads the length of each text, not its characters, so a text with
 * other characters than ASCII, or with many escapes, is longer. It stops soon after `enough` bytes, and returns more than
 * `enough` then.
 *
 * **Gotchas**
 *
 * It throws what the value throws when its properties are read.
 */
export const atLeast = (value: unknown, enough: number): number => sizeOf(value, enough, 0)

/** A value whose JSON takes more bytes than permitted. */
export class TooLarge {
  constructor(readonly bytes: number) {}
}

/**
 * Encodes a value of at most `maxBytes`. The text of a value that is far larger is never made. It throws what
 * `JSON.stringify` throws.
 */
export const encodeWithin = (value: unknown, maxBytes: number): EncodedJson | TooLarge | undefined => {
  const estimated = atLeast(value, maxBytes)
  return estimated > maxBytes ? new TooLarge(estimated) : encodeMeasured(value, maxBytes)
}

/** The same for a value whose size was estimated. */
export const encodeMeasured = (value: unknown, maxBytes: number): EncodedJson | TooLarge | undefined => {
  const encoded = encode(value)
  if (encoded === undefined) return undefined
  const bytes = bytesOf(encoded.text, maxBytes)
  return bytes > maxBytes ? new TooLarge(bytes) : encoded
}

/** The bytes of a text in UTF-8. A text that is short enough in any case is not read. */
export const bytesOf = (text: string, enough: number): number =>
  text.length * mostBytesOfAUnit <= enough ? text.length : Buffer.byteLength(text)

// internal

const mostBytesOfAUnit = 3

/** Deeper values overflow the stack of `JSON.stringify`. */
const maxDepth = 1_000

const sizeOf = (value: unknown, enough: number, depth: number): number => {
  if (typeof value === "string") return value.length + 2
  if (typeof value === "number") return Number.isInteger(value) ? 1 : 3
  if (typeof value !== "object") return typeof value === "boolean" ? 4 : 0
  if (value === null) return 4
  if (depth >= maxDepth) return 0
  return Array.isArray(value) ? ofList(value, enough, depth) : ofObject(value, enough, depth)
}

/** An object of another class may be written in another form than its members. */
const ofObject = (value: object, enough: number, depth: number): number => {
  const prototype = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) {
    if ("toJSON" in value) return value instanceof EncodedJson ? value.text.length : 0
    return ofObject({ ...value }, enough, depth)
  }
  let size = 1
  for (const name in value) {
    const member = (value as Readonly<Record<string, unknown>>)[name]
    if (member !== undefined) size += name.length + 4 + sizeOf(member, enough - size, depth + 1)
    if (size > enough) return size
  }
  return size
}

const ofList = (list: ReadonlyArray<unknown>, enough: number, depth: number): number => {
  let size = 1
  for (let i = 0; i < list.length; i++) {
    size += 1 + sizeOf(list[i], enough - size, depth + 1)
    if (size > enough) return size
  }
  return size
}
