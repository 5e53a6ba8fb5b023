/**
 * The first checks of every request: ambiguous headers, the route, the method and the key. They are plain functions on the
 * shape of Node's request, so that they cost next to nothing.
 */

import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import {
  Forbidden,
  InvalidRequest,
  MethodNotAllowed,
  NotFound,
  TooManyFailedKeys,
  Unauthorized
} from "../../Contract/Errors.js"
import { type CallerKey, permits } from "../../Contract/Keys.js"
import type { Manifest } from "../../Contract/Manifest.js"
import * as Routes from "../../Contract/Routes.js"
import * as ShareToken from "../../Contract/ShareToken.js"
import { isLoopback } from "../../Internal/Loopback.js"
import type { Serving } from "../../Settings/Serving.js"
import { Metrics } from "../Run/Metrics.js"
import * as Response from "../Run/Response.js"
import * as AllowedHosts from "./AllowedHosts.js"
import { Application } from "./Application.js"
import * as Cors from "./Cors.js"
import * as Forwarded from "./Forwarded.js"
import * as KeyBackoff from "./KeyBackoff.js"
import { KeyRing, type Service as Keys } from "./KeyRing.js"
import type { OwnEndpoint, OwnEndpoints } from "./OwnEndpoints.js"
import * as SocketKey from "./RunSocket/SocketKey.js"
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
  readonly socket?: Forwarded.ForwardedRequest["socket"]
  readonly rawHeaders: ReadonlyArray<string>
}

/** Passes a request to its route, or answers it. */
export type Verdict =
  | {
      readonly _tag: "Pass"
      readonly route: Routes.Route
      /** The key of the request; absent on routes without a key. */
      readonly caller?: CallerKey
    }
  | { readonly _tag: "Own"; readonly endpoint: OwnEndpoint; readonly caller?: CallerKey }
  | { readonly _tag: "Refuse"; readonly answer: Response.Response }

/**
 * Makes a guard. `hostProblem` refuses requests for other hosts: a service without a key that listens on loopback would
 * otherwise be open to every web page that points its own name to 127.0.0.1.
 */
export const make = (options: {
  readonly routes: ReadonlyArray<Routes.Route>
  readonly authorize: Authorize
  readonly hostProblem: HostProblem
  /** The answer to a preflight of a browser, which has no key; default: none is answered. */
  readonly preflight?: Cors.Cors["preflight"] | undefined
  /** The endpoints of the application; default none. */
  readonly own?: OwnEndpoints | undefined
}): ((request: GuardedRequest) => Verdict) => {
  const { own, preflight } = options
  const match = Routes.matcher(options.routes)
  const admitOwn = own === undefined ? undefined : ownAdmission(options.routes, own, options.authorize)
  const passes = new Map(options.routes.map((route) => [route, { _tag: "Pass", route } as const]))
  return (request) => {
    const problem = ambiguity(request)
    if (problem !== undefined) return invalid(problem)
    const url = request.url ?? "/"
    const query = url.indexOf("?")
    const path = query === -1 ? url : url.slice(0, query)
    const { method } = request
    const route = match(path, method)
    const fault = options.hostProblem(request, route)
    if (fault !== undefined) return invalid(fault)
    const permission = preflight?.(request)
    if (permission !== undefined) return { _tag: "Refuse", answer: permission }
    const admitted = admitOwn?.(request, path, route)
    if (admitted !== undefined) return admitted
    if (route === undefined) return refuse(notFound)
    if (!isKnown(method, route)) return refuse(methodNotAllowed(options.routes, route))
    const access = route.isPublic ? undefined : options.authorize(withKey(request, route), route)
    if (access !== undefined && "_tag" in access) return refuse(access)
    if (method === "OPTIONS")
      return { _tag: "Refuse", answer: Response.empty(204, { allow: allow(options.routes, route).join(", ") }) }
    return access === undefined
      ? (passes.get(route) ?? { _tag: "Pass", route })
      : { _tag: "Pass", route, caller: access }
  }
}

/** The endpoint that a request asks for: its scope, and its name and path unless it is one of the application. */
export type Asked = Pick<Routes.Route, "scope"> & Partial<Pick<Routes.Route, "name" | "path">>

/** The key of a request; `undefined` if the service asks for no key; or the refusal. */
export type Authorize = (
  request: GuardedRequest,
  route: Asked
) => CallerKey | undefined | Unauthorized | Forbidden | TooManyFailedKeys

/** The methods that the path of a route answers. */
export const allow = (routes: ReadonlyArray<Routes.Route>, route: Routes.Route): ReadonlyArray<string> => [
  ...Routes.methodsOf(routes, route).flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method])),
  "OPTIONS"
]

/** The guard of the service in its manifest. */
export const ofService: Effect.Effect<
  (request: GuardedRequest) => Verdict,
  never,
  Application | ServiceInfo | KeyRing | Metrics
> = Effect.gen(function* () {
  const { manifest } = yield* ServiceInfo
  const { endpoints: own } = yield* Application
  const { serving } = manifest
  const keys = yield* KeyRing
  return make({
    routes: own?.routes ?? Routes.make(serving),
    own,
    authorize: yield* authorizer(keys, serving),
    hostProblem: hostProblem(serving, isForThisMachine(manifest, keys)),
    preflight: serving.cors === undefined ? undefined : Cors.make(serving.cors).preflight
  })
})

/** True if a service without a key listens on loopback: without `allowedHosts` it has only names of this machine. */
export const isForThisMachine = ({ door, listen }: Manifest, { isRequired }: Pick<Keys, "isRequired">): boolean =>
  !isRequired && isLoopback((door ?? listen).host)

/** The refusal of a key without a scope. */
export const forbidden = (scope: Routes.Route["scope"]): Forbidden =>
  new Forbidden({
    message: `The key lacks the scope "${scope}". Use another key, or add one with \`deployers auth add NAME --scope ${scope}\`.`,
    scope
  })

/** The refusal of a request without a key, or with a wrong one. */
export const unauthorized = new Unauthorized({
  message: "This endpoint asks for a key; send it as `Authorization: Bearer KEY`."
})

// internal

const withKey = (request: GuardedRequest, { name }: Routes.Route): GuardedRequest =>
  name === "socket" ? SocketKey.keyed(request) : request

const isKnown = (method: string | undefined, route: Routes.Route): boolean =>
  method === route.method || method === "OPTIONS" || (method === "HEAD" && route.method === "GET")

/** A default endpoint with a path of its own answers before the application is asked; it replaces such an endpoint by its path. */
const ownAdmission =
  (routes: ReadonlyArray<Routes.Route>, own: OwnEndpoints, authorize: Authorize) =>
  (request: GuardedRequest, path: string, route: Routes.Route | undefined): Verdict | undefined => {
    const { method = "GET" } = request
    if (route !== undefined && isKnown(method, route) && !route.path.includes(":")) return undefined
    const endpoint = own.find(method, path)
    if (endpoint !== undefined) {
      const access = endpoint.isPublic ? undefined : authorize(request, askedOf(endpoint))
      if (access !== undefined && "_tag" in access) return refuse(access)
      return access === undefined ? { _tag: "Own", endpoint } : { _tag: "Own", endpoint, caller: access }
    }
    if (route !== undefined && isKnown(method, route)) return undefined
    const methods = [...(route === undefined ? [] : allow(routes, route)), ...own.methodsAt(path)]
    if (methods.length === 0) return undefined
    const allowed = [...new Set([...methods, "OPTIONS"])]
    return method === "OPTIONS"
      ? { _tag: "Refuse", answer: Response.empty(204, { allow: allowed.join(", ") }) }
      : refuse(notAllowed(allowed))
  }

/** A pipeline of a group is invoked as the pipeline of a service is. */
const askedOf = ({ part, scope }: OwnEndpoint): Asked =>
  part._tag === "Member" ? { scope, name: "invoke" } : { scope }

/** A time that no clock setting changes: an address waits as long as it should, also when the clock of the machine is set back. */
const elapsedMillis = (clock: Clock.Clock): number => Number(clock.unsafeCurrentTimeNanos() / 1_000_000n)

const authorizer = (keys: Keys, { trustedProxies }: Serving): Effect.Effect<Authorize, never, Metrics> =>
  Effect.gen(function* () {
    if (!keys.isRequired) return () => undefined
    const { keyRefused } = yield* Metrics
    const clock = yield* Clock.clockWith(Effect.succeed)
    const backoff = KeyBackoff.make()
    const read = Forwarded.reader(trustedProxies)
    const refused = (request: GuardedRequest): Unauthorized | TooManyFailedKeys => {
      if (request.headers.authorization === undefined) {
        keyRefused("missing")
        return unauthorized
      }
      keyRefused("wrong")
      const seconds = backoff.failed(read(request).address ?? "", elapsedMillis(clock))
      return seconds === 0 ? unauthorized : tooMany(seconds)
    }
    /** A link is looked for behind the keys, so that a caller with a key pays nothing for it. */
    const shared = (request: GuardedRequest, route: Asked) => {
      const link = keys.share(request.headers.authorization)
      if (link === undefined) return undefined
      if (!link.isExpired && ShareToken.permits(link.claims, route, pathOf(request))) {
        return ShareToken.callerOf(link.claims)
      }
      keyRefused(link.isExpired ? "wrong" : "scope")
      return link.isExpired ? linkExpired : notShared(route.scope)
    }
    return (request: GuardedRequest, route: Asked) => {
      const found = keys.find(request.headers.authorization)
      if (found === undefined) return shared(request, route) ?? refused(request)
      if (permits(found.key.scopes, route.scope)) return found.key
      keyRefused("scope")
      return forbidden(route.scope)
    }
  })

const pathOf = ({ url = "/" }: GuardedRequest): string => url.split("?", 1).join()

const linkExpired = new Unauthorized({
  message: "The share link has expired. Ask its sender for another one.",
  reason: "expired"
})

const notShared = (scope: Routes.Route["scope"]): Forbidden =>
  new Forbidden({
    message:
      "The share link does not permit this. `deployers share NAME --invoke` makes one that runs the pipeline, too.",
    scope
  })

const tooMany = (retryAfterSeconds: number): TooManyFailedKeys =>
  new TooManyFailedKeys({
    message: `Too many wrong keys came from this address. Wait ${retryAfterSeconds} s and send the key of the deployment.`,
    retryAfterSeconds
  })

const invalid = (message: string): Verdict => refuse(new InvalidRequest({ message, issues: [] }))

const refuse = (error: Response.WireError): Verdict => ({ _tag: "Refuse", answer: Response.ofError(error) })

const notFound = new NotFound({ message: "There is no such path on this service; its OpenAPI document lists them." })

const methodNotAllowed = (routes: ReadonlyArray<Routes.Route>, route: Routes.Route): MethodNotAllowed =>
  new MethodNotAllowed({
    message: `${route.path} does not answer this method; use ${Routes.methodsOf(routes, route).join(" or ")}.`,
    allow: allow(routes, route)
  })

const notAllowed = (allowed: ReadonlyArray<string>): MethodNotAllowed =>
  new MethodNotAllowed({
    message: `This path does not answer this method; use ${allowed.filter((it) => it !== "OPTIONS").join(", ")}.`,
    allow: allowed
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
  const coding = request.headers["transfer-encoding"]
  if (coding !== undefined && String(coding).toLowerCase() !== "chunked") return otherCoding
  return request.url?.startsWith("/") === false ? originForm(request) : undefined
}

/** Node's parser takes every list that ends in `chunked`, and leaves the other codings to the reader of the body. */
const otherCoding =
  'The service reads no transfer coding besides "chunked"; an encoding of the body is a Content-Encoding.'

const originForm = (request: GuardedRequest): string | undefined => {
  const absolute = /^https?:\/\/([^/?#]*)(\/[^#]*)?$/i.exec(request.url ?? "")
  if (absolute === null) return request.url === "*" ? undefined : "The request target is not a path."
  if (absolute[1] !== request.headers.host) return "The request target names another host than the Host header."
  request.url = absolute[2] ?? "/"
  return undefined
}

type HostProblem = (request: GuardedRequest, route: Routes.Route | undefined) => string | undefined

const hostProblem = ({ allowedHosts, trustedProxies }: Serving, loopbackOnly: boolean): HostProblem => {
  if (allowedHosts.length === 0 && !loopbackOnly) return () => undefined
  const check = AllowedHosts.make(allowedHosts, loopbackOnly)
  const read = Forwarded.reader(trustedProxies)
  return (request, route) => (allowedHosts.length > 0 && isHealth(route) ? undefined : check(read(request).host))
}

/** Probes of the deployer and of engines ask by any name, and health has no data. */
const isHealth = (route: Routes.Route | undefined): boolean =>
  route !== undefined && (route.name === "health" || route.name === "live" || route.name === "ready")
