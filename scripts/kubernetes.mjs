// A Kubernetes cluster for the tests, and a registry of images that the Docker engine pushes to and its nodes pull from.
//
//   node scripts/kubernetes.mjs ensure   prints {"kubeconfig":"/...","registry":"127.0.0.1:...","command":[...],"owned":bool}
//   node scripts/kubernetes.mjs stop     ends the cluster that `ensure` started, and no other, and removes what it made
//   node scripts/kubernetes.mjs build    builds its programs, which takes several minutes of processor time once
//
// A cluster of yours is used only if EFFECT_DEPLOYERS_TEST_KUBERNETES is `yes` and KUBECONFIG leads to it; the tests make and
// remove namespaces there. EFFECT_DEPLOYERS_TEST_REGISTRY is then the `host:port` of a registry that the engine and its nodes
// reach. Else root on Debian with Go gets a cluster of two nodes (`scripts/kubernetes/README.md`). It lives in a network
// namespace of its own, so it touches no link and no rule of the machine; `command` is put before a command that runs there.
// The engine pushes from outside to 127.0.0.1, from where a relay leads to the registry inside.
import { spawn, spawnSync } from "node:child_process"
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { connect, createServer } from "node:net"
import { join, resolve } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import * as Apt from "./apt.mjs"
import { environment } from "./engine/Daemon.mjs"
import { startOf } from "./engine/Host.mjs"
import { withLock } from "./engine/Lock.mjs"

const optIn = "EFFECT_DEPLOYERS_TEST_KUBERNETES"
const registryVariable = "EFFECT_DEPLOYERS_TEST_REGISTRY"
const standardFolder = () =>
  resolve(process.env.EFFECT_DEPLOYERS_KUBERNETES_FOLDER || "/var/tmp/effect-deployers-kubernetes")
const scripts = fileURLToPath(new URL("./kubernetes", import.meta.url))
const nodes = 2
const longestEndMillis = 60_000
const oldestGo = [1, 24]

const layout = (folder) => ({
  state: join(folder, "cluster"),
  owned: join(folder, "started-by-us.json"),
  namespace: `effect-deployers-${startNumber(folder)}`
})

/** A short number that belongs to the folder, for names of the machine. */
const startNumber = (folder) =>
  Array.from(folder).reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 1_000_000, 7)

const inside = (namespace) => ["nsenter", `--net=/run/netns/${namespace}`]

/** The cluster that the environment names. */
const named = async () => {
  if (process.env[optIn] === undefined) return undefined
  const kubeconfig = process.env.KUBECONFIG?.split(":")[0]
  const registry = process.env[registryVariable]
  if (process.env[optIn] !== "yes" || !kubeconfig || !registry) {
    throw new Error(`Set ${optIn}=yes, KUBECONFIG and ${registryVariable} together, or unset ${optIn}.`)
  }
  const server = /^\s*server:\s*(\S+)/m.exec(existsSync(kubeconfig) ? readFileSync(kubeconfig, "utf8") : "")?.[1]
  if (server === undefined) throw new Error(`KUBECONFIG is ${kubeconfig}, which names no cluster: correct it.`)
  if (!(await answers(new URL(server)))) throw new Error(`The cluster of KUBECONFIG, ${server}, does not answer.`)
  return { kubeconfig, registry, command: [], owned: false }
}

const answers = ({ hostname, port, protocol }) =>
  new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port) || (protocol === "https:" ? 443 : 80) })
    const end = (result) => {
      socket.destroy()
      resolve(result)
    }
    socket.setTimeout(5_000, () => end(false))
    socket.once("connect", () => end(true)).once("error", () => end(false))
  })

/** The reason why this machine gets no cluster, or none. */
const obstacle = () => {
  if (process.getuid?.() !== 0) return "only root may make namespaces and network links"
  if (!Apt.isDebian()) return "this machine is not a Debian"
  const { stdout } = spawnSync("go", ["env", "GOVERSION"], { encoding: "utf8", env: environment() })
  const [, major, minor] = /^go(\d+)\.(\d+)/.exec(stdout ?? "") ?? []
  if (major === undefined) return "Go is not installed"
  const isOld = Number(major) < oldestGo[0] || (Number(major) === oldestGo[0] && Number(minor) < oldestGo[1])
  return isOld ? `Go ${oldestGo.join(".")} or newer is needed` : undefined
}

const refuse = (reason) =>
  new Error(`No Kubernetes cluster (${reason}): set ${optIn}=yes, KUBECONFIG and ${registryVariable} for one of yours.`)

/**
 * Builds the programs of a cluster, beside other work: at the lowest priority until `hurry` is called. `folder` resolves where
 * they are, undefined for a cluster of yours, and rejects with one line if this machine gets no cluster.
 */
export const build = () => {
  if (process.env[optIn] !== undefined) return { folder: Promise.resolve(undefined), hurry: () => {}, stop: () => {} }
  const reason = obstacle()
  if (reason !== undefined) return { folder: Promise.reject(refuse(reason)), hurry: () => {}, stop: () => {} }
  const child = spawn("nice", ["-n", "19", join(scripts, "build")], {
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: { BUILD_JOBS: "2", ...environment(), GOMAXPROCS: "2", GOTOOLCHAIN: "local" }
  })
  let printed = ""
  let errors = ""
  child.stdout.on("data", (chunk) => (printed += chunk))
  child.stderr.on("data", (chunk) => (errors = `${errors}${chunk}`.slice(-1_500)))
  const folder = new Promise((resolve, reject) => {
    child.once("error", (error) => reject(refuse(error.message)))
    child.once("close", (code) =>
      code === 0 ? resolve(printed.trim()) : reject(refuse(`its programs could not be built: ${errors.trim()}`))
    )
  })
  const running = () => child.pid !== undefined && child.exitCode === null && child.signalCode === null
  return {
    folder,
    hurry: () => {
      if (running()) spawnSync("renice", ["-n", "0", "-g", String(child.pid)], { stdio: "ignore" })
    },
    stop: () => {
      if (running()) process.kill(-child.pid, "SIGKILL")
    }
  }
}

const run = (command, args, options = {}) => {
  const { error, status, stderr, stdout } = spawnSync(command, args, {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    env: environment(),
    ...options
  })
  if (error !== undefined || status !== 0) {
    throw new Error(`${command} ${args.join(" ")} failed: ${(error?.message ?? stderr).trim().slice(-1_500)}`)
  }
  return stdout.trim()
}

/** A listening socket of this namespace, and a process inside the other one that connects its callers to the same port. */
const startRelay = async (namespace) => {
  const server = createServer()
  await new Promise((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve))
  const { port } = server.address()
  const [program, ...args] = [...inside(namespace), process.execPath, join(scripts, "relay.mjs"), String(port)]
  const child = spawn(program, args, { detached: true, stdio: ["ignore", "ignore", "ignore", server._handle.fd] })
  await new Promise((resolve, reject) => child.once("spawn", resolve).once("error", reject))
  child.unref()
  server.close()
  return { port, pid: child.pid, startedAt: startOf(child.pid) }
}

/** The cluster that `ensure` started, if it is running. */
const running = (folder) => {
  try {
    const { kubeconfig, relay } = JSON.parse(readFileSync(layout(folder).owned, "utf8"))
    return startOf(relay.pid) === relay.startedAt && existsSync(kubeconfig) ? describe(folder, relay) : undefined
  } catch {
    return undefined
  }
}

const describe = (folder, { port }) => ({
  kubeconfig: join(layout(folder).state, "kubeconfig"),
  registry: `127.0.0.1:${port}`,
  command: inside(layout(folder).namespace)
})

/**
 * The cluster that the environment names, one that runs, or a new one. Rejects with one line that says what to do.
 * @param binaries the folder that `build` resolved; built now by default
 */
export const ensure = async ({ binaries, say = () => {} } = {}) => {
  const cluster = await named()
  if (cluster !== undefined) return cluster
  const folder = standardFolder()
  const found = running(folder)
  if (found !== undefined) return { ...found, owned: false }
  const programs = binaries ?? (await startedBuild(say))
  return withLock(`${folder}.lock`, async () => {
    const other = running(folder)
    if (other !== undefined) return { ...other, owned: false }
    await remove(folder)
    const missing = run(join(scripts, "packages"), []).split("\n").filter(Boolean)
    if (missing.length > 0) Apt.install("what a cluster needs", missing)
    return { ...(await start(folder, programs)), owned: true }
  })
}

const startedBuild = (say) => {
  const started = build()
  say("Building the programs of a Kubernetes cluster, unless they are built: several minutes the first time.")
  started.hurry()
  return started.folder
}

const start = async (folder, binaries) => {
  const { namespace, owned, state } = layout(folder)
  mkdirSync(folder, { recursive: true })
  run("ip", ["netns", "add", namespace])
  run("ip", ["-n", namespace, "link", "set", "lo", "up"])
  const relay = await startRelay(namespace)
  const { kubeconfig } = describe(folder, relay)
  writeFileSync(owned, JSON.stringify({ kubeconfig, relay }))
  try {
    const options = ["--nodes", String(nodes), "--registry", String(relay.port), "--binaries", binaries]
    const [program, ...args] = [...inside(namespace), join(scripts, "up"), state, ...options]
    run(program, args)
    return describe(folder, relay)
  } catch (error) {
    // The logs stay for the reader of the failure.
    await endRelay(folder)
    run("ip", ["netns", "delete", namespace])
    throw error
  }
}

const endRelay = async (folder) => {
  const { owned } = layout(folder)
  if (!existsSync(owned)) return
  const { relay } = JSON.parse(readFileSync(owned, "utf8"))
  if (startOf(relay.pid) === relay.startedAt) process.kill(relay.pid, "SIGKILL")
  for (let waited = 0; startOf(relay.pid) === relay.startedAt && waited < longestEndMillis; waited += 20)
    await sleep(20)
  rmSync(owned)
}

/** Removes what is left of a cluster, also of one that broke. */
const remove = async (folder) => {
  const { namespace, state } = layout(folder)
  if (existsSync(`/run/netns/${namespace}`)) {
    const [program, ...args] = [...inside(namespace), join(scripts, "down"), state]
    if (existsSync(state)) run(program, args)
    await endRelay(folder)
    run("ip", ["netns", "delete", namespace])
  }
  rmSync(folder, { recursive: true, force: true })
}

/** Ends the cluster that `ensure` started, and removes what it made. Resolves whether there was one. */
export const stop = async () => {
  const folder = standardFolder()
  return withLock(`${folder}.lock`, async () => {
    const found = existsSync(layout(folder).owned)
    await remove(folder)
    return { stopped: found }
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const say = (text) => process.stderr.write(`${text}\n`)
  const commands = {
    ensure: () => ensure({ say }),
    stop,
    build: async () => ({ folder: await build().folder })
  }
  const command = commands[process.argv[2]]
  if (command === undefined) throw new Error("usage: node scripts/kubernetes.mjs ensure|stop|build")
  process.stdout.write(`${JSON.stringify(await command())}\n`)
}
