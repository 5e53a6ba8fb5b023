// Outputs that are bytes: the response, the record, other modes, limits, groups, and the typed client.
import { createHash } from "node:crypto"
import { FetchHttpClient } from "@effect/platform"
import { assert, describe, it, layer } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { Artifacts, Client, File, Input, Output, Pipeline, Run } from "effect-deployers"
import { Serve } from "effect-deployers/Server"
import { type Json, request, served, stored } from "../Harness.js"
import { names, told } from "../Sse.js"

/** Two workers of this process have one store, as those of a deployment have one folder. */
const shared = Layer.succeed(
  Artifacts.ArtifactStore,
  Effect.runSync(Effect.provide(Artifacts.ArtifactStore, Artifacts.layerMemory))
)

const bytesOf = (text: string) => new TextEncoder().encode(text)

class Refused extends Schema.TaggedError<Refused>()("Refused", {}) {}

const drawing = Pipeline.make("drawing", {
  input: Schema.Struct({ text: Schema.String, times: Schema.optionalWith(Schema.Int, { default: () => 1 }) }),
  output: Output.bytes({ contentType: "image/png", name: "d\u00e9j\u00e0 vu.png" }),
  error: Refused,
  settings: { maxOutputBytes: 100_000 },
  run: ({ text, times }) =>
    text === "refuse"
      ? new Refused()
      : Effect.as(Effect.orDie(Run.respond({ headers: { "x-own": "yes" } })), bytesOf(`\u0000${text.repeat(times)}`))
}).pipe(Pipeline.provide(shared))

const body = (parameters: unknown, extra: object = {}) => ({ json: { parameters, ...extra } })

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex")

const described = (text: string, path: string) => ({
  name: "d\u00e9j\u00e0 vu.png",
  contentType: "image/png",
  size: Buffer.byteLength(text),
  digest: sha256(text),
  path
})

const metadataIn = (headers: Headers): Record<string, unknown> =>
  JSON.parse(decodeURIComponent(headers.get("x-run-metadata") ?? "null"))

const outputsIn = (json: Json) => json["outputs"] as Record<string, unknown>

const ended = (id: string): Effect.Effect<Json, never, Serve.Served> =>
  Effect.repeat(
    Effect.map(request(`/runs/${id}`), ({ json }) => json),
    { until: ({ status }) => status !== "running" && status !== "queued" }
  )

describe("outputs that are bytes", () => {
  layer(served(drawing), { excludeTestServices: true })((it) => {
    it.effect("are the response, with their type, digest, name and the metadata of the run", () =>
      Effect.gen(function* () {
        const { headers, status, text } = yield* request("/invoke", body({ text: "a" }))
        assert.deepStrictEqual([status, text], [200, "\u0000a"])
        assert.strictEqual(headers.get("content-type"), "image/png")
        assert.strictEqual(headers.get("content-length"), "2")
        assert.strictEqual(headers.get("etag"), `"${sha256("\u0000a")}"`)
        assert.strictEqual(headers.get("x-own"), "yes")
        assert.include(headers.get("vary") ?? "", "accept")
        assert.strictEqual(
          headers.get("content-disposition"),
          `attachment; filename="d_j_ vu.png"; filename*=UTF-8''d%C3%A9j%C3%A0%20vu.png`
        )
        assert.match(headers.get("server-timing") ?? "", /^run;dur=/)
        const { executionTimeMillis, pipelineName, runId, runName } = metadataIn(headers)
        assert.deepStrictEqual([pipelineName, typeof executionTimeMillis], ["drawing", "number"])
        assert.match(String(runName), /^drawing-\d+$/)
        const run = yield* stored(String(runId))
        assert.deepStrictEqual(run.outputs, described("\u0000a", `/runs/${runId}/output`))
      })
    )
    it.effect("are described to callers of JSON only, and sent to callers that accept anything else", () =>
      Effect.gen(function* () {
        for (const [accept, isBytes] of [
          ["application/json", false],
          ["application/json, image/png;q=0", false],
          ["*/*", true],
          ["application/json, text/plain, */*", true],
          ["image/png", true],
          ["image/*;q=0.8, application/json", true],
          ["text/html", true]
        ] as const) {
          const { headers, json, text } = yield* request("/invoke", { ...body({ text: "b" }), headers: { accept } })
          assert.strictEqual(headers.get("content-type")?.startsWith("image/png"), isBytes, accept)
          if (isBytes) assert.strictEqual(text, "\u0000b", accept)
          else assert.deepStrictEqual(outputsIn(json), described("\u0000b", `/runs/${json.metadata.runId}/output`))
        }
      })
    )
    it.effect("are read again by the run: whole, a part, known already, gone for others", () =>
      Effect.gen(function* () {
        const { headers } = yield* request("/invoke", body({ text: "c", times: 10 }))
        const path = `/runs/${metadataIn(headers)["runId"]}/output`
        const whole = yield* request(path)
        assert.deepStrictEqual([whole.status, whole.text], [200, `\u0000${"c".repeat(10)}`])
        const etag = whole.headers.get("etag") ?? ""
        assert.deepStrictEqual(
          ["content-type", "content-disposition", "etag", "accept-ranges"].map((name) => whole.headers.get(name)),
          ["image/png", headers.get("content-disposition"), headers.get("etag"), "bytes"]
        )
        for (const [given, status, text, range] of [
          [{ range: "bytes=1-3" }, 206, "ccc", "bytes 1-3/11"],
          [{ range: "bytes=-1" }, 206, "c", "bytes 10-10/11"],
          [{ range: "bytes=11-" }, 416, "", "bytes */11"],
          [{ range: "bytes=0-0", "if-range": etag }, 206, "\u0000", "bytes 0-0/11"],
          [{ range: "bytes=0-0", "if-range": '"other"' }, 200, whole.text, null],
          [{ "if-none-match": etag }, 304, "", null]
        ] as const) {
          const part = yield* request(path, { headers: given })
          assert.deepStrictEqual([part.status, part.text, part.headers.get("content-range")], [status, text, range])
        }
        const head = yield* request(path, { method: "HEAD" })
        assert.deepStrictEqual([head.status, head.text, head.headers.get("etag")], [200, "", etag])
        const missing = yield* request("/runs/00000000-0000-7000-8000-000000000000/output")
        assert.deepStrictEqual([missing.status, missing.json["_tag"]], [404, "RunNotFound"])
      })
    )
    it.effect("are described to callers that do not wait, and to followers", () =>
      Effect.gen(function* () {
        const accepted = yield* request("/invoke", { ...body({ text: "d" }), headers: { prefer: "respond-async" } })
        assert.strictEqual(accepted.status, 202)
        const { runId } = accepted.json
        const run = yield* ended(runId)
        assert.deepStrictEqual(outputsIn(run), described("\u0000d", `/runs/${runId}/output`))
        assert.strictEqual((yield* request(`/runs/${runId}/output`)).text, "\u0000d")
        const followed = told(
          (yield* request("/invoke", { ...body({ text: "e" }), headers: { accept: "text/event-stream" } })).text
        )
        assert.deepStrictEqual(names(followed), ["run_started", "run_finished"])
        const last = followed.at(-1)?.data ?? {}
        assert.deepStrictEqual(last["outputs"], described("\u0000e", `/runs/${last["runId"]}/output`))
      })
    )
    it.effect("are the same bytes for the same idempotency key", () =>
      Effect.gen(function* () {
        const headers = { "idempotency-key": "bytes" }
        const first = yield* request("/invoke", { ...body({ text: "f" }), headers })
        const again = yield* request("/invoke", { ...body({ text: "f" }), headers })
        assert.deepStrictEqual([again.status, again.text], [200, "\u0000f"])
        for (const name of ["content-type", "content-disposition", "etag", "x-run-metadata", "x-own"]) {
          assert.strictEqual(again.headers.get(name), first.headers.get(name), name)
        }
        assert.strictEqual(again.headers.get("idempotency-replayed"), "true")
        const inJson = yield* request("/invoke", {
          ...body({ text: "f" }),
          headers: { ...headers, accept: "application/json" }
        })
        assert.strictEqual(outputsIn(inJson.json)["digest"], sha256("\u0000f"))
      })
    )
    it.effect("are kept nowhere for a run without data, and limited as other outputs", () =>
      Effect.gen(function* () {
        const bare = yield* request("/invoke", body({ text: "g" }, { skipArtifacts: true }))
        assert.strictEqual(bare.text, "\u0000g")
        const none = yield* request(`/runs/${metadataIn(bare.headers)["runId"]}/output`)
        assert.deepStrictEqual([none.status, none.json["_tag"]], [404, "ArtifactNotFound"])
        const large = yield* request("/invoke", body({ text: "h", times: 100_000 }))
        assert.deepStrictEqual([large.status, large.json["_tag"]], [500, "RunLimitExceeded"])
        assert.deepInclude(large.json, { limit: "maxOutputBytes", maximum: 100_000, actual: 100_001 })
        const most = yield* request("/invoke", body({ text: "h", times: 99_999 }))
        assert.strictEqual(most.text.length, 100_000)
        const refused = yield* request("/invoke", body({ text: "refuse" }))
        assert.deepStrictEqual([refused.status, refused.json["_tag"]], [422, "Refused"])
      })
    )
    it.effect("are in the OpenAPI document with their type", () =>
      Effect.gen(function* () {
        const { json } = yield* request("/openapi.json")
        const paths = json["paths"] as Record<
          string,
          Record<string, { responses: Record<string, { content: object }> }>
        >
        const content = paths["/invoke"]?.["post"]?.responses["200"]?.content
        assert.deepInclude(content, { "image/png": { schema: { type: "string", format: "binary" } } })
        assert.property(content, "application/json")
        assert.property(paths, "/runs/{id}/output")
      })
    )
  })

  it.live("are sent by a service that records nothing", () =>
    Effect.gen(function* () {
      const { headers, text } = yield* request("/invoke", body({ text: "a" }))
      assert.deepStrictEqual([text, metadataIn(headers)["pipelineName"]], ["\u0000a", "drawing"])
      const { json } = yield* request("/invoke", { ...body({ text: "a" }), headers: { accept: "application/json" } })
      assert.notProperty(outputsIn(json), "path")
    }).pipe(Effect.provide(served(drawing, { serving: { recording: "none" } })))
  )
})

const echo = Pipeline.make("echo", {
  input: Schema.Struct({ file: Input.file({ maxBytes: 1_000 }) }),
  output: Output.file({ contentType: "text/*" }),
  run: ({ file }) => Effect.succeed(file)
}).pipe(Pipeline.provide(shared))

const form = (name: string, type: string) => {
  const body = new FormData()
  body.append("file", new Blob(["hello"], { type }), name)
  return { method: "POST", body }
}

describe("an output that is a file", () => {
  it.live("has its own name and type, also when it is a parameter of the run", () =>
    Effect.gen(function* () {
      const { headers, text } = yield* request("/invoke", form('a"b\r\n/..\\c;d.txt', "text/csv"))
      assert.deepStrictEqual([text, headers.get("content-type")], ["hello", "text/csv"])
      assert.match(
        headers.get("content-disposition") ?? "",
        /^attachment; filename="[^"\\/\r\n]*"(; filename\*=UTF-8''[\w%.-]+)?$/
      )
      const wrong = yield* request("/invoke", form("a.png", "image/png"))
      assert.deepStrictEqual([wrong.status, wrong.json["_tag"]], [500, "InternalError"])
    }).pipe(Effect.provide(served(echo)))
  )
})

describe("the typed client", () => {
  it.live("has bytes as bytes and files as files, of a call, of a run that goes on, and in a group", () =>
    Effect.gen(function* () {
      const { url } = yield* Serve.Served
      const bytes = Client.make(drawing, { url, pipeline: "drawing" })
      assert.deepStrictEqual(yield* bytes.invoke({ text: "a" }), bytesOf("\u0000a"))
      const { metadata } = yield* bytes.invokeDetailed({ text: "a" })
      assert.strictEqual(metadata.pipelineName, "drawing")
      const id = yield* bytes.start({ text: "b" })
      assert.deepStrictEqual(yield* bytes.awaitRun(id), bytesOf("\u0000b"))
      const read = yield* Client.output({ url }, id)
      assert.deepStrictEqual([read.name, read.contentType, read.size], ["d\u00e9j\u00e0 vu.png", "image/png", 2])
      assert.strictEqual((yield* Effect.flip(bytes.invoke({ text: "refuse" })))._tag, "Refused")
      const files = Client.make(echo, { url, pipeline: "echo" })
      const sent = yield* File.fromBytes(bytesOf("x"), { name: "x.txt", contentType: "text/plain" })
      const back = yield* files.invoke({ file: sent })
      assert.deepStrictEqual(File.describe(back), File.describe(sent))
      const none = yield* Effect.flip(Client.output({ url }, "00000000-0000-7000-8000-000000000000"))
      assert.strictEqual(none._tag, "RunNotFound")
    }).pipe(Effect.provide(FetchHttpClient.layer), Effect.provide(served(Pipeline.group("both", [drawing, echo]))))
  )
})

describe("a pipeline of bytes outside a service", () => {
  it.effect("returns the bytes", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* Pipeline.run(drawing, { text: "a", times: 2 }), bytesOf("\u0000aa"))
      const encoded = yield* Schema.encode(drawing.output)(bytesOf("a"))
      assert.deepStrictEqual(encoded, {
        name: "d\u00e9j\u00e0 vu.png",
        contentType: "image/png",
        size: 1,
        digest: sha256("a")
      })
      const error = yield* Effect.flip(Schema.decode(drawing.output)({ ...encoded, path: "/runs/1/output" }))
      assert.include(error.message, "has its bytes at /runs/1/output")
    })
  )
})
