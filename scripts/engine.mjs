// Makes a Docker engine available to the tests, the demo and the benchmarks.
//
//   node scripts/engine.mjs ensure   prints {"host":"unix://...","owned":bool,"installed":bool}
//   node scripts/engine.mjs stop     ends the engine that `ensure` started, and no other
//   node scripts/engine.mjs status   prints the engine that answers, or null
//
// An engine that answers is used as it is. The folder of one of our own is EFFECT_DEPLOYERS_ENGINE, or
// /var/tmp/effect-deployers-engine.
import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { addBridge } from "./engine/Bridge.mjs"
import { end, endContainerd, kill, layout, markOwned, ownedPid, start } from "./engine/Daemon.mjs"
import { addElsewhere } from "./engine/Elsewhere.mjs"
import { ping, runningHere } from "./engine/Host.mjs"
import { hasEngine, hindrance, install } from "./engine/Install.mjs"
import { withLock } from "./engine/Lock.mjs"

const standardFolder = () => resolve(process.env.EFFECT_DEPLOYERS_ENGINE || "/var/tmp/effect-deployers-engine")

const candidates = () =>
  [
    "unix:///var/run/docker.sock",
    process.env.XDG_RUNTIME_DIR && `unix://${process.env.XDG_RUNTIME_DIR}/docker.sock`,
    layout(standardFolder()).host,
    ...runningHere()
  ].filter(Boolean)

/**
 * The engine that answers, if one does. One that `DOCKER_HOST` names must.
 * @returns {Promise<{ host: string, api: string } | undefined>}
 */
export const detect = async () => {
  const named = process.env.DOCKER_HOST
  if (named) {
    const answer = await ping(named, 5_000)
    if ("api" in answer) return { host: named, api: answer.api }
    throw new Error(
      `DOCKER_HOST is ${named}, which does not answer: ${answer.why}. Start that engine or unset DOCKER_HOST.`
    )
  }
  for (const host of new Set(candidates())) {
    const answer = await ping(host)
    if ("api" in answer) return { host, api: answer.api }
  }
  return undefined
}

const ready = (found, installed = false) => ({ ...found, owned: false, installed })

/**
 * An engine that answers: one that does already, or a private one. Rejects with one line that says what to do.
 * @returns {Promise<{ host: string, owned: boolean, installed: boolean }>} `owned`: this call started it
 */
export const ensure = async ({ say = () => {} } = {}) => {
  const found = await detect()
  if (found !== undefined) return ready(found)
  const hindered = hindrance()
  if (hindered !== undefined) throw new Error(`No Docker engine answers, and ${hindered}.`)
  return withLock(`${standardFolder()}.lock`, () => ensureAlone(say))
}

const ensureAlone = async (say) => {
  const other = await detect()
  if (other !== undefined) return ready(other)
  const installed = !hasEngine()
  if (installed) {
    say("No Docker engine here: installing docker.io, iptables and iproute2.")
    install()
    const started = await detect()
    if (started !== undefined) return ready(started, true)
  }
  const folder = standardFolder()
  say(`Starting a private Docker engine in ${folder}.`)
  const engine = await start(folder)
  markOwned(engine)
  return { host: engine.host, owned: true, installed }
}

/** Ends the engine that `ensure` started. Resolves whether there was one. `wipe` removes its images and containers too. */
export const stop = async ({ folder = standardFolder(), wipe = false } = {}) =>
  withLock(`${folder}.lock`, async () => {
    const pid = ownedPid(folder)
    if (pid !== undefined) await end(pid)
    rmSync(layout(folder).owned, { force: true })
    if (wipe) await wipeFolder(folder)
    return { stopped: pid !== undefined }
  })

/** What a killed engine left mounted keeps its folder from being removed. */
export const wipeFolder = async (folder) => {
  await endContainerd(folder)
  const mounted = readFileSync("/proc/self/mounts", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[1] ?? "")
    .filter((path) => path.startsWith(`${folder}/`))
    .reverse()
  if (mounted.length > 0) spawnSync("umount", ["-l", ...mounted])
  rmSync(folder, { recursive: true, force: true })
}

/**
 * A second engine of the caller's own, to break. It has a bridge and addresses of its own and leaves the rules of the
 * firewall alone; ports it publishes are reached all the same.
 */
export const startPrivate = async ({ folder = newFolder() } = {}) => {
  const bridge = addBridge()
  return breakable(folder, () => start(folder, bridge.flags), bridge.remove)
}

/**
 * A second engine of the caller's own that is reached as one on another machine is: over TCP, at the address of a network
 * of its own, where what it publishes is reached too. Whoever is on this machine can use it.
 */
export const startElsewhere = async ({ folder = newFolder() } = {}) => {
  const hindered = hindrance()
  if (hindered !== undefined) throw new Error(`No engine can be started for the tests: ${hindered}.`)
  if (!hasEngine()) install()
  const { address, prefix, remove } = addElsewhere()
  const host = `tcp://${address}:2375`
  // Unless it is told that this is meant, an engine waits a while before it listens without TLS.
  const flags = [`--host=${host}`, "--tls=false"]
  const engine = await breakable(folder, () => start(folder, flags, prefix), remove)
  return { ...engine, host, address, prefix }
}

const newFolder = () => mkdtempSync(join(tmpdir(), "effect-deployers-engine-"))

/** An engine that can be killed and started again. `after` takes back what was made for it. */
const breakable = async (folder, launch, after) => {
  let running = await launch().catch((cause) => {
    after()
    throw cause
  })
  return {
    host: running.host,
    folder,
    pid: () => running.pid,
    /** Ends it without warning. Its containers live on. */
    kill: () => kill(running.pid),
    /** Ends it in order. */
    end: () => end(running.pid),
    /** Starts it again on the same data. */
    restart: async () => {
      running = await launch()
    },
    /** Ends it and removes all it had. */
    dispose: async () => {
      await end(running.pid)
      await wipeFolder(folder)
      after()
    }
  }
}

const say = (text) => process.stderr.write(`${text}\n`)

const commands = {
  ensure: () => ensure({ say }),
  stop: () => stop({ wipe: process.argv.includes("--wipe") }),
  status: async () => (await detect()) ?? null
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const command = commands[process.argv[2]]
  if (command === undefined) {
    say("usage: node scripts/engine.mjs ensure|stop [--wipe]|status")
    process.exitCode = 2
  } else {
    await command().then(
      (result) => process.stdout.write(`${JSON.stringify(result)}\n`),
      (cause) => {
        say(cause.message)
        process.exitCode = 1
      }
    )
  }
}
