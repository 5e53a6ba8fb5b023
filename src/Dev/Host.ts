/** A server whose handler changes with each version. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import type * as HttpServer from "../Server/Http/HttpServer.js"
import * as NodeServer from "../Server/Http/NodeServer.js"
import * as ResponseHeaders from "../Server/Http/ResponseHeaders.js"
import * as Serve from "../Server/Process/Serve.js"
import { Event } from "./Event.js"

export interface Host {
  readonly server: NodeServer.NodeServer
  readonly url: string
  readonly host: string
  readonly port: number
  /** Lets a handler respond to all requests from now on. */
  readonly show: (handler: HttpServer.Handler) => Effect.Effect<void>
}

/** Listens on loopback until the scope closes. Another port is used when the asked one is the default and taken. */
export const make = (
  address: { readonly port: number; readonly fallback: boolean },
  report: (event: Event) => Effect.Effect<void>
): Effect.Effect<Host, NodeServer.ListenFailed, Scope.Scope> =>
  Effect.gen(function* () {
    const runtime = yield* Effect.runtime<never>()
    const clock = yield* Effect.clock
    const state: { handler: HttpServer.Handler } = { handler: failing("The pipeline is loaded for the first time.") }
    const handler: HttpServer.Handler = (request, response) => {
      const begun = clock.unsafeCurrentTimeMillis()
      const { method = "GET", url: path = "/" } = request
      response.once("close", () => {
        if (method === "GET" && response.statusCode < 400) return
        const millis = clock.unsafeCurrentTimeMillis() - begun
        Runtime.runFork(runtime)(report(Event.Responded({ method, path, status: response.statusCode, millis })))
      })
      state.handler(request, response)
    }
    const server = yield* NodeServer.listen(handler, { host: "127.0.0.1", ...address })
    const { host, port } = server
    return {
      server,
      host,
      port,
      url: Serve.urlOf({ host, port }),
      show: (next) =>
        Effect.sync(() => {
          state.handler = next
        })
    }
  })

/** Responds with a failure: a page for browsers, which loads itself again, and JSON for other callers. */
export const failing =
  (message: string): HttpServer.Handler =>
  ({ headers }, response) => {
    const isPage = headers.accept?.includes("text/html") === true
    response.writeHead(503, {
      "Content-Type": isPage ? "text/html; charset=utf-8" : "application/json",
      "Retry-After": "1",
      ...Object.fromEntries(ResponseHeaders.usual)
    })
    response.end(isPage ? page(message) : JSON.stringify({ _tag: "ServiceUnavailable", message }))
  }

/** The time since an earlier one, in milliseconds. */
export const since = (begun: number): Effect.Effect<number> => Effect.map(Clock.currentTimeMillis, (now) => now - begun)

// internal

const page = (message: string): string =>
  `<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="1"><title>not served</title><pre>${escape(message)}</pre>\n`

const escape = (text: string): string => text.replace(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`)
