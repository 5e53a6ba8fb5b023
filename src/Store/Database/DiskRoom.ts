/** The room on the disk of a database: the reason behind a failed write, and a file that keeps room for the last changes. */
import * as Crypto from "node:crypto"
import * as Fs from "node:fs"
import * as Path from "node:path"
import * as Predicate from "effect/Predicate"
import type { StoreReason } from "../../Errors/Stores.js"
import { classify, codeOf } from "./SqlFailure.js"

/**
 * The reason of a failure of the database at `path`. SQLite reports a full disk as an I/O error where it extends the shared
 * memory or creates a file, so the folder decides: it has room, or it has none.
 */
export const reasonAt = (path: string | undefined, failure: unknown, otherwise?: StoreReason): StoreReason => {
  const reason = classify(failure, otherwise)
  if (path === undefined || reason !== "unreadable" || !mayBeFull(failure)) return reason
  return probe(Path.dirname(path)) ?? reason
}

/** A file of zero use beside a database. While it exists, its removal makes room for changes that free more. */
export interface Reserve {
  /** Gives the room up. False if there was none. */
  readonly giveUp: () => boolean
  /** Takes the room, or nothing if the disk is full. */
  readonly take: () => void
}

/** The size of a reserve: a registry writes less than this to delete a deployment. */
export const reserveBytes = 1_048_576

/** The reserve in a file. Its bytes are random, because a file system may store zeros without taking room. */
export const reserveAt = (file: string): Reserve => ({
  giveUp: () => {
    const isThere = sizeOf(file) > 0
    quietly(() => Fs.rmSync(file, { force: true }))
    return isThere && sizeOf(file) === 0
  },
  take: () => {
    if (sizeOf(file) >= reserveBytes) return
    if (!quietly(() => writeSynced(file, reserveBytes))) quietly(() => Fs.rmSync(file, { force: true }))
  }
})

// internal

const mayBeFull = (failure: unknown): boolean => {
  const code = codeOf(failure)
  if (code !== undefined) return code.startsWith("SQLITE_IOERR") || code.startsWith("SQLITE_CANTOPEN")
  return Predicate.hasProperty(failure, "cause") && mayBeFull(failure.cause)
}

/** More than a database takes at its opening: 32 KiB of shared memory and a page of the log. */
const probeBytes = 65_536

/** Tries to write into a folder. Returns the reason if there is no room, or the file system is read-only. */
const probe = (folder: string): StoreReason | undefined => {
  const file = Path.join(folder, `.room-${Crypto.randomBytes(6).toString("hex")}`)
  try {
    writeSynced(file, probeBytes)
    return undefined
  } catch (cause) {
    const reason = classify(cause, "unreadable")
    return reason === "full" || reason === "readonly" ? reason : undefined
  } finally {
    quietly(() => Fs.rmSync(file, { force: true }))
  }
}

const writeSynced = (file: string, bytes: number): void =>
  Fs.writeFileSync(file, Crypto.randomBytes(bytes), { mode: 0o600, flush: true })

const sizeOf = (file: string): number => {
  let size = 0
  quietly(() => {
    size = Fs.lstatSync(file, { throwIfNoEntry: false })?.size ?? 0
  })
  return size
}

const quietly = (run: () => void): boolean => {
  try {
    run()
    return true
  } catch {
    return false
  }
}
