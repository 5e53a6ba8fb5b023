/** The reason behind a failure of a database or of the file system. Codes decide it, never message text. */
import * as Predicate from "effect/Predicate"
import type { StoreReason } from "../../Errors/Stores.js"

/** The code of a connection that ended without one. */
export const connectionLost = "EFFECT_DEPLOYERS_CONNECTION_LOST"

/** The code of a wait for a free connection that was too long. */
export const noFreeConnection = "EFFECT_DEPLOYERS_NO_FREE_CONNECTION"

/** The code of a connection that ended while a transaction committed. */
export const outcomeUnknown = "EFFECT_DEPLOYERS_OUTCOME_UNKNOWN"

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
  // Another transaction of PostgreSQL had its way: serialization failure, deadlock, lock not available, a statement that waited.
  ["40001", "busy"],
  ["40P01", "busy"],
  ["55P03", "busy"],
  ["57014", "busy"],
  ["23505", "conflict"],
  ["25006", "readonly"],
  ["28", "denied"],
  ["42501", "denied"],
  ["3D000", "misconfigured"],
  ["3F000", "misconfigured"],
  ["53100", "full"],
  ["53", "overloaded"],
  ["08", "unreachable"],
  ["57P", "unreachable"],
  ["25P03", "unreachable"],
  [connectionLost, "unreachable"],
  [noFreeConnection, "overloaded"],
  [outcomeUnknown, "outcomeUnknown"],
  ["ECONN", "unreachable"],
  ["EPIPE", "unreachable"],
  ["ETIMEDOUT", "unreachable"],
  ["ENOTFOUND", "unreachable"],
  ["EAI_", "unreachable"],
  ["EHOST", "unreachable"],
  ["ENET", "unreachable"],
  ["ERR_TLS_", "untrusted"],
  ["CERT_", "untrusted"],
  ["DEPTH_ZERO_", "untrusted"],
  ["SELF_SIGNED_", "untrusted"],
  ["UNABLE_TO_", "untrusted"]
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
