// Looks for engines: who answers, and which engines run on this machine.
import { readdirSync, readFileSync, readlinkSync } from "node:fs"
import { get as httpGet } from "node:http"
import { get as httpsGet } from "node:https"
import { join } from "node:path"

/** Folder of the certificates of a `tcp` engine, as the Docker command line has it. */
const certificates = (folder) =>
  folder
    ? {
        ca: readFileSync(join(folder, "ca.pem")),
        cert: readFileSync(join(folder, "cert.pem")),
        key: readFileSync(join(folder, "key.pem"))
      }
    : {}

/** How Node reaches an address; `undefined` for those it cannot reach, such as ssh. */
const requestOf = (host) => {
  const url = URL.canParse(host) ? new URL(host) : undefined
  if (url?.protocol === "unix:") return [httpGet, { socketPath: decodeURIComponent(url.pathname) }]
  if (url === undefined || !["tcp:", "http:", "https:"].includes(url.protocol)) return undefined
  const isTls = url.protocol === "https:" || Boolean(process.env.DOCKER_TLS_VERIFY) || url.port === "2376"
  const to = { host: url.hostname.replace(/^\[|\]$/g, ""), port: url.port || (isTls ? 2376 : 2375) }
  return isTls ? [httpsGet, { ...to, ...certificates(process.env.DOCKER_CERT_PATH) }] : [httpGet, to]
}

/**
 * Asks for a sign of life; resolves the version of the API, or why there is none. Never rejects, never hangs.
 * @returns {Promise<{ api: string } | { why: string }>}
 */
export const ping = (host, timeoutMillis = 2_000) =>
  new Promise((resolve) => {
    try {
      const found = requestOf(host)
      if (found === undefined) return resolve({ why: "addresses like that are not supported" })
      const [get, to] = found
      const request = get({ ...to, path: "/_ping", agent: false, timeout: timeoutMillis }, (response) => {
        response.resume()
        response.once("end", () =>
          resolve(
            response.statusCode === 200
              ? { api: String(response.headers["api-version"] ?? "unknown") }
              : { why: `it answers with status ${response.statusCode}` }
          )
        )
        response.once("error", (cause) => resolve({ why: cause.message }))
      })
      request.once("timeout", () => request.destroy(new Error(`it does not answer within ${timeoutMillis} ms`)))
      request.once("error", (cause) => resolve({ why: cause.message }))
    } catch (cause) {
      resolve({ why: cause.message })
    }
  })

const networkOf = (pid) => readlinkSync(`/proc/${pid}/ns/net`)

const attempt = (read, otherwise) => {
  try {
    return read()
  } catch {
    return otherwise
  }
}

/**
 * Sockets of engines that run in our network. A second engine beside them would hand out the same addresses on the
 * same bridge.
 */
export const runningHere = () =>
  attempt(() => readdirSync("/proc"), [])
    .filter((name) => /^\d+$/.test(name) && isProgram(Number(name), "dockerd"))
    .filter((pid) => attempt(() => networkOf(pid) === networkOf("self"), false))
    .flatMap((pid) => {
      const command = attempt(() => readFileSync(`/proc/${pid}/cmdline`, "utf8"), "")
      return [...command.matchAll(/(?:-H|--host)[\0=](unix:\/\/[^\0]+)/g)].map((match) => match[1])
    })

/** Whether a process lives and is that program; process ids are used again, and dead children may linger. */
export const isProgram = (pid, program) =>
  attempt(() => {
    const [, name, state] = /^\d+ \((.*)\) (\S)/s.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))
    return name === program && state !== "Z" && state !== "X"
  }, false)

/** Time a process started, in ticks since boot; tells a process from a later one of the same id. */
export const startOf = (pid) =>
  attempt(() => {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8")
    return text.slice(text.lastIndexOf(")") + 2).split(" ")[19]
  }, undefined)
