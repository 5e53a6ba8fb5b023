/**
 * The first checks of every request: ambiguous headers, the route, the method and the key. They are plain functions on the
 * shape of Node's request, so that they cost next to nothing.
 */
import * as Effect from "effect/Effect"
import { InvalidRequest, MethodNotAllowed, NotFound, Unauthorized } from "../../Contract/Errors.js"
import * as Routes from "../../Contract/Routes.js"
import { isLoopback, isLoopbackAuthority } from "../../Internal/Loopback.js"
import * as Response from "../Run/Response.js"
import * as BearerAuth from "./BearerAuth.js"
import { ServiceInfo } from "./ServiceInfo.js"

/** The parts of a request that the guard reads. `rawHeaders` has names and values in turn, with duplicates. */
export interface GuardedRequest {
  readonly method?: string | undefined
  /** The request target; an absolute one is replaced by its path. */
  url?: string | undefined
  readonly headers: {
    readonly [name: string]: string | ReadonlyArray<string> | undefined
    readonly host?: string | undefined
    readonly authorization?: string | undefined
  }
  readonly rawHeaders: ReadonlyArray<string>
}

/** Passes a request to its route, or answers it. */
export type Verdict =
  | { readonly _tag: "Pass"; readonly route: Routes.Route }
  | { readonly _tag: "Refuse"; readonly answer: Response.Response }

/**
 * Makes a guard. `loopbackOnly` refuses requests whose `Host` is not this machine: a service without a key that listens on
 * loopback would otherwise be open to every web page that rebinds its own name to 127.0.0.1.
 */
export const make = (options: {
  readonly routes: ReadonlyArray<Routes.Route>
  readonly isAuthorized: BearerAuth.Auth
  readonly loopbackOnly: boolean
}): ((request: GuardedRequest) => Verdict) => {
  const match = Routes.matcher(options.routes)
  const passes = new Map(options.routes.map((route) => [route, { _tag: "Pass", route } as const]))
  return (request) => {
    const problem = ambiguity(request) ?? (options.loopbackOnly ? foreignHost(request) : undefined)
    if (problem !== undefined) return refuse(new InvalidRequest({ message: problem, issues: [] }))
    const url = request.url ?? "/"
    const query = url.indexOf("?")
    const path = query === -1 ? url : url.slice(0, query)
    const route = match(path)
    if (route === undefined) return refuse(notFound)
    const { method } = request
    const isKnown = method === route.method || method === "OPTIONS" || (method === "HEAD" && route.method === "GET")
    if (!isKnown) return refuse(methodNotAllowed(route))
    if (!route.isPublic && !options.isAuthorized(request.headers.authorization)) return refuse(unauthorized)
    if (method === "OPTIONS") return { _tag: "Refuse", answer: Response.empty(204, { allow: allow(route).join(", ") }) }
    return passes.get(route) ?? { _tag: "Pass", route }
  }
}

export const allow = (route: Routes.Route): ReadonlyArray<string> =>
  route.method === "GET" ? ["GET", "HEAD", "OPTIONS"] : ["POST", "OPTIONS"]

/** The guard of the service in its manifest. */
export const ofService: Effect.Effect<(request: GuardedRequest) => Verdict, never, ServiceInfo> = Effect.map(
  ServiceInfo,
  ({ manifest: { authKeyDigests, listen, serving } }) =>
    make({
      routes: Routes.make(serving),
      isAuthorized: BearerAuth.make(authKeyDigests),
      loopbackOnly: authKeyDigests.length === 0 && isLoopback(listen.host)
    })
)

// internal

const unauthorized = new Unauthorized({
  message: "This endpoint asks for a key; send it as `Authorization: Bearer KEY`."
})

const refuse = (error: Response.WireError): Verdict => ({ _tag: "Refuse", answer: Response.ofError(error) })

const notFound = new NotFound({ message: "There is no such path on this service; its OpenAPI document lists them." })

const methodNotAllowed = (route: Routes.Route): MethodNotAllowed =>
  new MethodNotAllowed({
    message: `${route.path} does not answer this method; use ${route.method}.`,
    allow: allow(route)
  })

const single = ["host", "authorization", "content-type", "content-encoding"]
const singleLengths = new Set(single.map((name) => name.length))

const ambiguity = (request: GuardedRequest): string | undefined => {
  const raw = request.rawHeaders
  let seen = 0
  for (let i = 0; i < raw.length; i += 2) {
    const given = raw[i] ?? ""
    if (!singleLengths.has(given.length)) continue
    const name = given.toLowerCase()
    const bit = 1 << (single.indexOf(name) + 1)
    if (bit > 1 && (seen & bit) !== 0) return `The header "${name}" may be sent only once.`
    seen |= bit
  }
  return request.url?.startsWith("/") === false ? originForm(request) : undefined
}

const originForm = (request: GuardedRequest): string | undefined => {
  const absolute = /^https?:\/\/([^/?#]*)(\/[^#]*)?$/i.exec(request.url ?? "")
  if (absolute === null) return request.url === "*" ? undefined : "The request target is not a path."
  if (absolute[1] !== request.headers.host) return "The request target names another host than the Host header."
  request.url = absolute[2] ?? "/"
  return undefined
}

const foreignHost = (request: GuardedRequest): string | undefined =>
  request.headers.host === undefined || isLoopbackAuthority(request.headers.host)
    ? undefined
    : "This service has no key and answers only requests to localhost; the Host header names another host."
