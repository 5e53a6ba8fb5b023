import { assert, describe, layer } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { Pipeline, Step } from "effect-deployers"
import { request, served } from "../Harness.js"

const talk = Step.make("talk", {
  input: Schema.Number,
  output: Schema.Void,
  run: (n) => Effect.annotateLogs(Effect.logWarning("in a step", { n }), "step", n)
})

const talkative = Pipeline.make("talkative", {
  input: Schema.Struct({ lines: Schema.Int, text: Schema.optional(Schema.String) }),
  output: Schema.Void,
  run: ({ lines, text = "line" }) =>
    Effect.gen(function* () {
      for (let n = 1; n <= lines; n++) yield* Effect.logInfo(text, n)
      if (lines > 0) yield* talk(lines)
      if (text === "fails") yield* Effect.logError("it failed", new Error("reason"))
      if (text === "waits") return yield* Effect.never
    })
})

const run = (parameters: object, extra: object = {}, headers = {}) =>
  Effect.map(request("/invoke", { json: { parameters, ...extra }, headers }), ({ json }) => json)

interface Page {
  readonly lines: ReadonlyArray<{
    readonly sequence: number
    readonly at: string
    readonly level: string
    readonly message: string
    readonly fields?: Readonly<Record<string, unknown>>
  }>
  readonly nextAfter?: number
}

const logsOf = (id: string, query = "") =>
  Effect.map(request(`/runs/${id}/logs${query}`), ({ json }) => json as unknown as Page)

describe("GET /runs/{id}/logs", () => {
  layer(served(talkative), { excludeTestServices: true })((it) => {
    it.effect("has the lines of the run in their order, with level and annotations, and no other line", () =>
      Effect.gen(function* () {
        const [one, other] = yield* Effect.all([run({ lines: 2 }), run({ lines: 1, text: "other" })], {
          concurrency: "unbounded"
        })
        const { lines } = yield* logsOf(one.metadata.runId)
        assert.deepStrictEqual(
          lines.map(({ fields, level, message, sequence }) => [sequence, level, message, fields]),
          [
            [1, "INFO", "line 1", undefined],
            [2, "INFO", "line 2", undefined],
            [3, "WARN", 'in a step {"n":2}', { step: 2 }]
          ]
        )
        assert.match(lines[0]?.at ?? "", /^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
        assert.lengthOf((yield* logsOf(other.metadata.runId)).lines, 2)
      })
    )
    it.effect("has the cause of an error", () =>
      Effect.gen(function* () {
        const { metadata } = yield* run({ lines: 0, text: "fails" })
        const { lines } = yield* logsOf(metadata.runId)
        assert.deepStrictEqual(
          lines.map(({ level }) => level),
          ["ERROR"]
        )
        assert.include(JSON.stringify(lines), "reason")
      })
    )
    it.effect("pages by position, and says no to a query that does not fit", () =>
      Effect.gen(function* () {
        const { metadata } = yield* run({ lines: 4 })
        const first = yield* logsOf(metadata.runId, "?limit=3")
        assert.deepStrictEqual([first.lines.length, first.nextAfter], [3, 3])
        const rest = yield* logsOf(metadata.runId, `?after=${first.nextAfter}`)
        assert.deepStrictEqual([rest.lines.map(({ sequence }) => sequence), rest.nextAfter], [[4, 5], undefined])
        for (const query of ["?limit=0", "?limit=1001", "?after=-1", "?after=x"]) {
          const { json, status } = yield* request(`/runs/${metadata.runId}/logs${query}`)
          assert.deepStrictEqual([status, json["_tag"]], [400, "InvalidRequest"], query)
        }
      })
    )
    it.effect("shows a run in progress, and an empty list for a run that logs nothing", () =>
      Effect.gen(function* () {
        const { metadata } = yield* run({ lines: 0 })
        assert.deepStrictEqual(yield* logsOf(metadata.runId), { lines: [] })
        const { runId } = yield* run({ lines: 1, text: "waits" }, {}, { prefer: "respond-async" })
        const { lines } = yield* Effect.repeat(logsOf(runId), { until: ({ lines }) => lines?.length === 2 })
        assert.strictEqual(lines[0]?.message, "waits 1")
        yield* request(`/runs/${runId}/cancel`, { method: "POST" })
        assert.lengthOf((yield* logsOf(runId)).lines, 2)
      })
    )
    it.effect("is 404 for a run that does not exist, and empty for a run without data", () =>
      Effect.gen(function* () {
        const missing = yield* request("/runs/00000000-0000-7000-8000-000000000000/logs")
        assert.deepStrictEqual([missing.status, missing.json["_tag"]], [404, "RunNotFound"])
        const { metadata } = yield* run({ lines: 3 }, { skipArtifacts: true })
        assert.deepStrictEqual(yield* logsOf(metadata.runId), { lines: [] })
      })
    )
  })

  layer(served(talkative, { serving: { maxRunLogBytes: 200, maxLogLineBytes: 1_024 } }), {
    excludeTestServices: true
  })((it) => {
    it.effect("keeps the first lines up to the limit, and says that there were more", () =>
      Effect.gen(function* () {
        const { metadata } = yield* run({ lines: 100 })
        const { lines } = yield* logsOf(metadata.runId)
        assert.strictEqual(lines[0]?.message, "line 1")
        assert.isBelow(lines.length, 15)
        assert.include(lines.at(-1)?.message, "maxRunLogBytes")
      })
    )
  })

  layer(served(talkative, { serving: { maxRunLogBytes: 0 } }), { excludeTestServices: true })((it) => {
    it.effect("keeps nothing with the limit 0", () =>
      Effect.gen(function* () {
        const { metadata } = yield* run({ lines: 2 })
        assert.deepStrictEqual(yield* logsOf(metadata.runId), { lines: [] })
      })
    )
  })
})
