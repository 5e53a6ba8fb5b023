import { createHash } from "node:crypto"
import { assert, describe, layer } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { Artifacts, Pipeline, Step } from "effect-deployers"
import { request, served } from "../Harness.js"

const repeat = Step.make("repeat #/", {
  input: Schema.Struct({ text: Schema.String, times: Schema.Int }),
  output: Schema.Struct({ text: Schema.String }),
  run: ({ text, times }) => Effect.succeed({ text: text.repeat(times) })
})

/** Two workers of this process have one store, as those of a deployment have one folder. */
const shared = Layer.succeed(
  Artifacts.ArtifactStore,
  Effect.runSync(Effect.provide(Artifacts.ArtifactStore, Artifacts.layerMemory))
)

const sizes = Pipeline.make("sizes", {
  input: Schema.Struct({ text: Schema.String, times: Schema.Array(Schema.Int) }),
  output: Schema.Int,
  settings: { artifactBytes: 100, maxArtifactBytes: 2_000, maxRunBytes: 200 },
  run: ({ text, times }) =>
    Effect.map(
      Effect.forEach(times, (times) => repeat({ text, times })),
      (all) => all.length
    )
}).pipe(Pipeline.provide(shared))

const run = (text: string, times: ReadonlyArray<number>, extra: object = {}) =>
  Effect.map(request("/invoke", { json: { parameters: { text, times }, ...extra } }), ({ json }) => json)

const listed = (id: string) =>
  Effect.map(
    request(`/runs/${id}/artifacts`),
    ({ json }) => json["artifacts"] as ReadonlyArray<Record<string, unknown>>
  )

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex")

describe("artifacts over HTTP", () => {
  layer(served(sizes), { excludeTestServices: true })((it) => {
    it.effect("are the outputs of steps: small ones in the record, large ones by their content", () =>
      Effect.gen(function* () {
        const { metadata, outputs } = (yield* run("\u00e9", [1, 200, 300])) as {
          metadata: { runId: string }
          outputs?: unknown
        }
        assert.strictEqual(outputs, 3)
        const all = yield* listed(metadata.runId)
        const texts = [1, 200, 300].map((times) => `{"text":"${"\u00e9".repeat(times)}"}`)
        assert.deepStrictEqual(
          all.map(({ bytes, contentType, digest, place, step }) => [step, place, bytes, digest, contentType]),
          ["repeat #/", "repeat #/#2", "repeat #/#3"].map((step, index) => [
            step,
            index === 0 ? "record" : "store",
            Buffer.byteLength(texts[index] ?? ""),
            sha256(texts[index] ?? ""),
            "application/json"
          ])
        )
        const { json } = yield* request(`/runs/${metadata.runId}`)
        const steps = json["steps"] as ReadonlyArray<Record<string, unknown>>
        assert.deepStrictEqual(
          steps.map(({ artifact, outputs }) => [outputs, (artifact as { bytes?: number } | undefined)?.bytes]),
          [
            [{ text: "\u00e9" }, undefined],
            [undefined, 411],
            [undefined, 611]
          ]
        )
      })
    )
    it.effect("are read as bytes with a type and a tag, which a caller may have already", () =>
      Effect.gen(function* () {
        const { metadata } = yield* run("x", [3, 400])
        for (const [step, text] of [
          ["repeat #/", '{"text":"xxx"}'],
          ["repeat #/#2", `{"text":"${"x".repeat(400)}"}`]
        ] as const) {
          const path = `/runs/${metadata.runId}/artifacts/${encodeURIComponent(step)}`
          const found = yield* request(path)
          assert.deepStrictEqual([found.status, found.text], [200, text])
          assert.match(found.headers.get("content-type") ?? "", /^application\/json/)
          const etag = found.headers.get("etag") ?? ""
          assert.strictEqual(etag, `"${sha256(text)}"`)
          assert.include(found.headers.get("cache-control"), "immutable")
          const head = yield* request(path, { method: "HEAD" })
          assert.deepStrictEqual([head.status, head.text, head.headers.get("etag")], [200, "", etag])
          for (const given of [etag, `"other", W/${etag}`, "*"]) {
            const known = yield* request(path, { headers: { "if-none-match": given } })
            assert.deepStrictEqual([known.status, known.text], [304, ""], given)
          }
          assert.strictEqual((yield* request(path, { headers: { "if-none-match": '"other"' } })).status, 200)
        }
      })
    )
    it.effect("are absent for an unknown run and an unknown step, and for a run without data", () =>
      Effect.gen(function* () {
        const { metadata } = yield* run("x", [3])
        const unknown = yield* request(`/runs/${metadata.runId}/artifacts/other`)
        assert.deepStrictEqual([unknown.status, unknown.json["_tag"]], [404, "ArtifactNotFound"])
        for (const path of ["artifacts", "artifacts/repeat"]) {
          const missing = yield* request(`/runs/00000000-0000-7000-8000-000000000000/${path}`)
          assert.deepStrictEqual([missing.status, missing.json["_tag"]], [404, "RunNotFound"])
        }
        const { metadata: bare } = yield* run("x", [400], { skipArtifacts: true })
        assert.deepStrictEqual(yield* listed(bare.runId), [])
      })
    )
    it.effect("have the digest of their input", () =>
      Effect.gen(function* () {
        const { metadata } = yield* run("x", [3, 400])
        const all = yield* listed(metadata.runId)
        assert.deepStrictEqual(
          all.map(({ inputDigest }) => inputDigest),
          [3, 400].map((times) => sha256(`{"text":"x","times":${times}}`))
        )
        const { json } = yield* request(`/runs/${metadata.runId}`)
        const steps = json["steps"] as ReadonlyArray<Record<string, unknown>>
        assert.strictEqual(steps[0]?.["inputDigest"], all[0]?.["inputDigest"])
      })
    )
    it.effect("have a limit of their own", () =>
      Effect.gen(function* () {
        const failed = yield* run("x", [3_000])
        assert.deepInclude({ ...failed }, { _tag: "RunLimitExceeded", limit: "maxArtifactBytes", maximum: 2_000 })
      })
    )
  })
})
