/** What a failure of SQLite or of the file system means for a store. Decided by codes, never by message text. */
import * as Predicate from "effect/Predicate"
import type { StoreReason } from "../Errors/Stores.js"

const byPrefix: ReadonlyArray<readonly [prefix: string, reason: StoreReason]> = [
  ["SQLITE_BUSY", "busy"],
  ["SQLITE_LOCKED", "busy"],
  ["SQLITE_PROTOCOL", "busy"],
  ["SQLITE_FULL", "full"],
  ["SQLITE_READONLY", "readonly"],
  ["SQLITE_CORRUPT", "corrupt"],
  ["SQLITE_NOTADB", "notADatabase"],
  ["SQLITE_CANTOPEN", "unreadable"],
  ["SQLITE_IOERR", "unreadable"],
  ["SQLITE_PERM", "unreadable"],
  ["SQLITE_AUTH", "unreadable"],
  ["ENOSPC", "full"],
  ["EDQUOT", "full"],
  ["EROFS", "readonly"]
]

/** The code of a failure (`SQLITE_BUSY`, `ENOENT`, ...), if it has one. */
export const codeOf = (cause: unknown): string | undefined =>
  Predicate.hasProperty(cause, "code") && typeof cause.code === "string" ? cause.code : undefined

/** The reason a failure stands for, else `otherwise` (default `query`). */
export const classify = (cause: unknown, otherwise: StoreReason = "query"): StoreReason => {
  const code = codeOf(cause)
  return byPrefix.find(([prefix]) => code?.startsWith(prefix))?.[1] ?? otherwise
}
