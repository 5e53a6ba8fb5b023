// A Redis server of its own for the test of the example: the installed one, or Debian's package, which is installed then. It
// listens on a socket in a new folder and keeps nothing.
import { spawn } from "node:child_process"
import { existsSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import * as Apt from "./apt.mjs"
import { withLock } from "./engine/Lock.mjs"

const program = "redis-server"
const longestStartMillis = 60_000

const find = () =>
  (process.env.PATH ?? "")
    .split(delimiter)
    .concat("/usr/bin")
    .map((folder) => join(folder, program))
    .find(existsSync)

const install = (say) => {
  const other = find()
  if (other !== undefined) return other
  if (process.getuid?.() !== 0)
    throw new Error("Redis is not installed, and only root may install it: install redis-server.")
  if (!Apt.isDebian())
    throw new Error("Redis is not installed, and this machine is not a Debian: install redis-server.")
  say("Redis is not installed: installing redis-server.")
  Apt.install("Redis", [program])
  const installed = find()
  if (installed === undefined) throw new Error("The package redis-server brought no server: install redis-server.")
  return installed
}

/** Starts a server. Resolves the path of its socket and how to stop it. */
export const start = async ({ say = () => {} } = {}) => {
  const file = find() ?? (await withLock(join(tmpdir(), "effect-deployers-redis.lock"), () => install(say)))
  const folder = mkdtempSync(join(tmpdir(), "effect-deployers-redis-"))
  const socket = join(folder, "redis.sock")
  const options = ["--port", "0", "--unixsocket", socket, "--save", "", "--appendonly", "no", "--dir", folder]
  const server = spawn(file, options, { cwd: folder, stdio: "ignore" })
  const stopped = new Promise((resolve) => server.once("close", resolve))
  const stop = async () => {
    server.kill("SIGTERM")
    await stopped
    rmSync(folder, { recursive: true, force: true })
  }
  for (let waited = 0; !existsSync(socket); waited += 10) {
    if (server.exitCode !== null || waited > longestStartMillis) {
      await stop()
      throw new Error("Redis did not start.")
    }
    await sleep(10)
  }
  return { socket, stop }
}
