/** Keeps a socket: starts instances that inherit it, and lets callers know when none lives. */
import * as ChildProcess from "node:child_process"
import * as Fs from "node:fs"
import * as Path from "node:path"
import * as Files from "./files.js"
import { holdMillis, periodMillis } from "./patience.js"

/** The inherited socket. */
const socket = 3

/** Keeps the socket until the folder is gone. */
export const keep = (folder: string): void => {
  const at = Files.pathsOf(folder)
  const lastServed = { at: performance.now() }
  const porter = makePorter(folder)

  const look = (): void => {
    if (!Fs.existsSync(at.starts)) end(porter)
    for (const { answer, start } of Files.takeStarts(at.starts)) startProcess(at, start, answer)
    if (isServed(folder, at.state)) {
      lastServed.at = performance.now()
      porter.end()
    } else if (performance.now() - lastServed.at >= holdMillis) porter.start()
  }

  Files.write(at.process, { pid: process.pid })
  process.on("SIGTERM", () => end(porter))
  for (const signal of ["SIGINT", "SIGHUP"] as const) process.on(signal, () => {})
  Fs.watch(at.starts, look).on("error", () => {})
  setInterval(look, periodMillis)
  look()
}

// internal

const end = (porter: Porter): never => {
  porter.end()
  process.exit(0)
}

type At = ReturnType<typeof Files.pathsOf>

/** Starts a process in a session of its own, which outlives the door, and records its exit. */
const startProcess = (at: At, start: Files.Start, answer: string): void => {
  const log = Fs.openSync(start.logFile, "a", 0o600)
  try {
    const child = ChildProcess.spawn(start.command, [...start.args], {
      cwd: start.cwd,
      env: { ...start.env },
      detached: true,
      stdio: ["ignore", log, log, socket]
    })
    child.once("error", (error) => {
      if (child.pid === undefined) Files.write(answer, { failure: error.message })
    })
    if (child.pid === undefined) return
    const { pid } = child
    child.once("exit", (code, signal) => {
      const exit = { ...(code === null ? {} : { code }), ...(signal === null ? {} : { signal }) }
      if (Fs.existsSync(at.exits)) Files.write(Path.join(at.exits, `${pid}.json`), exit)
    })
    Files.write(answer, { pid })
  } catch (error) {
    Files.write(answer, { failure: error instanceof Error ? error.message : "no reason given" })
  } finally {
    Fs.closeSync(log)
  }
}

/** True if the process of the generation that accepts connections lives. */
const isServed = (folder: string, state: string): boolean => {
  const generation = Files.generationIn(state)
  if (generation === undefined) return false
  const record = Path.join(folder, "..", "..", "generations", `${generation}`, "process.json")
  const pid = Files.pidIn(record)
  return pid !== undefined && lives(pid)
}

const lives = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** The process that answers while no instance serves. It ends with the door, whose channel it has. */
interface Porter {
  readonly start: () => void
  readonly end: () => void
}

const makePorter = (folder: string): Porter => {
  let child: ChildProcess.ChildProcess | undefined
  return {
    start: () => {
      if (child !== undefined) return
      const started = ChildProcess.spawn(process.execPath, [...process.argv.slice(1, 2), folder, "answer"], {
        stdio: ["ignore", "inherit", "inherit", socket, "ipc"]
      })
      child = started
      const gone = () => {
        if (child === started) child = undefined
      }
      started.once("exit", gone)
      started.once("error", gone)
    },
    end: () => {
      child?.kill("SIGTERM")
      child = undefined
    }
  }
}
