/** The server of the page: the control API without keys, for the one browser that has the token. */
import { createServer } from "node:http"
import * as HttpServer from "@effect/platform/HttpServer"
import type { ServeError } from "@effect/platform/HttpServerError"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Keyless from "../Control/Keyless.js"
import type { Deployer } from "../Deployer.js"
import { ListenFailed } from "../Server/Http/NodeServer.js"
import * as Access from "./Access.js"
import * as Gate from "./Gate.js"
import * as Page from "./Page.js"

/** A server that listens. */
export interface Served {
  /** The address of the page, without the token. */
  readonly url: string
  /** The address with the token, which opens the page once. */
  readonly firstUrl: Redacted.Redacted
}

/** Serves the page at the loopback address until the scope closes, at a free port if none is given. */
export const serve = (options: {
  readonly port?: number | undefined
}): Effect.Effect<Served, ListenFailed, Deployer | Scope.Scope> =>
  Effect.gen(function* () {
    const access = yield* Access.make
    const page = yield* Page.make
    const gated = Layer.unwrapEffect(
      Effect.map(portOf, (port) => Layer.discard(Keyless.layer(Gate.make({ access, page, port }))))
    )
    const port = options.port ?? 0
    const server = createServer()
    const context = yield* Layer.build(
      Layer.provideMerge(
        gated,
        NodeHttpServer.layer(() => server, { host, port })
      )
    ).pipe(Effect.mapError((error) => new ListenFailed({ host, port, code: codeOf(error) })))
    // A browser asks again and again on its connections, so the server does not wait for their end.
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        server.close()
        server.closeAllConnections()
      })
    )
    const url = `http://${host}:${yield* Effect.provide(portOf, context)}${access.folder}/`
    return { url, firstUrl: Redacted.make(`${url}#token=${Redacted.value(access.token)}`) }
  })

// internal

const host = "127.0.0.1"

const portOf: Effect.Effect<number, never, HttpServer.HttpServer> = Effect.map(HttpServer.HttpServer, ({ address }) =>
  address._tag === "TcpAddress" ? address.port : 0
)

const codeOf = ({ cause }: ServeError): string =>
  Predicate.hasProperty(cause, "code") ? String(cause.code) : "it failed"
