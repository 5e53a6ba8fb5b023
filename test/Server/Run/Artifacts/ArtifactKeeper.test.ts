import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option, Ref, Schema, TestClock } from "effect"
import { Artifacts, Pipeline, Step } from "effect-deployers"
import { run as ended, id, write } from "../../../../src/Conformance/StoreSuite/Fixtures.js"
import * as ArtifactKeeper from "../../../../src/Server/Run/Artifacts/ArtifactKeeper.js"
import { RunStore } from "../../../../src/Store/RunStore.js"
import { memory, request, served } from "../../Harness.js"

const repeat = Step.make("repeat #/", {
  input: Schema.Struct({ text: Schema.String, times: Schema.Int }),
  output: Schema.Struct({ text: Schema.String }),
  run: ({ text, times }) => Effect.succeed({ text: text.repeat(times) })
})

const sizes = Pipeline.make("sizes", {
  input: Schema.Struct({ text: Schema.String, times: Schema.Array(Schema.Int) }),
  output: Schema.Int,
  settings: { artifactBytes: 100, maxArtifactBytes: 2_000, maxRunBytes: 200 },
  run: ({ text, times }) =>
    Effect.map(
      Effect.forEach(times, (times) => repeat({ text, times })),
      (all) => all.length
    )
})

const run = (text: string, times: ReadonlyArray<number>, extra: object = {}) =>
  Effect.map(request("/invoke", { json: { parameters: { text, times }, ...extra } }), ({ json }) => json)

describe("the store of artifacts", () => {
  const keeping = Effect.map(Ref.make(new Map<string, Uint8Array>()), (contents) => ({
    contents,
    layer: Layer.succeed(Artifacts.ArtifactStore, {
      put: (digest, bytes) => Ref.update(contents, (all) => new Map(all).set(digest, bytes)),
      get: (digest) => Effect.map(Ref.get(contents), (all) => Option.fromNullable(all.get(digest))),
      remove: (digest) => Ref.update(contents, (all) => new Map(Array.from(all).filter(([known]) => known !== digest)))
    })
  }))

  it.live("is that of the pipeline, and keeps equal outputs once", () =>
    Effect.gen(function* () {
      const { contents, layer } = yield* keeping
      yield* Effect.all([run("x", [400]), run("x", [400, 500])]).pipe(
        Effect.provide(served(sizes.pipe(Pipeline.provide(layer))))
      )
      assert.strictEqual((yield* Ref.get(contents)).size, 2)
    })
  )

  it.scoped("loses a content in the background when the last run that refers to it is removed", () =>
    Effect.gen(function* () {
      const { contents, layer } = yield* keeping
      const size = Effect.map(Ref.get(contents), (all) => all.size)
      const store = yield* RunStore
      const { put, remove } = yield* Effect.provide(Artifacts.ArtifactStore, layer)
      yield* ArtifactKeeper.keepSweeping({ remove })
      for (const digest of ["a", "b"]) {
        yield* store.artifacts.hold(digest)
        yield* put(digest, new Uint8Array(1))
      }
      const reference = (n: number, digest: string) =>
        ({ _tag: "Artifact", runId: id(n), step: digest, artifact: { digest, bytes: 1 } }) as const
      yield* store.commit([write(ended(1)), write(ended(2)), reference(1, "a"), reference(1, "b"), reference(2, "b")])
      yield* TestClock.adjust("11 minutes")
      assert.strictEqual(yield* size, 2)
      yield* store.prune({ keep: 1 })
      yield* TestClock.adjust("9 minutes")
      assert.strictEqual(yield* size, 2)
      yield* TestClock.adjust("2 minutes")
      assert.deepStrictEqual([...(yield* Ref.get(contents)).keys()], ["b"])
    }).pipe(Effect.provide(memory()))
  )

  it.live("that fails is 503, and the run is not a success", () =>
    Effect.gen(function* () {
      const failure = new Artifacts.ArtifactStoreError({ operation: "put", digest: "0".repeat(64), reason: "no room" })
      const broken = Layer.succeed(Artifacts.ArtifactStore, {
        put: () => Effect.fail(failure),
        get: () => Effect.fail(failure),
        remove: () => Effect.fail(failure)
      })
      yield* Effect.gen(function* () {
        const { status } = yield* request("/invoke", { json: { parameters: { text: "x", times: [400] } } })
        assert.isAtLeast(status, 500)
        const { json } = yield* request("/runs?limit=1")
        assert.strictEqual(json.runs[0]?.["status"], "failed")
      }).pipe(Effect.provide(served(sizes.pipe(Pipeline.provide(broken)))))
    })
  )
})
