/** A control server at a free port of this machine, and the deployer that asks it. */
import { createServer } from "node:http"
import { HttpServer } from "@effect/platform"
import { NodeHttpClient, NodeHttpServer } from "@effect/platform-node"
import { Effect, Layer, Redacted } from "effect"
import { Control, RemoteDeployer } from "effect-deployers/Control"

export const token = Redacted.make("a-token-of-these-tests")

const layerHttp = NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0 })

/** The address of the server of a layer. */
export const urlOf = Effect.map(HttpServer.HttpServer, ({ address }) =>
  address._tag === "TcpAddress" ? `http://127.0.0.1:${address.port}` : ""
)

/** The deployer of the context behind a control API, with its server. */
export const layerServer = Layer.provideMerge(Control.layer({ token }), layerHttp)

/** Replaces the deployer of the context by one that asks it over HTTP. */
export const layerRemote = Layer.unwrapEffect(
  Effect.map(urlOf, (url) => Layer.provide(RemoteDeployer.layer({ url, token }), NodeHttpClient.layerUndici))
).pipe(Layer.provide(layerServer))
