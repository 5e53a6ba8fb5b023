/** The files of a door, read and written with modules of Node only. */
import * as Fs from "node:fs"
import * as Path from "node:path"

/** The paths in the folder of a door. */
export const pathsOf = (folder: string) => ({
  /** The number of the door's process, by which instances see that it lives. */
  process: Path.join(folder, "process.json"),
  /** The generation that accepts connections. */
  state: Path.join(folder, "state.json"),
  /** Requests to start a process, each answered by a file beside it. */
  starts: Path.join(folder, "starts"),
  /** The exits of processes that the door started. */
  exits: Path.join(folder, "exits"),
  log: Path.join(folder, "door.log")
})

/** A program to start. */
export interface Start {
  readonly command: string
  readonly args: ReadonlyArray<string>
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  readonly logFile: string
}

/** The number of the process in a record, such as that of a door or of an instance. */
export const pidIn = (file: string): number | undefined => numberIn(file, "pid")

/** The generation that accepts connections, if there is one. */
export const generationIn = (file: string): number | undefined => numberIn(file, "generation")

/** The requests to start a process, each with the path of its answer. A request is removed as it is read. */
export const takeStarts = (folder: string): ReadonlyArray<{ readonly start: Start; readonly answer: string }> =>
  namesIn(folder).flatMap((name) => {
    if (!name.endsWith(".start")) return []
    const file = Path.join(folder, name)
    const claimed = claim(file)
    if (claimed === undefined) return []
    const start: unknown = read(claimed)
    Fs.rmSync(claimed, { force: true })
    return isStart(start) ? [{ start, answer: `${file.slice(0, -".start".length)}.answer` }] : []
  })

/** Writes a file as a whole or not at all, readable by its owner only. */
export const write = (file: string, value: unknown): void => {
  Fs.writeFileSync(`${file}.tmp`, JSON.stringify(value), { mode: 0o600 })
  Fs.renameSync(`${file}.tmp`, file)
}

// internal

/** Renames a request, which succeeds once, should two doors of one folder live for a moment. */
const claim = (file: string): string | undefined => {
  const claimed = `${file}.${process.pid}`
  try {
    Fs.renameSync(file, claimed)
    return claimed
  } catch {
    return undefined
  }
}

const namesIn = (folder: string): ReadonlyArray<string> => {
  try {
    return Fs.readdirSync(folder)
  } catch {
    return []
  }
}

const read = (file: string): unknown => {
  try {
    return JSON.parse(Fs.readFileSync(file, "utf8"))
  } catch {
    return undefined
  }
}

const numberIn = (file: string, field: "pid" | "generation"): number | undefined => {
  const value = read(file)
  const number: unknown = isRecord(value) ? value[field] : undefined
  return typeof number === "number" ? number : undefined
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null

const isStart = (value: unknown): value is Start =>
  isRecord(value) && typeof value["command"] === "string" && Array.isArray(value["args"]) && isRecord(value["env"])
