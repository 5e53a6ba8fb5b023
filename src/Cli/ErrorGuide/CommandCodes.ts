/** The codes of failures that only commands have, and the form of a code. */
import type { ErrorCode } from "../../Contract/ErrorCodes.js"

/** The tags of those failures with their codes. */
export const commandCodes = {
  UsageError: "ED9001",
  UnexpectedError: "ED9002"
} as const satisfies Readonly<Record<string, ErrorCode>>

/** True for a text that can only be a code. */
export const isCode = (text: string): boolean => /^ed\d+$/i.test(text)
