import { assert, describe, layer } from "@effect/vitest"
import { Effect, Ref, Schema } from "effect"
import { Pipeline, Step } from "effect-deployers"
import { RunStore } from "../../../src/Store/RunStore.js"
import { request, served } from "../Harness.js"

/** The inputs that steps were executed with. */
const executed = Effect.runSync(Ref.make<ReadonlyArray<string>>([]))

const note = (name: string) => Ref.update(executed, (all) => [...all, name])

class Odd extends Schema.TaggedError<Odd>()("Odd", {}) {}

const slow = Step.make("slow", {
  input: Schema.Struct({ text: Schema.String, trace: Schema.String }),
  output: Schema.Struct({ at: Schema.Date, text: Schema.String }),
  error: Odd,
  cache: { key: ({ text }) => text },
  run: ({ text }) =>
    Effect.zipRight(
      note(`slow ${text}`),
      text === "odd" ? Effect.fail(new Odd()) : Effect.succeed({ at: new Date(0), text })
    )
})

const whole = Step.make("whole", {
  input: Schema.Struct({ a: Schema.Int, b: Schema.optional(Schema.Int) }),
  output: Schema.Int,
  cache: true,
  run: ({ a, b = 0 }) => Effect.as(note(`whole ${a} ${b}`), a + b)
})

const brief = Step.make("brief", {
  input: Schema.Void,
  output: Schema.Int,
  cache: { ttl: 0 },
  run: () => Effect.as(note("brief"), 1)
})

const plain = Step.make("plain", {
  input: Schema.Void,
  output: Schema.Int,
  run: () => Effect.as(note("plain"), 1)
})

const cached = Pipeline.make("cached", {
  input: Schema.Struct({ text: Schema.String, trace: Schema.optional(Schema.String) }),
  output: Schema.Struct({ text: Schema.String, isDate: Schema.Boolean }),
  error: Odd,
  run: ({ text, trace = "" }) =>
    Effect.gen(function* () {
      const { at, text: found } = yield* slow({ text, trace })
      if (text === "all") {
        yield* whole({ a: 1 })
        yield* whole({ a: 1, b: 2 })
        yield* brief()
        yield* plain()
      }
      return { text: found, isDate: at instanceof Date }
    })
})

const run = (parameters: object, extra: object = {}) =>
  Effect.map(request("/invoke", { json: { parameters, ...extra } }), ({ json }) => json)

const stepsOf = (id: string) =>
  Effect.map(request(`/runs/${id}`), ({ json }) => json["steps"] as ReadonlyArray<Record<string, unknown>>)

const executions = Ref.getAndSet(executed, [])

describe("cached steps", () => {
  layer(served(cached), { excludeTestServices: true })((it) => {
    it.effect("give the recorded output for an equal key without executing, and say whose it is", () =>
      Effect.gen(function* () {
        yield* executions
        const first = yield* run({ text: "x", trace: "1" })
        const second = yield* run({ text: "x", trace: "2" })
        const third = yield* run({ text: "x" })
        assert.deepStrictEqual(yield* executions, ["slow x"])
        assert.deepStrictEqual([second["outputs"], third["outputs"]], [first["outputs"], { text: "x", isDate: true }])
        const from = { runId: first.metadata.runId, step: "slow" }
        assert.notProperty((yield* stepsOf(first.metadata.runId))[0], "cachedFrom")
        for (const { metadata } of [second, third]) {
          const [step] = yield* stepsOf(metadata.runId)
          assert.deepInclude(step, {
            status: "succeeded",
            cachedFrom: from,
            outputs: { at: "1970-01-01T00:00:00.000Z", text: "x" }
          })
        }
        yield* run({ text: "y" })
        assert.deepStrictEqual(yield* executions, ["slow y"])
      })
    )
    it.effect("know their whole input, end with their time, and leave other steps alone", () =>
      Effect.gen(function* () {
        yield* run({ text: "all" })
        assert.deepStrictEqual(yield* executions, ["slow all", "whole 1 0", "whole 1 2", "brief", "plain"])
        yield* run({ text: "all" })
        assert.deepStrictEqual(yield* executions, ["brief", "plain"])
      })
    )
    it.effect("keep no failure, and nothing of a run without data", () =>
      Effect.gen(function* () {
        yield* run({ text: "odd" })
        yield* run({ text: "odd" })
        yield* run({ text: "bare" }, { skipArtifacts: true })
        yield* run({ text: "bare" })
        assert.deepStrictEqual(yield* executions, ["slow odd", "slow odd", "slow bare", "slow bare"])
      })
    )
    it.effect("execute again when the run that made the output is gone", () =>
      Effect.gen(function* () {
        yield* run({ text: "gone" })
        yield* run({ text: "kept" })
        yield* Effect.flatMap(RunStore, (store) => store.prune({ keep: 1 }))
        yield* executions
        yield* run({ text: "kept" })
        yield* run({ text: "gone" })
        assert.deepStrictEqual(yield* executions, ["slow gone"])
      })
    )
  })

  layer(served(cached, { serving: { recording: "none" } }), { excludeTestServices: true })((it) => {
    it.effect("execute each time in a service that records nothing", () =>
      Effect.gen(function* () {
        yield* executions
        yield* run({ text: "x" })
        yield* run({ text: "x" })
        assert.deepStrictEqual(yield* executions, ["slow x", "slow x"])
      })
    )
  })

  layer(served(cached, { serving: { recovery: "resume" } }), { excludeTestServices: true })((it) => {
    it.effect("use recorded outputs in runs that may go on in another process", () =>
      Effect.gen(function* () {
        yield* executions
        yield* run({ text: "x" })
        const { metadata } = yield* run({ text: "x" })
        assert.deepStrictEqual(yield* executions, ["slow x"])
        assert.property((yield* stepsOf(metadata.runId))[0], "cachedFrom")
      })
    )
  })
})
