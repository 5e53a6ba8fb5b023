// PostgreSQL servers for the tests: one that all tests share, with a new database for each, and servers that a test may break.
//
//   node scripts/postgres.mjs ensure   prints {"url":"postgres://...","owned":bool}
//   node scripts/postgres.mjs stop     ends the shared server that `ensure` started, and no other, and removes its data
//
// EFFECT_DEPLOYERS_TEST_POSTGRES names a server that answers, by the URL of a role that may create databases. Else the programs
// are those of the folder EFFECT_DEPLOYERS_POSTGRES, installed ones, or Debian's package, which is installed then. The shared
// server is in /var/tmp/effect-deployers-postgres, or in the folder EFFECT_DEPLOYERS_POSTGRES_FOLDER.
import { spawn, spawnSync } from "node:child_process"
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync
} from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { delimiter, join, resolve } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import * as Apt from "./apt.mjs"
import { startOf } from "./engine/Host.mjs"
import { withLock } from "./engine/Lock.mjs"

const variable = "EFFECT_DEPLOYERS_POSTGRES"
const named = "EFFECT_DEPLOYERS_TEST_POSTGRES"
const standardFolder = () =>
  resolve(process.env.EFFECT_DEPLOYERS_POSTGRES_FOLDER || "/var/tmp/effect-deployers-postgres")
const debian = "/usr/lib/postgresql"
const longestStartMillis = 60_000
const user = "tests"

const isComplete = (folder) => ["initdb", "postgres"].every((program) => existsSync(join(folder, program)))

const find = () => {
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : []
  const folders = (process.env.PATH ?? "").split(delimiter).filter(Boolean)
  return [...versions.map((version) => join(debian, version, "bin")), ...folders].find(isComplete)
}

const programs = async (say) => {
  const folder = process.env[variable]
  if (folder) {
    if (isComplete(folder)) return folder
    throw new Error(`${variable} is ${folder}, where initdb and postgres are not. Correct it or unset it.`)
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

/**
 * A commit is on disk before it is acknowledged, as on a server of its users. The settings make a small server that starts and
 * ends fast.
 */
const settings = [
  ...["shared_buffers=32MB", "max_wal_size=256MB", "wal_level=replica", "max_wal_senders=4"],
  ...["max_connections=100", "listen_addresses=127.0.0.1"]
]

const options = (all) => all.flatMap((setting) => ["-c", setting])

const environmentOf = (folder) => ({
  ...identity(),
  cwd: folder,
  env: { PATH: process.env.PATH, HOME: folder, LANG: "C.UTF-8" }
})

const initialize = (bin, folder, as) => {
  if (as.uid !== undefined) chownSync(folder, as.uid, as.gid)
  const made = spawnSync(
    join(bin, "initdb"),
    ["-D", join(folder, "data"), "-U", user, "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"],
    { ...as, encoding: "utf8" }
  )
  if (made.status !== 0) throw new Error(`initdb failed:\n${made.error?.message ?? made.stderr}`)
}

const isFree = (port) =>
  new Promise((resolve) => {
    const server = createServer()
    server.once("error", () => resolve(false))
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)))
  })

/** Below the ports that the system gives to clients, so that no client takes it while the server restarts. */
const freePort = async () => {
  const port = 20_000 + Math.floor(Math.random() * 12_000)
  return (await isFree(port)) ? port : freePort()
}

const urlOf = (port) => `postgres://${user}@127.0.0.1:${port}/postgres`

/** Starts the server of a folder with data, and waits until it accepts connections. */
const launch = async ({ as, bin, detached = false, folder, port, extra = [] }) => {
  const log = join(folder, "server.log")
  const out = openSync(log, "a")
  const before = readFileSync(log, "utf8").length
  const server = spawn(
    join(bin, "postgres"),
    ["-D", join(folder, "data"), "-k", folder, "-p", String(port), ...options([...settings, ...extra])],
    { ...as, detached, stdio: ["ignore", out, out] }
  )
  closeSync(out)
  const ended = new Promise((resolve) => server.once("close", resolve))
  const written = () => readFileSync(log, "utf8").slice(before)
  for (let waited = 0; !/database system is ready to accept/.test(written()); waited += 10) {
    if (server.exitCode !== null || waited > longestStartMillis) {
      server.kill("SIGKILL")
      throw new Error(`PostgreSQL did not start:\n${written().slice(-1_500)}`)
    }
    await sleep(10)
  }
  return { server, ended }
}

/**
 * Starts a server for one test, which may break it. Resolves the folder of its socket, its port and superuser, and how to end
 * it and to start it again.
 */
export const start = async ({ files = {}, hba, say = () => {}, settings: extra = [], at } = {}) => {
  const bin = await programs(say)
  const folder = mkdtempSync(join(at ?? tmpdir(), "effect-deployers-pg-"))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  try {
    const as = environmentOf(folder)
    initialize(bin, folder, as)
    for (const [name, content] of Object.entries(files)) write(join(folder, "data", name), content, as)
    if (hba !== undefined) write(join(folder, "data", "pg_hba.conf"), `${hba}\n`, as)
    const port = await freePort()
    let running = await launch({ as, bin, folder, port, extra })
    const end = async (signal) => {
      running.server.kill(signal)
      await running.ended
    }
    return {
      host: folder,
      port,
      user,
      url: urlOf(port),
      data: join(folder, "data"),
      programs: bin,
      /** Ends the server: `SIGINT` disconnects everyone, `SIGQUIT` is a crash. */
      end,
      restart: async (further = []) => {
        running = await launch({ as, bin, folder, port, extra: [...extra, ...further] })
      },
      stop: async () => {
        if (running.server.exitCode === null) await end("SIGINT")
        remove()
      }
    }
  } catch (error) {
    remove()
    throw error
  }
}

const pooler = () => {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin"]
  return folders.map((folder) => join(folder, "pgbouncer")).find((program) => existsSync(program))
}

const ensurePooler = (say) => {
  const found = pooler()
  if (found !== undefined) return found
  if (process.getuid?.() !== 0 || !Apt.isDebian()) throw new Error("PgBouncer is not installed: install it.")
  say("PgBouncer is not installed: installing pgbouncer.")
  Apt.install("PgBouncer", ["pgbouncer"])
  return pooler() ?? "pgbouncer"
}

/** Starts a PgBouncer in transaction mode in front of a server. Resolves its URL, for any database, and how to end it. */
export const startPooler = async (url, { say = () => {}, poolSize = 1 } = {}) => {
  const program = await withLock(join(tmpdir(), "effect-deployers-pgbouncer.lock"), async () => ensurePooler(say))
  const { hostname, port: serverPort, username } = new URL(url)
  const folder = mkdtempSync(join(tmpdir(), "effect-deployers-pgbouncer-"))
  const as = environmentOf(folder)
  if (as.uid !== undefined) chownSync(folder, as.uid, as.gid)
  const port = await freePort()
  write(join(folder, "users.txt"), `"${username}" ""\n`, as)
  const lines = [
    "[databases]",
    `* = host=${hostname} port=${serverPort}`,
    "[pgbouncer]",
    ...["listen_addr=127.0.0.1", `listen_port=${port}`, "pool_mode=transaction", `default_pool_size=${poolSize}`],
    ...["auth_type=trust", `auth_file=${join(folder, "users.txt")}`, "unix_socket_dir="]
  ]
  write(join(folder, "pgbouncer.ini"), `${lines.join("\n")}\n`, as)
  const child = spawn(program, [join(folder, "pgbouncer.ini")], { ...as, stdio: ["ignore", "ignore", "pipe"] })
  let log = ""
  child.stderr.setEncoding("utf8").on("data", (text) => {
    log = (log + text).slice(-20_000)
  })
  const ended = new Promise((resolve) => child.once("close", resolve))
  const stop = async () => {
    child.kill("SIGKILL")
    await ended
    rmSync(folder, { recursive: true, force: true })
  }
  for (let waited = 0; !log.includes("process up"); waited += 10) {
    if (child.exitCode !== null || waited > longestStartMillis) {
      await stop()
      throw new Error(`PgBouncer did not start:\n${log.slice(-1_500)}`)
    }
    await sleep(10)
  }
  const at = new URL(url)
  at.host = `127.0.0.1:${port}`
  return { url: at.toString(), stop }
}

const write = (file, content, { gid, uid }) => {
  writeFileSync(file, content, { mode: 0o600 })
  if (uid !== undefined) chownSync(file, uid, gid)
}

const layout = (folder) => ({ folder, owned: join(folder, "started-by-us.json") })

/** The server that `ensure` started, if it is running. */
const running = (folder) => {
  try {
    const { pid, port, startedAt } = JSON.parse(readFileSync(layout(folder).owned, "utf8"))
    return startOf(pid) === startedAt ? { pid, url: urlOf(port) } : undefined
  } catch {
    return undefined
  }
}

/**
 * The server that all tests share: the one that the environment names, one that runs, or a new one. Rejects with one line that
 * says what to do.
 * @returns {Promise<{ url: string, owned: boolean }>} `owned`: this call started it
 */
export const ensure = async ({ say = () => {} } = {}) => {
  const url = process.env[named]
  if (url) return { url, owned: false }
  const folder = standardFolder()
  return withLock(`${folder}.lock`, async () => {
    const found = running(folder)
    if (found !== undefined) return { url: found.url, owned: false }
    const bin = await programs(say)
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true })
    chmodSync(folder, 0o711)
    const as = environmentOf(folder)
    initialize(bin, folder, as)
    const port = await freePort()
    const { server } = await launch({ as, bin, detached: true, folder, port })
    server.unref()
    const pid = server.pid
    writeFileSync(layout(folder).owned, JSON.stringify({ pid, startedAt: startOf(pid), port }))
    return { url: urlOf(port), owned: true }
  })
}

/** Ends the shared server that `ensure` started, and removes its data. Resolves whether there was one. */
export const stop = async () => {
  const folder = standardFolder()
  return withLock(`${folder}.lock`, async () => {
    const found = running(folder)
    if (found !== undefined) {
      process.kill(found.pid, "SIGINT")
      for (let waited = 0; running(folder) !== undefined && waited < longestStartMillis; waited += 20) await sleep(20)
    }
    rmSync(folder, { recursive: true, force: true })
    return { stopped: found !== undefined }
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const say = (text) => process.stderr.write(`${text}\n`)
  const commands = { ensure: () => ensure({ say }), stop }
  const command = commands[process.argv[2]]
  if (command === undefined) throw new Error("usage: node scripts/postgres.mjs ensure|stop")
  process.stdout.write(`${JSON.stringify(await command())}\n`)
}
