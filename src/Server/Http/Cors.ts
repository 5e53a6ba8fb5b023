/** Cross-origin resource sharing: the answer to a preflight, and the headers that let pages of other origins read a response. */
import type { OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from "node:http"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import type * as Settings from "../../Settings/ResponseHeaders.js"
import * as Response from "../Run/Response.js"
import type { Line } from "./SecureHeaders.js"

/** The parts of a request that the rules read. */
export interface CorsRequest {
  readonly method?: string | undefined
  readonly headers: { readonly [name: string]: string | ReadonlyArray<string> | undefined }
}

/** The rules of a service. */
export interface Cors {
  /** The answer to a preflight; `undefined` for any other request. */
  readonly preflight: (request: CorsRequest) => Response.Response | undefined
  /** The headers of each response to a request; `vary` is one of them unless every page may read it. */
  readonly headersFor: (request: CorsRequest) => ReadonlyArray<Line>
}

/**
 * Makes the rules.
 *
 * **Details**
 *
 * A preflight is answered for every path and without a key, because a browser sends none with it. Pages of other origins
 * get the answer, too, without the headers that permit anything: the browser then refuses.
 */
export const make = (settings: Settings.Cors): Cors => {
  const { credentials, exposedHeaders, headers, maxAgeMillis, methods, origins } = settings
  const exposed: ReadonlyArray<Line> =
    exposedHeaders.length === 0 ? [] : [["access-control-expose-headers", exposedHeaders.join(", ")]]
  const shared: ReadonlyArray<Line> = [...(credentials ? [allowCredentials] : []), ...exposed]
  const known = new Map<string, ReadonlyArray<Line>>(
    origins.map((origin) => [origin, [varyOrigin, ["access-control-allow-origin", origin], ...shared]])
  )
  const open: ReadonlyArray<Line> = [["access-control-allow-origin", "*"], ...shared]
  const permitted = Response.empty(204, {
    "access-control-allow-methods": methods.join(", "),
    ...(headers.length === 0 ? {} : { "access-control-allow-headers": headers.join(", ") }),
    "access-control-max-age": String(Math.floor(maxAgeMillis / 1_000))
  })
  const isOpen = origins.includes("*")
  const refused = Response.empty(204)
  return {
    preflight: (request) => {
      if (request.method !== "OPTIONS") return undefined
      const { origin } = request.headers
      if (origin === undefined || request.headers["access-control-request-method"] === undefined) return undefined
      return isOpen || known.has(String(origin)) ? permitted : refused
    },
    headersFor: ({ headers: { origin } }) =>
      isOpen ? open : ((origin === undefined ? undefined : known.get(String(origin))) ?? onlyVary)
  }
}

/** Adds headers to a response of Node's, at the time at which something writes its head. */
export const attach = (response: ServerResponse, lines: ReadonlyArray<Line>): void => {
  const writeHead = response.writeHead.bind(response)
  response.writeHead = (status: number, first?: string | Given, second?: Given) =>
    writeHead(status, joined(typeof first === "string" ? second : first, lines, response))
}

/** A response of the platform with headers. */
export const add = (
  response: HttpServerResponse.HttpServerResponse,
  lines: ReadonlyArray<Line>
): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.setHeaders(
    response,
    lines.map(([name, value]) => [name, name === vary ? alsoVary(response.headers[vary], value) : value] as const)
  )

// internal

type Given = OutgoingHttpHeaders | Array<OutgoingHttpHeader>

const vary = "vary"
const varyOrigin: Line = [vary, "Origin"]
const allowCredentials: Line = ["access-control-allow-credentials", "true"]
const onlyVary: ReadonlyArray<Line> = [varyOrigin]

const joined = (given: Given | undefined, lines: ReadonlyArray<Line>, response: ServerResponse): Given => {
  if (Array.isArray(given)) return joinedList(given, lines)
  const own = given ?? {}
  const name = Object.keys(own).find((it) => it.toLowerCase() === vary) ?? vary
  const before = own[name] ?? response.getHeader(vary)
  return {
    ...own,
    ...Object.fromEntries(lines.map(([key, value]) => (key === vary ? [name, alsoVary(before, value)] : [key, value])))
  }
}

/** Names and values in turn. */
const joinedList = (
  given: ReadonlyArray<OutgoingHttpHeader>,
  lines: ReadonlyArray<Line>
): Array<OutgoingHttpHeader> => {
  const list = [...given]
  for (const [key, value] of lines) {
    const at = key === vary ? list.findIndex((it, index) => index % 2 === 0 && String(it).toLowerCase() === vary) : -1
    if (at === -1) list.push(key, value)
    else list[at + 1] = alsoVary(list[at + 1], value)
  }
  return list
}

const alsoVary = (before: OutgoingHttpHeader | undefined, value: string): string =>
  before === undefined || before === "" ? value : `${String(before)}, ${value}`
