// A PostgreSQL server of its own for the tests of the stores: from the folder that EFFECT_DEPLOYERS_POSTGRES names, an
// installed one, or Debian's package, which is installed then. It listens on a socket in a new folder and keeps nothing.
import { spawn, spawnSync } from "node:child_process"
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import * as Apt from "./apt.mjs"
import { withLock } from "./engine/Lock.mjs"

const variable = "EFFECT_DEPLOYERS_POSTGRES"
const debian = "/usr/lib/postgresql"
const longestStartMillis = 60_000
const user = "tests"

const isComplete = (folder) => ["initdb", "postgres"].every((program) => existsSync(join(folder, program)))

const find = () => {
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : []
  const folders = (process.env.PATH ?? "").split(delimiter).filter(Boolean)
  return [...versions.map((version) => join(debian, version, "bin")), ...folders].find(isComplete)
}

const ensure = async (say) => {
  const named = process.env[variable]
  if (named) {
    if (isComplete(named)) return named
    throw new Error(`${variable} is ${named}, where initdb and postgres are not. Correct it or unset it.`)
  }
  return find() ?? withLock(join(tmpdir(), "effect-deployers-postgres.lock"), () => install(say))
}

const install = (say) => {
  const other = find()
  if (other !== undefined) return other
  const advice = `install PostgreSQL, or name the folder of its programs with ${variable}`
  if (process.getuid?.() !== 0) throw new Error(`PostgreSQL is not installed, and only root may install it: ${advice}.`)
  if (!Apt.isDebian()) throw new Error(`PostgreSQL is not installed, and this machine is not a Debian: ${advice}.`)
  say("PostgreSQL is not installed: installing postgresql.")
  Apt.install("PostgreSQL", ["postgresql"])
  const installed = find()
  if (installed === undefined) throw new Error(`The package postgresql brought no server: ${advice}.`)
  return installed
}

/** The server refuses to run as root. */
const identity = () => {
  if (process.getuid?.() !== 0) return {}
  const lines = readFileSync("/etc/passwd", "utf8").split("\n")
  const entry = ["postgres", "nobody"].flatMap((name) => lines.filter((line) => line.startsWith(`${name}:`)))[0]
  if (entry === undefined) throw new Error("PostgreSQL does not run as root: add a user postgres to this machine.")
  const [, , uid, gid] = entry.split(":")
  return { uid: Number(uid), gid: Number(gid) }
}

/** Nothing is synced: the data lives as long as the server. */
const settings = [
  ...["fsync=off", "synchronous_commit=off", "full_page_writes=off", "listen_addresses="],
  ...["shared_buffers=32MB", "max_connections=50"]
].flatMap((setting) => ["-c", setting])

/** Starts a server. Resolves the folder of its socket, its superuser and how to stop it. */
export const start = async ({ say = () => {} } = {}) => {
  const programs = await ensure(say)
  const folder = mkdtempSync(join(tmpdir(), "effect-deployers-pg-"))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  try {
    const as = { ...identity(), cwd: folder, env: { PATH: process.env.PATH, HOME: folder, LANG: "C.UTF-8" } }
    if (as.uid !== undefined) chownSync(folder, as.uid, as.gid)
    const data = join(folder, "data")
    const made = spawnSync(
      join(programs, "initdb"),
      ["-D", data, "-U", user, "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"],
      { ...as, encoding: "utf8" }
    )
    if (made.status !== 0) throw new Error(`initdb failed:\n${made.error?.message ?? made.stderr}`)
    const server = spawn(join(programs, "postgres"), ["-D", data, "-k", folder, ...settings], {
      ...as,
      stdio: ["ignore", "ignore", "pipe"]
    })
    const stopped = new Promise((resolve) => server.once("close", resolve))
    await ready(server)
    return {
      host: folder,
      user,
      stop: async () => {
        server.kill("SIGINT") // disconnects everyone and ends
        await stopped
        remove()
      }
    }
  } catch (error) {
    remove()
    throw error
  }
}

const ready = async (server) => {
  let log = ""
  server.stderr.setEncoding("utf8").on("data", (text) => {
    log = (log + text).slice(-20_000)
  })
  for (let waited = 0; !log.includes("ready to accept connections"); waited += 10) {
    if (server.exitCode !== null || waited > longestStartMillis) {
      server.kill("SIGKILL")
      throw new Error(`PostgreSQL did not start:\n${log.slice(-1_500)}`)
    }
    await sleep(10)
  }
}
