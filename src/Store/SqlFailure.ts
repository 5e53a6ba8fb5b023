/** The reason behind a failure of a database or of the file system. Codes decide it, never message text. */
import * as Predicate from "effect/Predicate"
import type { StoreReason } from "../Errors/Stores.js"

/** Codes of SQLite and the file system by their prefix, and SQLSTATE codes of PostgreSQL. */
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
  ["FENCED", "fenced"],
  // A batch of runs on PostgreSQL whose lease another process has.
  ["EDF01", "fenced"],
  ["ENOSPC", "full"],
  ["EDQUOT", "full"],
  ["EROFS", "readonly"],
  // Another transaction of PostgreSQL had its way: serialization failure, deadlock, lock not available.
  ["40001", "busy"],
  ["40P01", "busy"],
  ["55P03", "busy"],
  ["53100", "full"],
  ["25006", "readonly"]
]

/** The code of a failure (`SQLITE_BUSY`, `ENOENT`, ...), if it has one. */
export const codeOf = (cause: unknown): string | undefined =>
  Predicate.hasProperty(cause, "code") && typeof cause.code === "string" ? cause.code : undefined

/** The reason of a failure by its code, or by the code of what caused it; else `otherwise` (default `query`). */
export const classify = (failure: unknown, otherwise: StoreReason = "query"): StoreReason => {
  const code = codeOf(failure)
  if (code !== undefined) return byPrefix.find(([prefix]) => code.startsWith(prefix))?.[1] ?? otherwise
  return Predicate.hasProperty(failure, "cause") ? classify(failure.cause, otherwise) : otherwise
}
