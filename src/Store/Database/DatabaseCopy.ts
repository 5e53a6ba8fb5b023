/**
 * A private copy of a database, for reading where SQLite cannot. A database with a write-ahead log needs shared memory beside it,
 * which a folder or a disk that cannot be written does not take.
 */
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { StoreError } from "../../Errors/Stores.js"
import { type DatabaseLocation, refuse } from "./DatabaseFile.js"
import { classify, codeOf } from "./SqlFailure.js"

/**
 * Copies a database and its write-ahead log to a folder of this user, and removes the copy with the scope. Fails with `busy` if
 * another process wrote meanwhile.
 */
export const make = (place: DatabaseLocation): Effect.Effect<string, StoreError, Scope.Scope> =>
  Effect.gen(function* () {
    const folder = yield* Effect.acquireRelease(attempt(place, makeFolder), (folder) =>
      Effect.sync(() => Fs.rmSync(folder, { recursive: true, force: true }))
    )
    const copy = Path.join(folder, Path.basename(place.path))
    yield* attempt(place, () => copyQuiet(place, copy))
    return copy
  })

// internal

const attempt = <A>(place: DatabaseLocation, body: () => A): Effect.Effect<A, StoreError> =>
  Effect.try({
    try: body,
    catch: (cause) =>
      cause instanceof StoreError ? cause : refuse(place, "copy", classify(cause, "unreadable"), cause)
  })

const makeFolder = (): string => Fs.mkdtempSync(Path.join(Os.tmpdir(), "effect-deployers-read-"))

const files = ["", "-wal"]

const copyQuiet = (place: DatabaseLocation, copy: string): void => {
  const before = stateOf(place.path)
  for (const suffix of files) copyIfThere(`${place.path}${suffix}`, `${copy}${suffix}`)
  if (stateOf(place.path) !== before) throw refuse(place, "copy", "busy")
}

const copyIfThere = (from: string, to: string): void => {
  try {
    Fs.copyFileSync(from, to)
    Fs.chmodSync(to, 0o600)
  } catch (cause) {
    if (codeOf(cause) !== "ENOENT") throw cause
  }
}

const stateOf = (path: string): string =>
  files
    .map((suffix) => Fs.statSync(`${path}${suffix}`, { throwIfNoEntry: false, bigint: true }))
    .map((stats) => (stats === undefined ? "none" : `${stats.ino} ${stats.size} ${stats.mtimeNs}`))
    .join()
