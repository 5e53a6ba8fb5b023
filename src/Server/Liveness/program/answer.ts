/** The answers to requests for health while the event loop is blocked. */
import { randomUUID } from "node:crypto"
import * as HealthReport from "../../Http/HealthReport.js"
import type { Condition } from "../../Run/Metrics/Report.js"
import type { HealthRoutes } from "../Messages.js"
import type { HealthRequest } from "./request.js"

/** The answer, as the text that goes over the connection. It is the last one there. */
export const make = (
  { id = randomUUID(), isHead, route }: HealthRequest,
  condition: Condition,
  blockedMillis: number,
  { headers }: HealthRoutes
): string => {
  const health =
    route === "live" ? { status: "live", blockedMillis, checks: [] } : HealthReport.blocked(condition, blockedMillis)
  const body = JSON.stringify(health)
  return [
    route === "live" ? "HTTP/1.1 200 OK" : "HTTP/1.1 503 Service Unavailable",
    headers,
    `content-length: ${Buffer.byteLength(body)}`,
    `x-request-id: ${id}`,
    `Date: ${new Date().toUTCString()}`,
    "Connection: close",
    "",
    isHead ? "" : body
  ].join("\r\n")
}

/** The answer to a connection that is one too many. */
export const tooMany = [
  "HTTP/1.1 503 Service Unavailable",
  "Retry-After: 1",
  "Content-Length: 0",
  "Connection: close",
  "",
  ""
].join("\r\n")
