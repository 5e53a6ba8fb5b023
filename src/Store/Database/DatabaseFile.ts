/**
 * A database as a file, before any driver opens it: the file at a path, and the way of a new database to its path.
 *
 * **Details**
 *
 * A database is made under another name and linked to its path when it is complete, so a path never holds half a
 * database, whenever the process dies; of two processes that make one at the same time the second finds the first
 * one's. What a crash can leave behind is the file of the other name, which nothing reads.
 */
import * as Crypto from "node:crypto"
import * as Fs from "node:fs"
import * as Path from "node:path"
import * as Effect from "effect/Effect"
import { StoreError, type StoreReason } from "../../Errors/Stores.js"
import type { StoreName } from "./Access.js"
import { classify, codeOf } from "./SqlFailure.js"

/** The place of a database. */
export interface DatabaseLocation {
  readonly store: StoreName
  readonly path: string
}

/** The header of a database file. */
export interface Header {
  readonly applicationId: number
  readonly schemaVersion: number
  /** A write-ahead log holds pages that may be newer than the header. */
  readonly hasLog: boolean
}

const headerBytes = 100
const magic = "SQLite format 3\0"

/** Builds the error of a place. */
export const refuse = (place: DatabaseLocation, operation: string, reason: StoreReason, cause?: unknown): StoreError =>
  new StoreError({ ...place, operation, reason, cause })

const attempt = <A>(place: DatabaseLocation, operation: string, body: () => A): Effect.Effect<A, StoreError> =>
  Effect.try({
    try: body,
    catch: (cause) =>
      cause instanceof StoreError ? cause : refuse(place, operation, classify(cause, "unreadable"), cause)
  })

/** A file that this user may not create has a folder that cannot be written. */
const attemptWrite = <A>(place: DatabaseLocation, operation: string, body: () => A): Effect.Effect<A, StoreError> =>
  Effect.mapError(attempt(place, operation, body), (error) =>
    error.reason === "unreadable" && isRefused(error.cause) ? refuse(place, operation, "readonly", error.cause) : error
  )

const isRefused = (cause: unknown): boolean => codeOf(cause) === "EACCES" || codeOf(cause) === "EPERM"

const lstat = (path: string): Fs.Stats | undefined => Fs.lstatSync(path, { throwIfNoEntry: false })

const readHeader = (place: DatabaseLocation): Buffer => {
  const file = Fs.openSync(place.path, Fs.constants.O_RDONLY | Fs.constants.O_NOFOLLOW)
  try {
    const buffer = Buffer.alloc(headerBytes)
    return buffer.subarray(0, Fs.readSync(file, buffer, 0, headerBytes, 0))
  } finally {
    Fs.closeSync(file)
  }
}

const parseHeader = (place: DatabaseLocation, bytes: Buffer): Header => {
  if (bytes.length === 0) throw refuse(place, "open", "empty")
  if (bytes.length < headerBytes || bytes.toString("latin1", 0, magic.length) !== magic) {
    throw refuse(place, "open", "notADatabase")
  }
  return {
    schemaVersion: bytes.readInt32BE(60),
    applicationId: bytes.readInt32BE(68),
    hasLog: (lstat(`${place.path}-wal`)?.size ?? 0) > 0
  }
}

const missing = (place: DatabaseLocation): undefined => {
  const orphanedLog = (lstat(`${place.path}-wal`)?.size ?? 0) > 0
  if (orphanedLog && lstat(place.path) === undefined) {
    throw refuse(place, "open", "corrupt", new Error("there is a write-ahead log, but its database is gone"))
  }
  return undefined
}

/**
 * Looks at a path without changing anything: `undefined` for a path without a file. Fails for everything but a database
 * file: a symbolic link, a folder, an empty file or another file.
 */
export const inspect = (place: DatabaseLocation): Effect.Effect<Header | undefined, StoreError> =>
  attempt(place, "open", () => {
    const stats = lstat(place.path)
    if (stats === undefined) return missing(place)
    if (!stats.isFile()) {
      throw refuse(place, "open", "unreadable", new Error("a regular file is needed; links are not followed"))
    }
    return parseHeader(place, readHeader(place))
  })

/** Fails with `readonly` if this user may not write a database, or may not create the files beside it. Nothing changes. */
export const requireWritable = (place: DatabaseLocation): Effect.Effect<void, StoreError> =>
  Effect.try({
    try: () => {
      Fs.accessSync(place.path, Fs.constants.R_OK | Fs.constants.W_OK)
      Fs.accessSync(Path.dirname(place.path), Fs.constants.W_OK | Fs.constants.X_OK)
    },
    catch: (cause) => refuse(place, "open", "readonly", cause)
  })

/**
 * Makes sure that only the owner of a database can read it and the files beside it, and that the owner can write these: a process
 * that could only read gave them the mode of the database.
 */
export const secure = (place: DatabaseLocation): Effect.Effect<void, StoreError> =>
  Effect.try({
    try: () => {
      for (const file of [place.path, `${place.path}-wal`, `${place.path}-shm`]) {
        const stats = lstat(file)
        if (stats?.isFile() && (stats.mode & 0o777) !== 0o600 && stats.uid === process.getuid?.()) {
          Fs.chmodSync(file, 0o600)
        }
      }
    },
    catch: (cause) => refuse(place, "open", "readonly", cause)
  })

const synced = (path: string) => {
  const handle = Fs.openSync(path, Fs.constants.O_RDONLY)
  try {
    Fs.fsyncSync(handle)
  } finally {
    Fs.closeSync(handle)
  }
}

const reserveDraft = (place: DatabaseLocation): DatabaseLocation => {
  const folder = Path.dirname(place.path)
  Fs.mkdirSync(folder, { recursive: true, mode: 0o700 })
  const path = `${place.path}.new-${Crypto.randomBytes(6).toString("hex")}`
  Fs.closeSync(Fs.openSync(path, "wx", 0o600))
  return { ...place, path }
}

const discard = (draft: DatabaseLocation) => {
  for (const suffix of ["", "-journal", "-wal", "-shm"]) Fs.rmSync(`${draft.path}${suffix}`, { force: true })
}

const publish = (place: DatabaseLocation, draft: DatabaseLocation) => {
  synced(draft.path)
  try {
    Fs.linkSync(draft.path, place.path)
  } catch (cause) {
    if (codeOf(cause) !== "EEXIST") throw cause
  }
  synced(Path.dirname(place.path))
}

/**
 * Puts a copy of a database at a path where nothing is yet, for the owner only, whole or not at all. `write` gets an empty
 * file of another name.
 */
export const copyInto = (
  place: DatabaseLocation,
  path: string,
  write: (draft: string) => Effect.Effect<void, StoreError>
): Effect.Effect<void, StoreError> =>
  Effect.suspend(() =>
    lstat(path) === undefined ? create({ ...place, path }, (draft) => write(draft.path)) : Effect.void
  )

/**
 * Puts a new database at a path, or leaves the one that another process put there meanwhile. The folder is created for
 * the owner only, the file with mode 0600. `initialise` gets an empty file of another name, and must have closed it
 * when it ends.
 */
export const create = <R>(
  place: DatabaseLocation,
  initialise: (draft: DatabaseLocation) => Effect.Effect<void, StoreError, R>
): Effect.Effect<void, StoreError, R> =>
  Effect.acquireUseRelease(
    attemptWrite(place, "create", () => reserveDraft(place)),
    (draft) =>
      Effect.zipRight(
        initialise(draft),
        attemptWrite(place, "create", () => publish(place, draft))
      ),
    (draft) => Effect.ignore(attempt(place, "create", () => discard(draft)))
  )
