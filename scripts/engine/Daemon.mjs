// An engine of our own in a folder of its own: starts it, finds it again, ends it.
import { spawn } from "node:child_process"
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { isProgram, ping, startOf } from "./Host.mjs"

const startMillis = 60_000
const stopMillis = 40_000

/** Where an engine in a folder keeps what. */
export const layout = (folder) => ({
  folder,
  socket: join(folder, "docker.sock"),
  host: `unix://${join(folder, "docker.sock")}`,
  pidFile: join(folder, "docker.pid"),
  containerdPidFile: join(folder, "exec", "containerd", "containerd.pid"),
  log: join(folder, "dockerd.log"),
  /** Says that `ensure` started it: process id and start time. */
  owned: join(folder, "started-by-us")
})

/** Programs of the system's administrator, which are not on everybody's path. */
export const environment = () => ({ ...process.env, PATH: `${process.env.PATH ?? ""}:/usr/sbin:/sbin:/usr/local/sbin` })

const read = (file) => {
  try {
    return readFileSync(file, "utf8")
  } catch {
    return ""
  }
}

const pidIn = (file) => Number(read(file).trim().split(" ")[0]) || undefined

/** The engine only looks whether the process of its pid file exists, whoever that is by now. */
const dropStale = (file, program) => {
  const pid = pidIn(file)
  if (pid === undefined || !isProgram(pid, program)) rmSync(file, { force: true })
}

/**
 * Starts an engine in a folder and waits until it answers. `prefix` is a command that runs another one in its own process.
 * @returns {Promise<{ host: string, pid: number, folder: string }>}
 */
export const start = async (folder, flags = [], prefix = []) => {
  const at = layout(folder)
  mkdirSync(folder, { recursive: true, mode: 0o711 })
  dropStale(at.pidFile, "dockerd")
  // The containerd of an engine that was killed dies with it, a moment later: found by its file in that moment, it would
  // be waited for in vain. Containers do not need it to live on.
  await endContainerd(folder)
  dropStale(at.containerdPidFile, "containerd")
  const log = openSync(at.log, "w")
  const [program, ...args] = [...prefix, "dockerd", ...options(at), ...flags]
  const child = spawn(program, args, {
    detached: true,
    stdio: ["ignore", log, log],
    env: environment()
  })
  closeSync(log)
  let ended
  child.once("exit", (code, signal) => {
    ended = signal ?? code
  })
  child.once("error", (cause) => {
    ended = cause.message
  })
  child.unref()
  await answering(at, () => ended)
  return { host: at.host, pid: child.pid, folder }
}

const options = (at) => [
  `--data-root=${join(at.folder, "data")}`,
  `--exec-root=${join(at.folder, "exec")}`,
  `--pidfile=${at.pidFile}`,
  `--host=${at.host}`,
  "--exec-opt=native.cgroupdriver=cgroupfs",
  "--shutdown-timeout=10"
]

const answering = async (at, ended) => {
  for (let waited = 0; waited < startMillis; waited += 50) {
    if (ended() !== undefined) throw new Error(`dockerd ended (${ended()}):\n${read(at.log).slice(-2_000)}`)
    if ("api" in (await ping(at.host, 1_000))) return
    await sleep(50)
  }
  throw new Error(`dockerd does not answer within ${startMillis} ms:\n${read(at.log).slice(-2_000)}`)
}

/** Notes that the engine is ours to end. */
export const markOwned = ({ folder, pid }) => writeFileSync(layout(folder).owned, `${pid} ${startOf(pid)}`)

/** Process id of the engine in the folder, if we started it and it lives. */
export const ownedPid = (folder) => {
  const [pid, started] = read(layout(folder).owned).split(" ")
  return pid && isProgram(Number(pid), "dockerd") && startOf(pid) === started ? Number(pid) : undefined
}

/** Asks an engine to end, which ends its containers too; kills it when it does not. Resolves when it is gone. */
export const end = async (pid) => {
  signal(pid, "SIGTERM")
  for (let waited = 0; waited < stopMillis && isProgram(pid, "dockerd"); waited += 50) await sleep(50)
  await kill(pid)
}

/** Kills an engine without warning, as a fault. Its containers live on. */
export const kill = async (pid) => {
  signal(pid, "SIGKILL")
  while (isProgram(pid, "dockerd")) await sleep(20)
}

const signal = (pid, name, program = "dockerd") => {
  try {
    if (isProgram(pid, program)) process.kill(pid, name)
  } catch (cause) {
    if (cause.code !== "ESRCH") throw cause
  }
}

/** Ends the containerd that a killed engine left behind. Resolves when it is gone. */
export const endContainerd = async (folder) => {
  const pid = pidIn(layout(folder).containerdPidFile)
  if (pid === undefined) return
  signal(pid, "SIGTERM", "containerd")
  for (let waited = 0; waited < 10_000 && isProgram(pid, "containerd"); waited += 20) await sleep(20)
  signal(pid, "SIGKILL", "containerd")
  while (isProgram(pid, "containerd")) await sleep(20)
}
