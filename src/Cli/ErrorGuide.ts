/** The guide to errors: `deployers help ED1001` shows an entry, and docs/errors.md has all of them. */
import * as Option from "effect/Option"
import { codes, type ErrorCode } from "../Contract/ErrorCodes.js"
import * as Call from "./ErrorGuide/Call.js"
import { checkCodes } from "./ErrorGuide/CheckCodes.js"
import { commandCodes } from "./ErrorGuide/CommandCodes.js"
import * as Conflict from "./ErrorGuide/Conflict.js"
import * as Engine from "./ErrorGuide/Engine.js"
import type { Guide } from "./ErrorGuide/Guide.js"
import * as InvalidInput from "./ErrorGuide/InvalidInput.js"
import * as NotFound from "./ErrorGuide/NotFound.js"
import * as OfChecks from "./ErrorGuide/OfChecks.js"
import * as OfCommands from "./ErrorGuide/OfCommands.js"
import * as Run from "./ErrorGuide/Run.js"
import * as Storage from "./ErrorGuide/Storage.js"

/** An error with its code and its guide. */
export interface Entry extends Guide {
  readonly code: ErrorCode
  /** The tag of the error, or the name of a check of `deployers doctor`. */
  readonly tag: string
}

const guides = {
  ...NotFound.guide,
  ...InvalidInput.guide,
  ...Conflict.guide,
  ...Engine.guide,
  ...Storage.guide,
  ...Call.guide,
  ...Run.guide,
  ...OfChecks.guide,
  ...OfCommands.guide
}

/** All errors, by their codes. */
export const entries: ReadonlyArray<Entry> = [...tagsOf(codes), ...tagsOf(checkCodes), ...tagsOf(commandCodes)].map(
  (tag) => ({
    code: { ...codes, ...checkCodes, ...commandCodes }[tag],
    tag,
    ...guides[tag]
  })
)

/** The entry of a code, in any case of letters. */
export const find = (code: string): Option.Option<Entry> =>
  Option.fromNullable(entries.find((entry) => entry.code === code.toUpperCase()))

// internal

function tagsOf<Codes extends object>(table: Codes): ReadonlyArray<keyof Codes> {
  return Object.keys(table) as unknown as ReadonlyArray<keyof Codes>
}
