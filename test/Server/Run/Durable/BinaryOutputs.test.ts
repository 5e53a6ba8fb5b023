// Outputs that are bytes of runs that go on in another process: the next one keeps them, and callers read them there.
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Layer, Schema, type Scope } from "effect"
import { Artifacts, Output, Pipeline, Step } from "effect-deployers"
import type { RunStore } from "../../../../src/Store/RunStore.js"
import { memory, quiet, request } from "../../Harness.js"
import { ended, eventually, start } from "./Durable.js"

/** More than a response has in memory. */
const size = 300_000

const world = Effect.gen(function* () {
  const store = yield* Effect.provide(Artifacts.ArtifactStore, Artifacts.layerMemory)
  const gate = yield* Deferred.make<void>()
  const reached = yield* Deferred.make<void>()
  const counts = { draw: 0, gate: 0 }
  const draw = Step.make("draw", {
    input: Schema.String,
    output: Schema.String,
    run: (text) => Effect.sync(() => `${text}${++counts.draw}`)
  })
  const wait = Step.make("gate", {
    input: Schema.Void,
    output: Schema.Void,
    run: () => {
      counts.gate++
      return Effect.zipRight(Deferred.succeed(reached, undefined), Deferred.await(gate))
    }
  })
  const drawing = Pipeline.make("drawing", {
    input: Schema.Struct({ text: Schema.String }),
    output: Output.bytes({ contentType: "image/png" }),
    settings: { recovery: "resume" },
    run: ({ text }) =>
      Effect.gen(function* () {
        const drawn = yield* draw(text)
        yield* wait()
        return new TextEncoder().encode(drawn.padEnd(size, "."))
      })
  }).pipe(Pipeline.provide(Layer.succeed(Artifacts.ArtifactStore, store)))
  return { counts, drawing, gate, reached }
})

const test = <A, E>(effect: Effect.Effect<A, E, RunStore | Scope.Scope>) =>
  effect.pipe(Effect.scoped, Effect.provide(memory()), Effect.provide(quiet))

const invoke = (headers: Readonly<Record<string, string>>) =>
  request("/invoke", { json: { parameters: { text: "a" } }, headers })

const expected = "a1".padEnd(size, ".")

describe("outputs that are bytes, with recovery", () => {
  it.live("are those of the recorded steps, after a kill", () =>
    test(
      Effect.gen(function* () {
        const { counts, drawing, gate, reached } = yield* world
        const first = yield* start(drawing, {})
        const { json } = yield* first.at(invoke({ prefer: "respond-async", "idempotency-key": "k" }))
        yield* Deferred.await(reached)
        const early = yield* first.at(request(`/runs/${json.runId}/output`))
        assert.deepStrictEqual([early.status, early.json["_tag"]], [404, "ArtifactNotFound"])
        yield* first.kill
        const second = yield* start(drawing, {})
        yield* eventually(Effect.filterOrFail(Effect.succeed(counts), ({ gate }) => gate === 2))
        yield* Deferred.succeed(gate, undefined)
        const run = yield* ended(json.runId)
        assert.deepInclude({ ...run }, { status: "succeeded" })
        assert.deepInclude(run.outputs as object, { size, path: `/runs/${json.runId}/output` })
        const read = yield* second.at(request(`/runs/${json.runId}/output`))
        assert.deepStrictEqual([read.status, read.text === expected], [200, true])
        const again = yield* second.at(invoke({ "idempotency-key": "k" }))
        assert.deepStrictEqual([again.headers.get("content-type"), again.text === expected], ["image/png", true])
        assert.deepStrictEqual(counts, { draw: 1, gate: 2 })
      })
    )
  )

  it.live("are read by a caller whose run was handed over by a drain, and by the version after", () =>
    test(
      Effect.gen(function* () {
        const { counts, drawing, gate, reached } = yield* world
        const first = yield* start(drawing, { drainTimeoutMillis: 10 })
        const waiting = yield* Effect.fork(first.at(invoke({ accept: "*/*" })))
        yield* Deferred.await(reached)
        const second = yield* start(drawing, {})
        yield* first.drain
        const answer = yield* waiting
        assert.deepStrictEqual([answer.status, answer.json["_tag"]], [503, "RunContinues"])
        yield* eventually(Effect.filterOrFail(Effect.succeed(counts), ({ gate }) => gate === 2))
        yield* Deferred.succeed(gate, undefined)
        yield* ended(answer.json.runId)
        const path = `/runs/${answer.json.runId}/output`
        assert.isTrue((yield* second.at(request(path))).text === expected)
        yield* second.kill
        const third = yield* start(drawing, {})
        assert.isTrue((yield* third.at(request(path))).text === expected)
      })
    )
  )
})
