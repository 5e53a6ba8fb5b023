import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { Pipeline } from "effect-deployers"
import { Serve } from "effect-deployers/Server"
import { key, memory, quiet, raw } from "../Harness.js"
import { steps, weather } from "../Pipelines.js"
import * as App from "./AppServer.js"

const post = (body: string, headers: ReadonlyArray<string> = []) =>
  [
    "POST /invoke HTTP/1.1",
    "Host: localhost",
    `Authorization: Bearer ${key}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Connection: close",
    ...(headers.some((header) => /content-type/i.test(header)) ? [] : ["Content-Type: application/json"]),
    ...headers,
    "",
    body
  ].join("\r\n")

const parameters = (value: unknown, extra: object = {}) => JSON.stringify({ parameters: value, ...extra })

/** Removes the parts of a response that differ between any two runs. */
const stable = (reply: string) =>
  reply
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[47][0-9a-f-]{21}/g, "ID")
    .replace(/"(executionTimeMillis|runIndex)":[\d.]+/g, '"$1":N')
    .replace(/"runName":"\w+-\d+"/g, '"runName":"NAME"')
    .replace(/content-length: \d+/i, "content-length: N")
    .replace(/date: [^\r]+/i, "date: D")
    .replace(/dur=[\d.]+/g, "dur=N")

/** Status line, header lines in any order, body. */
const parts = (reply: string) => {
  const [head = "", body = ""] = stable(reply).replace("HTTP/1.1 100 Continue\r\n\r\n", "").split("\r\n\r\n")
  const [status, ...headers] = head.split("\r\n")
  return { status, headers: headers.map((line) => line.replace(/^[^:]+/, (name) => name.toLowerCase())).sort(), body }
}

const requests: ReadonlyArray<readonly [what: string, request: string]> = [
  ["a run", post(parameters({ city: "Oslo" }))],
  ["a run with a name", post(parameters({ city: "Ør \u{1f600}" }, { runName: 'my "run"' }))],
  ["a run without artifacts", post(parameters({ city: "Oslo" }, { skipArtifacts: true }))],
  ["a typed failure", post(parameters({ city: "Atlantis" }))],
  ["a typed failure without a status", post(parameters({ city: "Area 51" }))],
  ["a bug", post(parameters({ city: "Bug" }))],
  ["parameters that do not fit", post(parameters({ city: 1, days: 0, other: true }))],
  ["no parameters", post("{}")],
  ["a list", post("[]")],
  ["no JSON", post("{")],
  ["nothing", post("")],
  ["deep nesting", post(`{"parameters":${"[".repeat(70)}${"]".repeat(70)}}`)],
  ["a key of prototypes", post('{"parameters":{"city":"x","__proto__":{"a":1}}}')],
  ["a byte order mark", post(`\ufeff${parameters({ city: "Oslo" })}`)],
  ["text", post("hello", ["Content-Type: text/plain"])],
  ["a damaged body", post("{}", ["Content-Encoding: gzip"])],
  ["an unknown encoding", post("{}", ["Content-Encoding: zstd"])],
  ["a body that is too large", post(parameters({ city: "x".repeat(5_000) }))],
  ["a wrong key", post("{}").replace(key, "wrong")],
  ["another method", post("{}").replace("POST", "PUT")],
  ["a query", post(parameters({ city: "Oslo" })).replace("/invoke", "/invoke?x=1")],
  ["HTTP 1.0", post(parameters({ city: "Oslo" })).replace("HTTP/1.1", "HTTP/1.0")],
  ["an expectation", post(parameters({ city: "Oslo" }), ["Expect: 100-continue"])]
]

const settings = { key, serving: { maxBodyBytes: 4_000 } }

const over = <A, E>(served: typeof App.layer, pipeline: Pipeline.Any, effect: Effect.Effect<A, E, Serve.Served>) =>
  effect.pipe(Effect.provide(served(pipeline, settings)), Effect.provide([memory(), quiet]))

describe("a service with a port and an app", () => {
  it.live("answer the same, byte by byte", () =>
    Effect.gen(function* () {
      const replies = Effect.forEach(requests, ([what, request]) =>
        Effect.map(raw([request], { keepOpen: true }), (reply) => [what, parts(reply)] as const)
      )
      const direct = yield* over(Serve.layerTest, weather, replies)
      assert.deepStrictEqual(yield* over(App.layer, weather, replies), direct)
    })
  )
  it.live("keep a connection for the next request", () =>
    Effect.gen(function* () {
      const twice = raw([
        post(parameters({ kind: "loop" })).replace("Connection: close\r\n", ""),
        post(parameters({ kind: "flaky" }))
      ])
      for (const served of [Serve.layerTest, App.layer]) {
        const reply = yield* over(served, steps, twice)
        assert.strictEqual(reply.match(/HTTP\/1\.1 200 OK/g)?.length, 2)
      }
    })
  )
})
