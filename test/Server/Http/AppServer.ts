/** A pipeline as an app in a server of the platform, with the identity that the suites expect. */
import { createServer } from "node:http"
import { FetchHttpClient, HttpClient, HttpClientRequest } from "@effect/platform"
import { NodeHttpServer } from "@effect/platform-node"
import { Effect, Exit, Layer, Redacted, Scope } from "effect"
import type { Pipeline } from "effect-deployers"
import { Serve, Server } from "effect-deployers/Server"
import type { RunStore } from "../../../src/Store/RunStore.js"
import type { Options } from "../Harness.js"

const host = "127.0.0.1"

export const settingsOf = ({ key, serving }: Options): Server.ServerSettings => ({
  name: "test",
  host,
  deploymentId: "00000000-0000-7000-8000-00000000d000",
  snapshotId: "00000000-0000-7000-8000-00000000e000",
  serving,
  authKeys: key === undefined ? [] : [Redacted.make(key)]
})

/** A served pipeline that still needs a store. */
export type Serving = Layer.Layer<
  Serve.Served | HttpClient.HttpClient,
  Server.BuildError | Serve.ListenFailed,
  RunStore
>

export const layer = (pipeline: Pipeline.Any, options: Options): Serving => {
  const served = Layer.scoped(
    Serve.Served,
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      yield* Effect.addFinalizer((exit) => Scope.close(scope, exit))
      const app = yield* Scope.extend(Server.httpApp(pipeline, settingsOf(options)), scope)
      const server = yield* Effect.orDie(NodeHttpServer.make(() => createServer(), { host, port: 0 }))
      yield* server.serve(app)
      const port = server.address._tag === "TcpAddress" ? server.address.port : 0
      return { url: `http://${host}:${port}`, host, port, warmUp: Effect.void, drain: Scope.close(scope, Exit.void) }
    })
  )
  const client = Layer.effect(
    HttpClient.HttpClient,
    Effect.zipWith(Serve.Served, HttpClient.HttpClient, ({ url }, plain) =>
      HttpClient.mapRequest(plain, (request) =>
        HttpClientRequest.prependUrl(
          options.key === undefined ? request : HttpClientRequest.bearerToken(request, options.key),
          url
        )
      )
    )
  )
  return Layer.provideMerge(Layer.provide(client, FetchHttpClient.layer), served)
}
