// Docker swarms for the tests: one of one node that all tests share, and swarms that a test may break.
//
//   node scripts/swarm.mjs ensure   prints {"host":"tcp://...","address":"...","gateway":"...","owned":bool}
//   node scripts/swarm.mjs stop     ends the swarm that `ensure` started, and no other
//
// An engine that serves other tests is never made a manager. Each node is an engine in a network namespace of its own, so that
// several are on one machine, and the firewall of the machine stays as it is.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { request } from "node:http"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { ip } from "./engine/Bridge.mjs"
import { end, kill, start } from "./engine/Daemon.mjs"
import { addElsewhere, removeElsewhere } from "./engine/Elsewhere.mjs"
import { isProgram, ping, startOf } from "./engine/Host.mjs"
import { hasEngine, hindrance, install } from "./engine/Install.mjs"
import { withLock } from "./engine/Lock.mjs"
import { wipeFolder } from "./engine.mjs"

const standardFolder = () => resolve(process.env.EFFECT_DEPLOYERS_SWARM_FOLDER || "/var/tmp/effect-deployers-swarm")

const noteIn = (folder) => join(`${folder}.json`)

/** Sends one request to an engine and resolves what it answers. */
export const ask = (host, method, path, body) =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(host.replace("tcp:", "http:"))
    const headers = { "content-type": "application/json" }
    const sent = request({ hostname, port, method, path, headers }, (response) => {
      let text = ""
      response.on("data", (chunk) => {
        text += chunk
      })
      response.on("end", () => {
        if (response.statusCode < 300) resolve(text === "" ? undefined : JSON.parse(text))
        else reject(new Error(`${method} ${path} of ${host}: ${response.statusCode} ${text}`))
      })
    })
    sent.on("error", reject)
    sent.end(body === undefined ? undefined : JSON.stringify(body))
  })

const launch = async (folder, at) => {
  const host = `tcp://${at.address}:2375`
  // Unless it is told that this is meant, an engine waits a while before it listens without TLS.
  const running = await start(folder, [`--host=${host}`, "--tls=false", "--insecure-registry=10.77.0.0/16"], at.prefix)
  return { host, pid: running.pid }
}

const init = (host, address) =>
  ask(host, "POST", "/swarm/init", { ListenAddr: "0.0.0.0:2377", AdvertiseAddr: address, DataPathAddr: address })

const requireEngine = () => {
  const hindered = hindrance()
  if (hindered !== undefined) throw new Error(`No swarm can be started for the tests: ${hindered}.`)
  if (!hasEngine()) install()
}

const noted = (folder) => {
  const file = noteIn(folder)
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined
}

const lives = ({ pid, started }) => isProgram(pid, "dockerd") && startOf(pid) === started

/** True if the shared swarm was started, by this process or another one. */
export const exists = () => noted(standardFolder()) !== undefined

/** The shared swarm of one node; started if it does not answer. */
export const ensure = async ({ say = () => {} } = {}) => {
  const folder = standardFolder()
  return withLock(`${folder}.lock`, async () => {
    const known = noted(folder)
    if (known !== undefined && lives(known) && "api" in (await ping(known.host, 5_000)))
      return { ...known, owned: false }
    requireEngine()
    if (known !== undefined) await remove(folder, known)
    say(`Starting a private Docker swarm in ${folder}.`)
    const at = addElsewhere()
    try {
      const { host, pid } = await launch(folder, at)
      await init(host, at.address)
      const { address, cable, gateway, name } = at
      const note = { host, address, gateway, name, cable, pid, started: startOf(pid) }
      writeFileSync(noteIn(folder), JSON.stringify(note))
      return { ...note, owned: true }
    } catch (cause) {
      at.remove()
      throw cause
    }
  })
}

const remove = async (folder, known) => {
  if (lives(known)) await end(known.pid)
  await wipeFolder(folder)
  try {
    removeElsewhere(known)
  } catch {
    // A restart of the machine has removed it.
  }
  rmSync(noteIn(folder), { force: true })
}

/** Ends the shared swarm and removes all that it had. Resolves whether there was one. */
export const stop = async () => {
  const folder = standardFolder()
  return withLock(`${folder}.lock`, async () => {
    const known = noted(folder)
    if (known !== undefined) await remove(folder, known)
    return { stopped: known !== undefined }
  })
}

/** A node of the caller's own, to break. */
const node = async () => {
  requireEngine()
  const folder = mkdtempSync(join(tmpdir(), "effect-deployers-node-"))
  const at = addElsewhere()
  // A registry of images and a database of this machine are reached at any of its addresses.
  ip("-n", at.name, "route", "add", "default", "via", at.gateway)
  let running = await launch(folder, at).catch((cause) => {
    at.remove()
    throw cause
  })
  return {
    host: running.host,
    name: at.name,
    address: at.address,
    gateway: at.gateway,
    /** Ends it without warning. Its containers live on, out of reach. */
    kill: () => kill(running.pid),
    restart: async () => {
      running = await launch(folder, at)
    },
    dispose: async () => {
      await end(running.pid)
      await wipeFolder(folder)
      at.remove()
    }
  }
}

/** A cable for each pair of nodes: the firewall of the machine forwards nothing between their networks. */
const connect = (nodes) => {
  for (const [index, one] of nodes.entries()) {
    for (const other of nodes.slice(index + 1)) {
      const [here, there] = [`to${nodes.indexOf(other)}`, `to${index}`]
      ip("link", "add", here, "netns", one.name, "type", "veth", "peer", "name", there, "netns", other.name)
      ip("-n", one.name, "link", "set", here, "up")
      ip("-n", other.name, "link", "set", there, "up")
      ip("-n", one.name, "route", "add", `${other.address}/32`, "dev", here, "src", one.address)
      ip("-n", other.name, "route", "add", `${one.address}/32`, "dev", there, "src", other.address)
    }
  }
}

/** A swarm of the caller's own: the first node is its manager, `managers` others are, too, and the rest are workers. */
export const startPrivate = async ({ nodes: count = 2, managers = 1 } = {}) => {
  const nodes = []
  const dispose = async () => {
    for (const one of nodes.toReversed()) await one.dispose()
  }
  try {
    for (let number = 0; number < count; number += 1) nodes.push(await node())
    connect(nodes)
    const [first, ...others] = nodes
    await init(first.host, first.address)
    const { JoinTokens } = await ask(first.host, "GET", "/swarm")
    for (const [index, one] of others.entries()) {
      await ask(one.host, "POST", "/swarm/join", {
        ListenAddr: "0.0.0.0:2377",
        AdvertiseAddr: one.address,
        DataPathAddr: one.address,
        RemoteAddrs: [`${first.address}:2377`],
        JoinToken: index + 1 < managers ? JoinTokens.Manager : JoinTokens.Worker
      })
    }
    return { nodes, dispose }
  } catch (cause) {
    await dispose()
    throw cause
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const say = (text) => process.stderr.write(`${text}\n`)
  const command = { ensure: () => ensure({ say }), stop }[process.argv[2]]
  if (command === undefined) {
    say("usage: node scripts/swarm.mjs ensure|stop")
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
