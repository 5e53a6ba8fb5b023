/**
 * Reads the first request of a connection, as far as it takes to see whether it asks for health. Only the plain form of such
 * a request is recognised: the service itself reads every other one, and knows all rules.
 */
import { isLoopbackAuthority } from "../../../Internal/Loopback.js"
import type { HealthRoutes } from "../Messages.js"

/** A request for health. */
export interface HealthRequest {
  readonly route: "checked" | "live"
  readonly isHead: boolean
  /** The id of the request, if the caller gave it a valid one. */
  readonly id: string | undefined
}

/** A request for health; `more` if more bytes decide; `other` for a request that the service reads. */
export type Reading = HealthRequest | "more" | "other"

export const read = (bytes: Buffer, routes: HealthRoutes): Reading => {
  const text = bytes.toString("latin1")
  if (!mayAsk(text, routes)) return "other"
  const end = text.indexOf("\r\n\r\n")
  if (end === -1) return bytes.length < maxBytes ? "more" : "other"
  // A second request behind the first one needs an answer, too.
  if (text.length > end + 4) return "other"
  const [first = "", ...lines] = text.slice(0, end).split("\r\n")
  const line = requestLine.exec(first)
  const route = line === null ? undefined : routeOf(line[2] ?? "", routes)
  if (line === null || route === undefined) return "other"
  const headers = headersOf(lines)
  if (headers === undefined || !isPlain(headers, line[3] ?? "", routes)) return "other"
  const id = headers.get("x-request-id")
  return { route, isHead: line[1] === "HEAD", id: id !== undefined && requestId.test(id) ? id : undefined }
}

// internal

const maxBytes = 16_384

const requestLine = /^(GET|HEAD) ([!-~]+) HTTP\/1\.([01])$/

const headerLine = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([ -~\t\x80-\xff]*?)[ \t]*$/

const requestId = /^[\x21-\x7e]{1,200}$/

/** True while the first bytes may become a request for health, so that other requests do not wait for their whole head. */
const mayAsk = (text: string, { checked, live }: HealthRoutes): boolean =>
  [...checked, live].some((path) =>
    ["GET ", "HEAD "].some((method) => {
      const begin = method + path
      return text.startsWith(begin.slice(0, text.length))
    })
  )

const routeOf = (target: string, { checked, live }: HealthRoutes): HealthRequest["route"] | undefined => {
  const [path = ""] = target.split("?", 1)
  if (target.includes("#")) return undefined
  return path === live ? "live" : checked.includes(path) ? "checked" : undefined
}

/** The headers by their names in lower case; none if a line is no header, or if a name is there twice. */
const headersOf = (lines: ReadonlyArray<string>): ReadonlyMap<string, string> | undefined => {
  const headers = new Map<string, string>()
  for (const line of lines) {
    const [, name, value] = headerLine.exec(line) ?? []
    if (name === undefined || value === undefined || headers.has(name.toLowerCase())) return undefined
    headers.set(name.toLowerCase(), value)
  }
  return headers
}

/** Headers that change the meaning of a request, or the host for which it is. */
const special = ["content-length", "transfer-encoding", "upgrade", "expect", "forwarded", "x-forwarded-host"]

const isPlain = (headers: ReadonlyMap<string, string>, minor: string, { loopbackOnly }: HealthRoutes): boolean => {
  const host = headers.get("host")
  if (special.some((name) => headers.has(name))) return false
  return host === undefined ? minor === "0" : !loopbackOnly || isLoopbackAuthority(host)
}
