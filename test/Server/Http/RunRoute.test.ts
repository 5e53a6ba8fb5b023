import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { assert, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import * as RunRoute from "../../../src/Server/Http/RunRoute.js"
import { RunQueries } from "../../../src/Server/Run/Records/RunQueries.js"
import { Serving } from "../../../src/Settings/Serving.js"
import * as Ids from "../../../src/Store/Ids.js"

const id = "01900000-0000-7000-8000-000000000001"

it.scopedLive("a read that dies is answered, and the log has its reason", () =>
  Effect.gen(function* () {
    const handle = yield* RunRoute.make(yield* Schema.decode(Serving)({}), (_, response) => void response.end())
    const server = yield* Effect.acquireRelease(
      Effect.async<ReturnType<typeof createServer>>((resume) => {
        const server = createServer((request, response) => handle(request, response)).listen(0, "127.0.0.1", () =>
          resume(Effect.succeed(server))
        )
      }),
      (server) => Effect.sync(() => server.close())
    )
    const { port } = server.address() as AddressInfo
    const response = yield* Effect.promise(() => fetch(`http://127.0.0.1:${port}/runs/${id}`))
    const body = yield* Effect.promise(() => response.json())
    assert.strictEqual(response.status, 500)
    assert.deepInclude(body, { _tag: "InternalError", runId: id })
  }).pipe(
    Effect.provideService(RunQueries, RunQueries.of({ find: () => Effect.die("broken") } as never)),
    Effect.provide(Ids.layerTest)
  )
)
