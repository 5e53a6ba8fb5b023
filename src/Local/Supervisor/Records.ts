/** The recorded processes of a home, read with modules of Node only. */
import * as Fs from "node:fs"
import * as Path from "node:path"
import type { ProcessRef } from "../ProcessReader.js"

/** The process of each generation that has a record, `deployments/ID/generations/N/process.json`. */
export const recordedProcesses = (home: string): ReadonlyArray<Recorded> =>
  namesIn(Path.join(home, "deployments")).flatMap((id) => recordsOf(Path.join(home, "deployments", id)))

/** True if a deployment has a recorded process. */
export const hasRecordedProcess = (home: string, id: string): boolean =>
  recordsOf(Path.join(home, "deployments", id)).length > 0

/** A recorded process, and the file that records it. */
export interface Recorded extends ProcessRef {
  readonly file: string
}

/**
 * Reads the recorded processes again and again, and the folders only after a change: every change of a deployment writes the
 * registry. `deadOf` selects the dead ones; a dead one counts as long as its record names it.
 */
export const watching = (
  home: string,
  deadOf: (recorded: ReadonlyArray<Recorded>) => ReadonlyArray<Recorded>,
  scan: (home: string) => ReadonlyArray<Recorded> = recordedProcesses
): (() => { readonly recorded: number; readonly ended: ReadonlyArray<ProcessRef> }) => {
  let seen: string | undefined
  let recorded: ReadonlyArray<Recorded> = []
  return () => {
    const stamp = stampOf(home)
    if (stamp !== seen) recorded = scan(home)
    seen = stamp
    const ended = deadOf(recorded).filter((dead) => {
      const [now] = readRecord(dead.file)
      return now?.pid === dead.pid && now.identity === dead.identity
    })
    return { recorded: recorded.length, ended }
  }
}

// internal

/** The sizes and times of the files of the registry. */
const stampOf = (home: string): string =>
  ["registry.db", "registry.db-wal"]
    .map((name) => {
      const stats = Fs.statSync(Path.join(home, name), { throwIfNoEntry: false })
      return stats === undefined ? "" : `${stats.ino} ${stats.size} ${stats.mtimeMs}`
    })
    .join("/")

const recordsOf = (deployment: string): ReadonlyArray<Recorded> => {
  const generations = Path.join(deployment, "generations")
  return namesIn(generations).flatMap((generation) => readRecord(Path.join(generations, generation, "process.json")))
}

const namesIn = (folder: string): ReadonlyArray<string> => {
  try {
    return Fs.readdirSync(folder)
  } catch {
    return []
  }
}

/** A record that is being removed is none. */
const readRecord = (file: string): ReadonlyArray<Recorded> => {
  try {
    const record: unknown = JSON.parse(Fs.readFileSync(file, "utf8"))
    return isRecord(record) ? [{ pid: record.pid, identity: record.processIdentity, file }] : []
  } catch {
    return []
  }
}

const isRecord = (value: unknown): value is { readonly pid: number; readonly processIdentity: string } =>
  typeof value === "object" &&
  value !== null &&
  "pid" in value &&
  Number.isInteger(value.pid) &&
  "processIdentity" in value &&
  typeof value.processIdentity === "string"
