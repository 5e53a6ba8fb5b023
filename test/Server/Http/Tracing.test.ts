// The id of a request, from the caller through the run back to the caller, and the time that the run took.
import { assert, describe, it, layer } from "@effect/vitest"
import { Effect, Logger, Schema } from "effect"
import { Pipeline, Run } from "effect-deployers"
import * as Log from "../../../src/Server/Process/Log.js"
import { invoke, raw, request, served } from "../Harness.js"

const asked = Pipeline.make("asked", {
  input: Schema.Struct({}),
  output: Schema.Struct({ requestId: Schema.String }),
  run: () => Effect.map(Run.info, (info) => ({ requestId: info?.requestId ?? "none" }))
})

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

describe("the id of a request", () => {
  layer(served(asked), { excludeTestServices: true })((it) => {
    it.effect("is that of the caller, in the run and in every mode of the response", () =>
      Effect.gen(function* () {
        const headers = { "x-request-id": "front-4711" }
        const waited = yield* invoke({}, {}, { headers })
        assert.deepStrictEqual(waited.json["outputs"], { requestId: "front-4711" })
        const modes = [
          waited,
          yield* invoke({}, {}, { headers: { ...headers, prefer: "respond-async" } }),
          yield* invoke({}, {}, { headers: { ...headers, accept: "text/event-stream" } }),
          yield* invoke({}, {}, { headers: { ...headers, "idempotency-key": "k" } }),
          yield* invoke({ other: 1 }, {}, { headers }),
          yield* request("/runs", { headers }),
          yield* request("/health", { headers }),
          yield* request("/nowhere", { headers })
        ]
        for (const reply of modes) assert.strictEqual(reply.headers.get("x-request-id"), "front-4711", reply.text)
        assert.include(modes[2]?.text, '"requestId":"front-4711"')
        assert.include(modes[3]?.text, '"requestId":"front-4711"')
      })
    )
    it.effect("is a new one for each request where the caller gives none", () =>
      Effect.gen(function* () {
        const [first, second] = [yield* invoke({}), yield* invoke({})]
        for (const { headers, json } of [first, second]) {
          assert.match(headers.get("x-request-id") ?? "", uuid)
          assert.deepStrictEqual(json["outputs"], { requestId: headers.get("x-request-id") })
        }
        assert.notStrictEqual(first.headers.get("x-request-id"), second.headers.get("x-request-id"))
      })
    )
    it.effect("F42 G11: is a new one where the caller's cannot be logged as it is", () =>
      Effect.gen(function* () {
        for (const given of ["two words", "x".repeat(201), "caf\u00e9"]) {
          const reply = yield* raw([
            `GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Request-Id: ${given}\r\n\r\n`
          ])
          assert.match(/^x-request-id: (.*)$/im.exec(reply)?.[1]?.trim() ?? "", uuid)
        }
      })
    )
  })
})

describe("the time that a run took", () => {
  layer(served(asked), { excludeTestServices: true })((it) => {
    it.effect("is in the response, and that of its record, too", () =>
      Effect.gen(function* () {
        const { headers, json } = yield* invoke({})
        const [, run, store] = /^run;dur=([\d.]+), store;dur=([\d.]+)$/.exec(headers.get("server-timing") ?? "") ?? []
        assert.strictEqual(Number(run), json["executionTimeMillis"])
        assert.isAtLeast(Number(store), 0)
        assert.isNull((yield* request("/runs")).headers.get("server-timing"))
      })
    )
  })
})

describe("the log of a run", () => {
  it("has the id of the request", () => {
    const lines: Array<string> = []
    const info = { id: "1", name: "asked-1", deploymentName: "asked", requestId: "front-4711" }
    const listener = { info, stepStarted: () => ({ ended: () => Effect.void }), published: () => Effect.void }
    Effect.logInfo("hello").pipe(
      Effect.provideService(Run.CurrentRun, listener),
      Effect.provide(
        Logger.replace(
          Logger.defaultLogger,
          Logger.map(Log.logger, (line) => {
            lines.push(line)
          })
        )
      ),
      Effect.runSync
    )
    const { message, requestId, runId } = JSON.parse(lines[0] ?? "{}")
    assert.deepStrictEqual({ message, requestId, runId }, { message: "hello", requestId: "front-4711", runId: "1" })
  })
})
