/**
 * Duplicates of a listening socket. Node cannot make them in one process, and a thread that closes a socket of another one
 * closes it for both. A handle that a process sends over its channel arrives as a new one: so a process that inherits the
 * socket sends it back, several times, and ends.
 */
import * as ChildProcess from "node:child_process"

/** A handle at which a server can listen once. */
export interface Handle {
  readonly close: () => void
}

export interface Fetching {
  /** Ends the process, and calls back when it owns the socket no more. */
  readonly stop: (then: () => void) => void
}

/** Fetches duplicates of a descriptor, and calls back once: with some, or with none and the reason. */
export const fetch = (
  descriptor: number,
  then: (duplicates: ReadonlyArray<Handle>, problem?: string) => void
): Fetching => {
  const found: Array<Handle> = []
  let problem = "a process did not send the socket back"
  let isOver = false
  const child = ChildProcess.spawn(process.execPath, ["-e", program], {
    env: {},
    stdio: ["ignore", "ignore", "ignore", descriptor, "ipc"]
  })
  const limit = setTimeout(() => child.kill("SIGKILL"), limitMillis)
  const end = () => {
    if (isOver) return
    isOver = true
    clearTimeout(limit)
    then(found, ...(found.length === 0 ? [problem] : []))
  }
  child.on("message", (_, handle: unknown) => {
    if (isHandle(handle)) found.push(handle)
    if (found.length === count && child.connected) child.disconnect()
  })
  child.once("error", (error) => {
    problem = error.message
    if (child.pid === undefined) end()
  })
  child.once("exit", end)
  return {
    stop: (stopped) => {
      if (isOver) return stopped()
      child.once("exit", stopped)
      child.kill("SIGKILL")
    }
  }
}

// internal

/** Duplicates of one process: each is used once, and most are never used. */
const count = 4

const limitMillis = 10_000

/** A socket that is neither read nor written only carries its handle, and accepts nothing. */
const program = `process.channel.ref();const{_handle:h}=new(require("node:net").Socket)({fd:3,readable:false,writable:false});for(let i=0;i<${count};i++)process.send(i,h)`

const isHandle = (value: unknown): value is Handle =>
  typeof value === "object" && value !== null && "close" in value && typeof value.close === "function"
