/** The recorded processes of a home, read with modules of Node only. */
import * as Fs from "node:fs"
import * as Path from "node:path"
import type { ProcessRef } from "../ProcessReader.js"

/** The process of each generation that has a record, `deployments/ID/generations/N/process.json`. */
export const recordedProcesses = (home: string): ReadonlyArray<ProcessRef> =>
  namesIn(Path.join(home, "deployments")).flatMap((id) => {
    const generations = Path.join(home, "deployments", id, "generations")
    return namesIn(generations).flatMap((generation) => readRecord(Path.join(generations, generation, "process.json")))
  })

// internal

const namesIn = (folder: string): ReadonlyArray<string> => {
  try {
    return Fs.readdirSync(folder)
  } catch {
    return []
  }
}

/** A record that is being removed is none. */
const readRecord = (file: string): ReadonlyArray<ProcessRef> => {
  try {
    const record: unknown = JSON.parse(Fs.readFileSync(file, "utf8"))
    return isRecord(record) ? [{ pid: record.pid, identity: record.processIdentity }] : []
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
