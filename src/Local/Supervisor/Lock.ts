/**
 * The file that names the supervisor of a home. The last writer owns it: a supervisor that no longer finds itself in the file
 * ends. Two supervisors of one moment do no harm, because each restart is under the lease of its deployment.
 */
import * as Fs from "node:fs"
import * as Path from "node:path"
import type { ProcessRef, Reader } from "../ProcessReader.js"

/** A supervisor: its process, and the version of its program. */
export interface Owner extends ProcessRef {
  readonly version: string
  /** True if a service manager runs it. */
  readonly resident?: boolean | undefined
}

/** The path of the file. */
export const fileOf = (home: string): string => Path.join(home, "supervisor.json")

/** The owner in the file; `undefined` if there is none. */
export const read = (home: string): Owner | undefined => {
  try {
    const owner: unknown = JSON.parse(Fs.readFileSync(fileOf(home), "utf8"))
    return isOwner(owner) ? owner : undefined
  } catch {
    return undefined
  }
}

/** Makes a process the owner. Throws if the home is gone. */
export const take = (home: string, owner: Owner): void => {
  const draft = `${fileOf(home)}.${owner.pid}`
  Fs.writeFileSync(draft, JSON.stringify(owner), { mode: 0o600 })
  Fs.renameSync(draft, fileOf(home))
}

/** Removes the file of an owner. */
export const release = (home: string, owner: ProcessRef): void => {
  if (owns(home, owner)) Fs.rmSync(fileOf(home), { force: true })
}

/** True if the file names this process. */
export const owns = (home: string, { identity, pid }: ProcessRef): boolean => {
  const owner = read(home)
  return owner?.pid === pid && owner.identity === identity
}

/** The owner, if it lives. */
export const living = (home: string, reader: Pick<Reader, "one">): Owner | undefined => {
  const owner = read(home)
  if (owner === undefined) return undefined
  const row = reader.one(owner.pid)
  return row !== undefined && !row.dead && row.identity === owner.identity ? owner : undefined
}

/**
 * True if the owner lives and its program is at least of this version. One that a service manager runs keeps the home: it
 * would take it back at its next start.
 */
export const isHeld = (home: string, version: string, reader: Pick<Reader, "one">): boolean => {
  const owner = living(home, reader)
  return owner !== undefined && (owner.resident === true || !isOlder(owner.version, version))
}

/** True if a version is lower than another. */
export const isOlder = (version: string, than: string): boolean => {
  const [a, b] = [numbersOf(version), numbersOf(than)]
  const at = a.findIndex((number, index) => number !== b[index])
  return at >= 0 && (a[at] ?? 0) < (b[at] ?? 0)
}

// internal

const numbersOf = (version: string): ReadonlyArray<number> =>
  (version.split("-")[0] ?? "").split(".").map((part) => Number(part) || 0)

const isOwner = (value: unknown): value is Owner =>
  typeof value === "object" &&
  value !== null &&
  "pid" in value &&
  Number.isInteger(value.pid) &&
  "identity" in value &&
  typeof value.identity === "string" &&
  "version" in value &&
  typeof value.version === "string"
