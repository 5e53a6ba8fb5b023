// A registry of images of its own for tests: the installed `docker-registry`, or Debian's package, which is installed then.
// It listens on a free port, keeps its images in a new folder, and asks for a password or uses TLS on request.
import { spawn, spawnSync } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { connect, createServer } from "node:net"
import { networkInterfaces, tmpdir } from "node:os"
import { delimiter, join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import * as Apt from "./apt.mjs"
import { withLock } from "./engine/Lock.mjs"

const program = "docker-registry"
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
  const missing = `No registry of images is installed, and`
  if (process.getuid?.() !== 0) throw new Error(`${missing} only root may install one: install ${program}.`)
  if (!Apt.isDebian()) throw new Error(`${missing} this machine is not a Debian: install ${program}.`)
  say(`No registry of images is installed: installing ${program}.`)
  Apt.install("a registry of images", [program])
  const installed = find()
  if (installed === undefined) throw new Error(`The package ${program} brought no registry: install it.`)
  return installed
}

/** The installed registry of images, after its installation if it was missing. */
export const ensure = async (say = () => {}) =>
  find() ?? (await withLock(join(tmpdir(), "effect-deployers-registry.lock"), () => install(say)))

/**
 * An address of this machine that is not a loopback address. An engine asks a registry at a loopback address without TLS if
 * need be, and checks no certificate there.
 */
export const outerAddress = () =>
  Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ family, internal }) => family === "IPv4" && !internal)?.address

/**
 * Starts a registry. Resolves its `host:port`, the file of the authority that signed its certificate, and how to stop it.
 * `account` makes it ask for a name and a password, `tls` serve HTTPS.
 */
export const start = async ({ account, address = "127.0.0.1", say = () => {}, tls = false } = {}) => {
  const file = await ensure(say)
  const folder = mkdtempSync(join(tmpdir(), "effect-deployers-registry-"))
  const port = await freePort(address)
  const certificates = tls ? certificatesIn(folder, address) : undefined
  const configuration = join(folder, "registry.yml")
  writeFileSync(configuration, JSON.stringify(configurationOf({ account, address, certificates, folder, port })))
  const server = spawn(file, ["serve", configuration], {
    cwd: folder,
    stdio: "ignore",
    env: { PATH: process.env.PATH }
  })
  const stopped = new Promise((resolve) => server.once("close", resolve))
  const stop = async () => {
    server.kill("SIGKILL")
    await stopped
    // Again, this finds nothing.
    rmSync(folder, { recursive: true, force: true })
  }
  for (let waited = 0; !(await listens(address, port)); waited += 20) {
    if (server.exitCode !== null || waited > longestStartMillis) {
      await stop()
      throw new Error("The registry of images did not start.")
    }
    await sleep(20)
  }
  return { host: `${address}:${port}`, authority: certificates?.authority, stop }
}

/** JSON is YAML. */
const configurationOf = ({ account, address, certificates, folder, port }) => ({
  version: "0.1",
  log: { level: "error" },
  storage: { filesystem: { rootdirectory: join(folder, "images") }, delete: { enabled: true } },
  http: {
    addr: `${address}:${port}`,
    ...(certificates && { tls: { certificate: certificates.certificate, key: certificates.key } })
  },
  ...(account && { auth: { htpasswd: { realm: "test", path: passwordsIn(folder, account) } } })
})

/** The registry takes bcrypt only, which the C library has and Perl calls. */
const passwordsIn = (folder, { name, password }) => {
  const script = "print crypt($ARGV[0], q($2b$05$) . q(effectdeployerstests.u))"
  const { stdout } = spawnSync("perl", ["-e", script, password], { encoding: "utf8" })
  if (!stdout?.startsWith("$2b$")) throw new Error("The C library of this machine has no bcrypt.")
  const file = join(folder, "htpasswd")
  writeFileSync(file, `${name}:${stdout}\n`)
  return file
}

/** An authority of its own, and a certificate for the address that it signed. */
const certificatesIn = (folder, address) => {
  const at = (name) => join(folder, "certificates", name)
  mkdirSync(join(folder, "certificates"))
  const openssl = (...args) => {
    const { status, stderr } = spawnSync("openssl", args, { encoding: "utf8" })
    if (status !== 0) throw new Error(`openssl made no certificate: ${stderr}`)
  }
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
  openssl("req", "-x509", ...curve, "-days", "2", "-subj", "/CN=test", "-keyout", at("ca.key"), "-out", at("ca.crt"))
  openssl("req", ...curve, "-subj", `/CN=${address}`, "-keyout", at("server.key"), "-out", at("server.csr"))
  writeFileSync(at("names"), `subjectAltName=IP:${address}`)
  const signing = [
    "-CA",
    at("ca.crt"),
    "-CAkey",
    at("ca.key"),
    "-CAcreateserial",
    "-days",
    "2",
    "-extfile",
    at("names")
  ]
  openssl("x509", "-req", "-in", at("server.csr"), ...signing, "-out", at("server.crt"))
  return { authority: readFileSync(at("ca.crt"), "utf8"), certificate: at("server.crt"), key: at("server.key") }
}

const freePort = (host) =>
  new Promise((resolve, reject) => {
    const server = createServer().once("error", reject)
    server.listen({ host, port: 0 }, () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })

const listens = (host, port) =>
  new Promise((resolve) => {
    const socket = connect({ host, port })
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false))
    socket.once("connect", () => socket.destroy())
  })
