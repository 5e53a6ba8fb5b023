// Compressed responses, and the ones that stay as they are.
import * as Http from "node:http"
import * as Zlib from "node:zlib"
import { assert, describe, it, layer } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { Pipeline } from "effect-deployers"
import { Serve } from "effect-deployers/Server"
import * as Compression from "../../../src/Server/Http/Compression.js"
import { served } from "../Harness.js"

const long = Pipeline.make("long", {
  input: Schema.Struct({ words: Schema.Number }),
  output: Schema.Struct({ text: Schema.String }),
  run: ({ words }) => Effect.succeed({ text: "word ".repeat(words) })
})

interface Reply {
  readonly status: number | undefined
  readonly headers: Http.IncomingHttpHeaders
  readonly body: Buffer
}

/** `fetch` would decompress the response. */
const ask = (path: string, headers: Record<string, string>, body?: string) =>
  Effect.flatMap(Serve.Served, ({ url }) =>
    Effect.async<Reply>((resume) => {
      const method = body === undefined ? "GET" : "POST"
      const request = Http.request(`${url}${path}`, { method, headers }, (response) => {
        const chunks: Array<Buffer> = []
        response.on("data", (chunk) => chunks.push(chunk))
        response.on("end", () =>
          resume(
            Effect.succeed({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) })
          )
        )
      })
      request.end(body)
    })
  )

const invoke = (words: number, headers: Record<string, string>) =>
  ask("/invoke", { "content-type": "application/json", ...headers }, JSON.stringify({ parameters: { words } }))

const outputsOf = (json: Buffer) => JSON.parse(json.toString()).outputs

describe("a long response", () => {
  layer(served(long), { excludeTestServices: true })((it) => {
    it.effect("of an invocation is compressed as the caller accepts it", () =>
      Effect.gen(function* () {
        const plain = yield* invoke(1_000, {})
        assert.deepStrictEqual([plain.headers["content-encoding"], plain.headers.vary], [undefined, "accept-encoding"])
        const expand = { br: Zlib.brotliDecompressSync, gzip: Zlib.gunzipSync } as const
        for (const [accepted, encoding] of [
          ["gzip, deflate, br", "br"],
          ["gzip", "gzip"],
          ["*", "br"],
          ["br;q=0.1, gzip", "gzip"]
        ] as const) {
          const { body, headers, status } = yield* invoke(1_000, { "accept-encoding": accepted })
          assert.deepStrictEqual([status, headers["content-encoding"]], [200, encoding], accepted)
          assert.strictEqual(Number(headers["content-length"]), body.length)
          assert.strictEqual(headers.vary, "accept-encoding")
          assert.isBelow(body.length, plain.body.length / 10)
          assert.deepStrictEqual(outputsOf(expand[encoding](body)), outputsOf(plain.body))
        }
      })
    )
    it.effect("of the typed API is compressed, too", () =>
      Effect.gen(function* () {
        yield* invoke(1_000, {})
        for (const path of ["/runs", "/openapi.json"]) {
          const { body, headers, status } = yield* ask(path, { "accept-encoding": "br" })
          assert.deepStrictEqual([status, headers["content-encoding"]], [200, "br"], path)
          assert.strictEqual(headers.vary, "accept-encoding")
          assert.isAbove(Zlib.brotliDecompressSync(body).length, body.length)
        }
      })
    )
    it.effect("stays as it is when it is short, a stream, or not accepted", () =>
      Effect.gen(function* () {
        const short = yield* invoke(1, { "accept-encoding": "br, gzip" })
        assert.isUndefined(short.headers["content-encoding"])
        const stream = yield* invoke(1_000, { "accept-encoding": "br", accept: "text/event-stream" })
        assert.isUndefined(stream.headers["content-encoding"])
        for (const accepted of ["identity", "zstd", "br;q=0, gzip;q=0", ""]) {
          const { headers } = yield* invoke(1_000, { "accept-encoding": accepted })
          assert.isUndefined(headers["content-encoding"], accepted)
        }
      })
    )
  })
  layer(served(long, { serving: { compression: false } }), { excludeTestServices: true })((it) => {
    it.effect("is never compressed where the setting says so", () =>
      Effect.gen(function* () {
        const { headers } = yield* invoke(1_000, { "accept-encoding": "br" })
        assert.isUndefined(headers["content-encoding"])
        assert.isUndefined((yield* ask("/openapi.json", { "accept-encoding": "br" })).headers["content-encoding"])
      })
    )
  })
})

describe("the accepted encoding", () => {
  it("is the one with the higher quality, and none where all are refused", () => {
    for (const [accepted, encoding] of [
      ["gzip;q=1.0, br;q=0.8", "gzip"],
      ["GZIP", "gzip"],
      ["x-gzip", "gzip"],
      ["br;q=nonsense", undefined],
      ["*;q=0", undefined],
      ["identity;q=0, *", "br"]
    ] as const) {
      assert.strictEqual(Compression.encodingFor(accepted), encoding, accepted)
    }
  })
})
