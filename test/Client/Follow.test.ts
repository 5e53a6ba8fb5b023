// Following runs, and running without waiting, against services that break off, stop or are gone.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { FetchHttpClient } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Chunk, Effect, Layer, Redacted, Stream } from "effect"
import { Client } from "effect-deployers"

const runId = "019ab000-0000-7000-8000-000000000001"
const at = "2026-01-01T00:00:00.000Z"

const frames: ReadonlyArray<string> = [
  ["run_started", { runId, runIndex: 1, runName: "weather-1", parameters: {}, startedAt: at }],
  ["step_started", { step: "forecast", startedAt: at }],
  ["message", { progress: 0.5 }],
  ["run_finished", { runId, status: "succeeded", finishedAt: at, executionTimeMillis: 3, outputs: { celsius: 4 } }]
].map(([event, data], index) => `id: ${index + 1}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`)

const shutdown = `event: shutdown\ndata: ${JSON.stringify({ message: "m" })}\n\n`

/** Sends the events between two positions, independent of the request, and then ends, breaks the connection or sends a text. */
const sends =
  (from: number, to: number, then: "end" | "reset" | string = "end") =>
  (response: ServerResponse) => {
    response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" }).write("retry: 1000\n\n:\n\n")
    response.write(`event: of_tomorrow\ndata: {}\n\n${frames.slice(from - 1, to).join("")}`, () => {
      if (then === "reset") setImmediate(() => response.socket?.resetAndDestroy())
      else response.end(then === "end" ? "" : then)
    })
  }

const answers =
  (status: number, body: unknown) =>
  (response: ServerResponse): void =>
    void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body))

type Behaviour = (response: ServerResponse, request: IncomingMessage) => void

interface Asked {
  readonly path: string
  readonly after: string | undefined
  readonly headers: IncomingMessage["headers"]
  readonly body: string
}

/** Behaves in one way after the other, and in the last from then on. */
const serve = (...behaviours: ReadonlyArray<Behaviour>) =>
  Effect.acquireRelease(
    Effect.async<{ readonly url: string; readonly asked: ReadonlyArray<Asked>; readonly close: () => void }>(
      (resume) => {
        const asked: Array<Asked> = []
        const server = createServer((request, response) => {
          let body = ""
          request.setEncoding("utf8").on("data", (text) => {
            body += text
          })
          request.once("end", () => {
            const { headers, method, url } = request
            const behaviour = behaviours[Math.min(asked.length, behaviours.length - 1)]
            asked.push({ path: `${method} ${url}`, after: String(headers["last-event-id"]), headers, body })
            behaviour?.(response, request)
          })
        })
        server.listen(0, "127.0.0.1", () => {
          const address = server.address()
          const port = typeof address === "object" && address !== null ? address.port : 0
          const close = () => {
            server.closeAllConnections()
            server.close()
          }
          resume(Effect.succeed({ url: `http://127.0.0.1:${port}`, asked, close }))
        })
      }
    ),
    ({ close }) => Effect.sync(close)
  )

/** A registry that leads to one URL after the other, and to the last from then on. */
const leading = (...urls: ReadonlyArray<string>) => {
  let looked = 0
  return Layer.merge(
    FetchHttpClient.layer,
    Layer.succeed(Client.Endpoints, {
      resolve: (name) => Client.direct({ name, url: urls[Math.min(looked++, urls.length - 1)] ?? "" })
    })
  )
}

const positions = (events: Chunk.Chunk<Client.RunEvent>) => Chunk.toReadonlyArray(events).map((it) => it.sequence)

const followed = Effect.map(Stream.runCollect(Client.events("weather", runId)), positions)

describe("Client.events", () => {
  it.scopedLive("decodes events, skips unknown kinds, and ends with the run", () =>
    Effect.gen(function* () {
      const { asked, url } = yield* serve(sends(1, 4))
      const serving = { apiUrlPath: "/api", runsUrlPath: "/r/" }
      const ref = { url, authKey: Redacted.make("a-key"), serving, proof: "none" as const }
      const events = yield* Stream.runCollect(Client.events(ref, runId))
      assert.deepStrictEqual(positions(events), [1, 2, 3, 4])
      const last = Chunk.unsafeLast(events)
      assert.strictEqual(last.event === "run_finished" && last.data.status, "succeeded")
      assert.strictEqual(asked[0]?.path, `GET /api/r/${runId}/events`)
      assert.strictEqual(asked[0]?.headers.authorization, "Bearer a-key")
      assert.strictEqual(asked[0]?.headers.accept, "text/event-stream")
    }).pipe(Effect.provide(FetchHttpClient.layer))
  )

  const breaks: ReadonlyArray<readonly [string, Behaviour, Behaviour]> = [
    ["breaks", sends(1, 2, "reset"), sends(3, 4)],
    ["ends too early", sends(1, 2), sends(3, 4)],
    ["ends with shutdown", sends(1, 2, shutdown), sends(3, 4)],
    ["receives known events again", sends(1, 2), sends(1, 4)]
  ]
  for (const [what, first, second] of breaks) {
    it.scopedLive(`F18: continues after the last event at the new URL in the registry if the connection ${what}`, () =>
      Effect.gen(function* () {
        const old = yield* serve(first)
        const current = yield* serve(second)
        assert.deepStrictEqual(yield* Effect.provide(followed, leading(old.url, current.url)), [1, 2, 3, 4])
        assert.deepStrictEqual([old.asked[0]?.after, current.asked[0]?.after], ["0", "2"])
      })
    )
  }

  it.scopedLive("continues with a service given by URL after a first connection", () =>
    Effect.gen(function* () {
      const { asked, url } = yield* serve(sends(1, 1, "reset"), sends(2, 2, "reset"), sends(3, 4))
      const events = yield* Stream.runCollect(Client.events({ url }, runId, { after: 0 }))
      assert.deepStrictEqual(positions(events), [1, 2, 3, 4])
      assert.deepStrictEqual(
        asked.map(({ after }) => after),
        ["0", "1", "2"]
      )
    }).pipe(Effect.provide(FetchHttpClient.layer))
  )

  it.scopedLive("fails after two seconds without a connection", () =>
    Effect.gen(function* () {
      const { asked, url } = yield* serve(sends(1, 1, "reset"), sends(1, 1, "reset"))
      const error = yield* Effect.flip(Effect.provide(followed, leading(url)))
      assert.strictEqual(error._tag, "DeploymentHttpError")
      assert.include(error.message, "the connection broke")
      assert.isAbove(asked.length, 5)
    })
  )

  it.scopedLive("ends if there are no events after the requested position", () =>
    Effect.gen(function* () {
      const { url } = yield* serve((response) => void response.writeHead(204).end())
      const events = yield* Stream.runCollect(Client.events({ url }, runId, { after: 4 }))
      assert.deepStrictEqual(positions(events), [])
    }).pipe(Effect.provide(FetchHttpClient.layer))
  )

  const refusals: ReadonlyArray<readonly [string, Behaviour]> = [
    ["RunNotFound", answers(404, { _tag: "RunNotFound", message: "m", runId })],
    ["Unauthorized", answers(401, { _tag: "Unauthorized", message: "m" })],
    ["DeploymentHttpError", answers(404, { _tag: "NotFound", message: "m" })],
    ["DeploymentHttpError", sends(1, 1, `id: 2\nevent: run_finished\ndata: {"status":"odd"}\n\n`)],
    [
      "ServiceUnavailable",
      sends(
        1,
        1,
        `event: unavailable\ndata: ${JSON.stringify({ _tag: "ServiceUnavailable", message: "m", reason: "store", retryAfterSeconds: 1 })}\n\n`
      )
    ]
  ]
  for (const [index, [tag, behaviour]] of refusals.entries()) {
    it.scopedLive(`fails with ${tag} (${index + 1})`, () =>
      Effect.gen(function* () {
        const { asked, url } = yield* serve(behaviour)
        const error = yield* Effect.flip(Effect.provide(followed, leading(url)))
        assert.deepStrictEqual([error._tag, asked.length], [tag, 1])
      })
    )
  }
})

describe("Client.stream", () => {
  const streamed = Client.stream("weather", { city: "Oslo" }, { runName: "seen" })

  it.scopedLive("runs at the registry's next URL if the first service accepts no runs", () =>
    Effect.gen(function* () {
      const old = yield* serve(
        answers(503, { _tag: "ServiceUnavailable", message: "m", reason: "draining", retryAfterSeconds: 1 })
      )
      const current = yield* serve(sends(1, 4))
      const events = yield* Effect.provide(Stream.runCollect(streamed), leading(old.url, current.url))
      assert.deepStrictEqual(positions(events), [1, 2, 3, 4])
      const { body, headers, path } = current.asked[0] ?? {}
      assert.strictEqual(path, "POST /invoke")
      assert.strictEqual(headers?.accept, "text/event-stream")
      assert.deepStrictEqual(JSON.parse(body ?? ""), { parameters: { city: "Oslo" }, runName: "seen" })
    })
  )

  it.scopedLive("does not repeat a request that may have started a run", () =>
    Effect.gen(function* () {
      const old = yield* serve(sends(1, 2, "reset"))
      const current = yield* serve(sends(1, 4))
      const error = yield* Effect.flip(Effect.provide(Stream.runDrain(streamed), leading(old.url, current.url)))
      assert.deepStrictEqual([error._tag, current.asked.length], ["DeploymentHttpError", 0])
    })
  )

  it.scopedLive("is refused like an invocation", () =>
    Effect.gen(function* () {
      const issues = [{ path: "parameters.city", reason: "is missing" }]
      const { url } = yield* serve(answers(400, { _tag: "InvalidRequest", message: "m", issues }))
      const error = yield* Effect.flip(Effect.provide(Stream.runDrain(streamed), leading(url)))
      assert.deepInclude(error, {
        _tag: "DeploymentInvalidParameters",
        issues: [{ path: "city", reason: "is missing" }]
      })
    })
  )
})

describe("Client.start", () => {
  const started = Client.start("weather", { city: "Oslo" })

  it.scopedLive("prefers an asynchronous answer, and returns the id", () =>
    Effect.gen(function* () {
      const { asked, url } = yield* serve(answers(202, { runId }))
      assert.strictEqual(yield* Effect.provide(started, leading(url)), runId)
      assert.strictEqual(asked[0]?.headers.prefer, "respond-async")
    })
  )

  it.scopedLive("names the cause if the deployment records no runs", () =>
    Effect.gen(function* () {
      const { url } = yield* serve(answers(422, { _tag: "Nope", message: "m", error: {} }))
      const error = yield* Effect.flip(Effect.provide(started, leading(url)))
      assert.strictEqual(error._tag, "DeploymentHttpError")
      assert.include(error.message, "it records no runs")
    })
  )
})

describe("Client.cancel", () => {
  it.scopedLive("is repeated if the connection breaks during the answer", () =>
    Effect.gen(function* () {
      const run = { id: runId, index: 1, name: "n", status: "interrupted", cause: "cancelled", parameters: {} }
      const { asked, url } = yield* serve(
        (response) => void response.socket?.resetAndDestroy(),
        answers(200, { ...run, startedAt: at })
      )
      const ended = yield* Effect.provide(Client.cancel("weather", runId), leading(url))
      assert.deepInclude(ended, { status: "interrupted", cause: "cancelled" })
      assert.deepStrictEqual(
        asked.map(({ path }) => path),
        Array.from({ length: 2 }, () => `POST /runs/${runId}/cancel`)
      )
    })
  )
})
