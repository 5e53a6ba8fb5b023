/** The strength of a key that its owner chose. */
import * as Redacted from "effect/Redacted"
import type { Warning } from "../Deployment/Warning.js"

/** About 128 bits, if the characters are random. */
const leastLength = 24

/** Random characters of that number almost never have fewer different ones. */
const leastDifferent = 8

/** The warning about a key that can be guessed, without a part of the key; `undefined` for a strong one. */
export const warningOf = (key: Redacted.Redacted): Warning | undefined => {
  const text = Redacted.value(key)
  const different = new Set(text).size
  if (text.length >= leastLength && different >= leastDifferent) return undefined
  const fault =
    text.length < leastLength
      ? `The key has ${text.length} characters, fewer than ${leastLength}`
      : `The key has only ${different} different characters`
  return {
    kind: "key",
    message: `${fault}, so it can be guessed: use the output of \`openssl rand -base64 32\`, or --auth generate.`,
    setting: "auth"
  }
}
