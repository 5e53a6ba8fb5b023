import { createServer, type ServerResponse } from "node:http"
import { FetchHttpClient } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Layer, Redacted, Schema, TestClock } from "effect"
import { Client, Pipeline } from "effect-deployers"

const weather = Pipeline.make("weather", {
  input: Schema.Struct({}),
  output: Schema.Struct({ celsius: Schema.Number }),
  run: () => Effect.succeed({ celsius: 1 })
})

type Behaviour = (response: ServerResponse, authorization: string) => void

const json =
  (status: number, body: unknown): Behaviour =>
  (response) =>
    void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body))

const success = json(200, {
  success: true,
  outputs: { celsius: 4 },
  executionTimeMillis: 1,
  metadata: {
    deploymentId: "d",
    deploymentName: "weather",
    snapshotId: "s",
    snapshotName: "weather@1",
    pipelineName: "weather",
    runId: "r",
    runIndex: 1,
    runName: "weather-1",
    parametersUsed: {}
  }
})

const unavailable = (reason: string) =>
  json(503, { _tag: "ServiceUnavailable", message: "m", reason, retryAfterSeconds: 1 })

/** Takes the request and breaks the connection off. */
const reset: Behaviour = (response) => void response.socket?.resetAndDestroy()

/** A server on a port of its own; counts what it was asked. */
const serve = (behaviour: Behaviour) =>
  Effect.acquireRelease(
    Effect.async<{ readonly url: string; readonly asked: () => number; readonly close: () => void }>((resume) => {
      let asked = 0
      const server = createServer((request, response) => {
        asked++
        request.resume().once("end", () => behaviour(response, request.headers.authorization ?? ""))
      })
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        const port = typeof address === "object" && address !== null ? address.port : 0
        const close = () => {
          server.closeAllConnections()
          server.close()
        }
        resume(Effect.succeed({ url: `http://127.0.0.1:${port}`, asked: () => asked, close }))
      })
    }),
    ({ close }) => Effect.sync(close)
  )

const nowhere = Effect.map(Effect.scoped(serve(success)), ({ url }) => url)

/** A registry that leads to one URL after the other, and to the last from then on. */
const leading = (...ways: ReadonlyArray<string | Client.Direct>) => {
  let looked = 0
  const layer = Layer.merge(
    FetchHttpClient.layer,
    Layer.succeed(Client.Endpoints, {
      resolve: (name) => {
        const way = ways[Math.min(looked++, ways.length - 1)] ?? ""
        return Client.direct({ name, ...(typeof way === "string" ? { url: way } : way) })
      }
    })
  )
  return { layer, looked: () => looked }
}

const invoke = Client.make(weather, "weather").invoke({})

describe("Calling a deployment by name while it is replaced", () => {
  const notTaken: ReadonlyArray<readonly [string, Behaviour | "gone"]> = [
    ["is gone", "gone"],
    ["is draining", unavailable("draining")],
    ["is starting", unavailable("starting")]
  ]
  for (const [what, behaviour] of notTaken) {
    it.scopedLive(`repeats the request at the new URL in the registry if the old service ${what}`, () =>
      Effect.gen(function* () {
        const old = behaviour === "gone" ? yield* nowhere : (yield* serve(behaviour)).url
        const current = yield* serve(success)
        const registry = leading(old, old, current.url)
        assert.deepStrictEqual(yield* Effect.provide(invoke, registry.layer), { celsius: 4 })
        assert.deepStrictEqual([registry.looked(), current.asked()], [3, 1])
      })
    )
  }

  const perhapsRun: ReadonlyArray<readonly [string, Behaviour, string]> = [
    ["broke the connection", reset, "DeploymentHttpError"],
    ["could not record the run", unavailable("store"), "ServiceUnavailable"],
    [
      "stopped during the answer",
      json(503, { _tag: "RunInterrupted", message: "m", runId: "r", reason: "shutdown" }),
      "RunInterrupted"
    ],
    ["answered with another document", json(200, "?"), "DeploymentHttpError"]
  ]
  for (const [what, behaviour, tag] of perhapsRun) {
    it.scopedLive(`does not repeat a request that may have started a run: the service ${what}`, () =>
      Effect.gen(function* () {
        const old = yield* serve(behaviour)
        const current = yield* serve(success)
        const error = yield* Effect.flip(Effect.provide(invoke, leading(old.url, current.url).layer))
        assert.strictEqual(error._tag, tag)
        assert.deepStrictEqual([old.asked(), current.asked()], [1, 0])
      })
    )
  }

  it.scopedLive(
    "F45: repeats a request with an idempotency key after a broken connection: the pipeline runs once",
    () =>
      Effect.gen(function* () {
        const old = yield* serve(reset)
        const current = yield* serve(success)
        const client = Client.make(weather, "weather")
        const keyed = client.invoke({}, { idempotencyKey: "k" })
        assert.deepStrictEqual(yield* Effect.provide(keyed, leading(old.url, current.url).layer), { celsius: 4 })
        assert.deepStrictEqual([old.asked(), current.asked()], [1, 1])
      })
  )

  it.scopedLive("repeats a question after a broken connection: it starts no run", () =>
    Effect.gen(function* () {
      const old = yield* serve(reset)
      const current = yield* serve(json(200, { status: "ready" }))
      const health = yield* Effect.provide(Client.health("weather"), leading(old.url, current.url).layer)
      assert.strictEqual(health.status, "ready")
    })
  )

  it.scopedLive("uses the new key if the old one was replaced during the call, and else fails", () =>
    Effect.gen(function* () {
      const refused = json(401, { _tag: "Unauthorized", message: "m" })
      const { asked, url } = yield* serve((response, authorization) =>
        (authorization === "Bearer new-key" ? success : refused)(response, authorization)
      )
      const withKey = (key: string) => ({ url, authKey: Redacted.make(key), proof: "none" as const })
      const rotated = leading(withKey("old-key"), withKey("new-key"))
      assert.deepStrictEqual(yield* Effect.provide(invoke, rotated.layer), { celsius: 4 })
      const error = yield* Effect.flip(Effect.provide(invoke, leading(withKey("wrong-key")).layer))
      assert.strictEqual(error._tag, "Unauthorized")
      assert.strictEqual(asked(), 3)
    })
  )

  it.effect("fails after two seconds", () =>
    Effect.gen(function* () {
      const { layer } = leading(yield* nowhere)
      const calling = yield* Effect.fork(Effect.flip(Effect.provide(invoke, layer)))
      const moving = yield* Effect.fork(
        Effect.forever(
          Effect.zipRight(
            TestClock.adjust("50 millis"),
            Effect.promise(() => new Promise(setImmediate))
          )
        )
      )
      const error = yield* Fiber.join(calling)
      yield* Fiber.interrupt(moving)
      assert.include(error.message, "no process listens there")
      assert.isBelow(yield* Clock.currentTimeMillis, 10_000)
    })
  )

  it.scopedLive("sends one request to a deployment given by URL", () =>
    Effect.gen(function* () {
      const { asked, url } = yield* serve(unavailable("draining"))
      const error = yield* Effect.flip(Client.make(weather, { url }).invoke({}))
      assert.deepStrictEqual([error._tag, asked()], ["ServiceUnavailable", 1])
    }).pipe(Effect.provide(FetchHttpClient.layer))
  )
})
