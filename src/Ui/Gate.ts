/**
 * The gate before the control API: it serves the page, exchanges the token, and passes requests of the session on. A request
 * with another host in it, such as one by a name that leads to this machine, is refused, and so is one of another origin.
 */
import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpIncomingMessage from "@effect/platform/HttpIncomingMessage"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { Page } from "../Server/Pages/Script.js"
import type { Access } from "./Access.js"
import { withMessage } from "./Messages.js"

/** The parts behind a gate. */
export interface Options {
  readonly access: Access
  /** The port of the server. */
  readonly port: number
  readonly page: Page
}

/** The name of the session's cookie. */
export const cookieName = "deployers-ui"

/** Puts the gate before an app that serves paths from `/api/`. */
export const make =
  (options: Options) =>
  <R>(app: HttpApp.Default<never, R>): HttpApp.Default<never, R | HttpServerRequest.HttpServerRequest> => {
    const hosts = hostsOf(options.port)
    return Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
      hosts.has(request.headers["host"] ?? "")
        ? route(options, app, request)
        : Effect.succeed(
            refuse(403, "This server answers at the address that `deployers ui` printed, and at no other name.")
          )
    ).pipe(
      HttpIncomingMessage.withMaxBodySize(Option.some(mostBytes)),
      Effect.map(HttpServerResponse.setHeaders(careful))
    )
  }

// internal

const mostBytes = 64 * 1024

/** The names of this machine's loopback address that people use. */
const hostsOf = (port: number): ReadonlySet<string> =>
  new Set(["127.0.0.1", "localhost"].map((name) => new URL(`http://${name}:${port}`).host))

const careful = {
  "cache-control": "no-store",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY"
}

const route = <R>(
  { access, page }: Options,
  app: HttpApp.Default<never, R>,
  request: HttpServerRequest.HttpServerRequest
): HttpApp.Default<never, R | HttpServerRequest.HttpServerRequest> => {
  const path = request.url.replace(/\?.*$/s, "")
  if (!path.startsWith(`${access.folder}/`)) return Effect.succeed(missing)
  const inside = path.slice(access.folder.length)
  const isPage = inside === "/" && (request.method === "GET" || request.method === "HEAD")
  if (isPage) return Effect.orElseSucceed(page(request), () => missing)
  if (isForeign(request)) return Effect.succeed(refuse(403, "This request comes from another origin."))
  if (inside === "/session" && request.method === "POST") return exchange(access)
  if (!inside.startsWith("/api/")) return Effect.succeed(missing)
  if (!access.isSession(request.cookies[cookieName])) return Effect.succeed(refuse(401, noSession))
  const url = request.url.slice(access.folder.length)
  return Effect.provideService(app, HttpServerRequest.HttpServerRequest, request.modify({ url })).pipe(
    Effect.map(withMessage)
  )
}

const noSession = "There is no session. Run `deployers ui` again and open the address that it prints."

/**
 * True for a request that another page, or another port of this machine, may have sent. Browsers name the origin of each
 * request that can change something.
 */
const isForeign = ({ headers, method }: HttpServerRequest.HttpServerRequest): boolean => {
  const site = headers["sec-fetch-site"]
  const origin = headers["origin"]
  if (site !== undefined && site !== "same-origin") return true
  return origin === undefined ? method !== "GET" && method !== "HEAD" : origin !== `http://${headers["host"]}`
}

const exchange = (access: Access) =>
  HttpServerRequest.schemaBodyJson(Schema.Struct({ token: Schema.String })).pipe(
    Effect.flatMap(({ token }) => access.exchange(token)),
    Effect.orElseSucceed(() => Option.none<Redacted.Redacted>()),
    Effect.map(
      Option.match({
        onNone: () =>
          refuse(403, "This address was used before, or is not complete. Run `deployers ui` again for a new one."),
        onSome: (session) =>
          HttpServerResponse.empty().pipe(
            HttpServerResponse.unsafeSetCookie(cookieName, Redacted.value(session), {
              path: `${access.folder}/`,
              httpOnly: true,
              sameSite: "strict"
            })
          )
      })
    )
  )

const refuse = (status: number, message: string): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.unsafeJson({ message }, { status })

const missing = refuse(404, "There is nothing here. Open the address that `deployers ui` printed.")
