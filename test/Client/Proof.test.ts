import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { FetchHttpClient } from "@effect/platform"
import { assert, describe, it, layer } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { Client } from "effect-deployers"
import { Serve } from "effect-deployers/Server"
import { Runs } from "effect-deployers/Store"
import { weather } from "../Server/Pipelines.js"

const key = "a-long-random-key-of-the-service"
const parameters = { city: "Oslo" }

/** A process that listens on a port of its own, and remembers everything that it was sent. */
const impostor = (answer: (request: IncomingMessage, response: ServerResponse) => void) =>
  Effect.acquireRelease(
    Effect.async<{
      readonly url: string
      readonly seen: Array<string>
      readonly server: ReturnType<typeof createServer>
    }>((resume) => {
      const seen: Array<string> = []
      const server = createServer((request, response) => {
        let body = ""
        request.setEncoding("utf8").on("data", (chunk: string) => {
          body += chunk
        })
        request.on("end", () => {
          seen.push(`${request.method} ${request.url} ${JSON.stringify(request.rawHeaders)} ${body}`)
          answer(request, response)
        })
      })
      server.listen(0, "127.0.0.1", () => {
        const { port } = server.address() as AddressInfo
        resume(Effect.succeed({ url: `http://127.0.0.1:${port}`, seen, server }))
      })
    }),
    ({ server }) =>
      Effect.async<void>((resume) => {
        server.closeAllConnections()
        server.close(() => resume(Effect.void))
      })
  )

const json = (response: ServerResponse, status: number, body: unknown) =>
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body))

/** Passes every request on to the service, byte for byte. */
const relay = (to: string) => (request: IncomingMessage, response: ServerResponse) => {
  fetch(`${to}${request.url}`).then(async (answered) => json(response, answered.status, await answered.json()))
}

const success = (response: ServerResponse) =>
  json(response, 200, {
    success: true,
    outputs: { celsius: 99 },
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

const keyed = (url: string, given = key) => ({ url, authKey: Redacted.make(given) })

const served = Layer.provideMerge(
  Serve.layerTest(weather, { key, serving: { allowedHosts: ["door.example"] } }),
  Runs.layerMemory
)

describe("G18: a key goes only to the service it belongs to", () => {
  layer(Layer.mergeAll(served, FetchHttpClient.layer), { excludeTestServices: true })((it) => {
    it.effect("a service proves itself, and its client invokes it, reads it, and follows it", () =>
      Effect.gen(function* () {
        const { url } = yield* Serve.Served
        yield* Client.invoke(keyed(url), parameters)
        assert.isNotEmpty((yield* Client.runs(keyed(url))).runs)
      })
    )

    it.scoped("a process that relays the question elsewhere gets no proof, and so no key", () =>
      Effect.gen(function* () {
        const { url } = yield* Serve.Served
        const between = yield* impostor(relay(url))
        const error = yield* Effect.flip(Client.invoke(keyed(between.url), parameters))
        assert.strictEqual(error._tag, "ServiceNotProven")
        assert.lengthOf(between.seen, 1)
        assert.notInclude(between.seen.join(), key)
        assert.notInclude(between.seen.join(), "Oslo")
      })
    )

    it.effect("a service does not sign for the authority of another one, but for the names of its proxy", () =>
      Effect.gen(function* () {
        const { port, url } = yield* Serve.Served
        const ask = (authority: string, nonce = "n".repeat(43)) =>
          Effect.promise(async () => {
            const response = await fetch(`${url}/proof?${new URLSearchParams({ nonce, authority })}`)
            return response.status
          })
        assert.deepStrictEqual(
          yield* Effect.all([
            ask(`127.0.0.1:${port}`),
            ask(`localhost:${port}`),
            ask(`[::1]:${port}`),
            ask("door.example:443"),
            ask(`127.0.0.1:${port + 1}`),
            ask("localhost"),
            ask(`evil.example:${port}`),
            ask(`127.0.0.1:${port}`, "short"),
            ask("")
          ]),
          [200, 200, 200, 200, 400, 400, 400, 400, 400]
        )
      })
    )

    it.effect("a wrong key is not sent: the service proves the key that it knows", () =>
      Effect.gen(function* () {
        const { url } = yield* Serve.Served
        const error = yield* Effect.flip(Client.invoke(keyed(url, "another-key-of-someone"), parameters))
        assert.strictEqual(error._tag, "ServiceNotProven")
        assert.notInclude(error.message, "another-key-of-someone")
      })
    )
  })

  it.scopedLive("an impostor gets neither key nor parameters, and its answer is not believed", () =>
    Effect.gen(function* () {
      const guesses: ReadonlyArray<(response: ServerResponse) => void> = [
        success,
        (response) => json(response, 200, { deploymentId: "d", proofs: [] }),
        (response) => json(response, 200, { deploymentId: "d", proofs: ["0".repeat(64), ""] }),
        (response) => json(response, 404, { _tag: "NotFound", message: "m" })
      ]
      for (const guess of guesses) {
        const { seen, url } = yield* impostor((_, response) => guess(response))
        assert.strictEqual((yield* Effect.flip(Client.invoke(keyed(url), parameters)))._tag, "ServiceNotProven")
        assert.strictEqual((yield* Effect.flip(Client.runs(keyed(url))))._tag, "ServiceNotProven")
        assert.strictEqual((yield* Effect.flip(Client.health(keyed(url))))._tag, "ServiceNotProven")
        assert.notInclude(seen.join(), key)
        assert.notInclude(seen.join(), "Oslo")
      }
    }).pipe(Effect.provide(FetchHttpClient.layer))
  )

  it.scopedLive("an impostor that takes the port of a proven service gets no key at the next call", () =>
    Effect.gen(function* () {
      const port = yield* Effect.scoped(
        Effect.gen(function* () {
          const { port, url } = yield* Serve.Served
          yield* Client.invoke(keyed(url), parameters)
          return port
        }).pipe(Effect.provide(FetchHttpClient.layer), Effect.provide(served))
      )
      const ref = keyed(`http://127.0.0.1:${port}`)
      assert.strictEqual((yield* Effect.flip(Client.invoke(ref, parameters)))._tag, "DeploymentHttpError")
      const { seen, server } = yield* impostor((_, response) => success(response))
      server.closeAllConnections()
      yield* Effect.async<void>((resume) => {
        server.close(() => server.listen(port, "127.0.0.1", () => resume(Effect.void)))
      })
      assert.strictEqual((yield* Effect.flip(Client.invoke(ref, parameters)))._tag, "ServiceNotProven")
      assert.notInclude(seen.join(), key)
    }).pipe(Effect.provide(FetchHttpClient.layer))
  )

  it.scopedLive("a caller may send its key to a foreign gateway without a proof", () =>
    Effect.gen(function* () {
      const { seen, url } = yield* impostor((_, response) => success(response))
      yield* Client.invoke({ ...keyed(url), proof: "none" }, parameters)
      assert.include(seen.join(), key)
    }).pipe(Effect.provide(FetchHttpClient.layer))
  )
})
