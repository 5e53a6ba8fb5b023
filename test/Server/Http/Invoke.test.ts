import { assert, describe, layer } from "@effect/vitest"
import { Effect, Option } from "effect"
import { RunStore } from "../../../src/Store/RunStore.js"
import { invoke, newest, request, served, stored } from "../Harness.js"
import { steps, weather } from "../Pipelines.js"

describe("POST /invoke", () => {
  layer(served(weather), { excludeTestServices: true })((it) => {
    it.effect("answers outputs, duration and metadata", () =>
      Effect.gen(function* () {
        const { headers, json, status } = yield* invoke({ city: "Oslo" }, { runName: "mine" })
        assert.strictEqual(status, 200)
        assert.strictEqual(headers.get("content-type"), "application/json; charset=utf-8")
        assert.deepStrictEqual(Object.keys(json), ["success", "outputs", "executionTimeMillis", "metadata"])
        assert.deepStrictEqual<unknown>(json.outputs, { summary: "Oslo: 4C" })
        assert.isAbove(Number(json.executionTimeMillis), 0)
        assert.strictEqual(json.executionTimeMillis, Math.round(Number(json.executionTimeMillis) * 1e3) / 1e3)
        assert.deepStrictEqual<unknown>(
          { ...json.metadata, runId: "", runIndex: 0 },
          {
            deploymentId: "00000000-0000-7000-8000-00000000d000",
            deploymentName: "test",
            snapshotId: "00000000-0000-7000-8000-00000000e000",
            snapshotName: "weather@1",
            pipelineName: "weather",
            runId: "",
            runIndex: 0,
            runName: "mine",
            parametersUsed: { city: "Oslo", days: 1, unit: "C" }
          }
        )
      })
    )
    it.effect("records the run with its steps before it answers", () =>
      Effect.gen(function* () {
        const { json } = yield* invoke({ city: "Rome" })
        const run = yield* stored(json.metadata.runId)
        assert.strictEqual(run.status, "succeeded")
        assert.strictEqual(run.name, `weather-${run.index}`)
        assert.deepStrictEqual(run.outputs, { summary: "Rome: 4C" })
        assert.deepStrictEqual(
          run.steps?.map(({ attempts, name, outputs, status }) => ({ attempts, name, outputs, status })),
          [
            { name: "forecast", status: "succeeded", attempts: 1, outputs: { celsius: 4 } },
            { name: "forecast#2", status: "succeeded", attempts: 1, outputs: { celsius: 5 } }
          ]
        )
      })
    )
    it.effect("counts runs up", () =>
      Effect.gen(function* () {
        const first = yield* invoke({ city: "a" })
        const second = yield* invoke({ city: "b" })
        assert.strictEqual(second.json.metadata.runIndex, first.json.metadata.runIndex + 1)
      })
    )
    it.effect("F26: answers a typed failure with its own status, encoded, with the run", () =>
      Effect.gen(function* () {
        const { json, status } = yield* invoke({ city: "Atlantis" })
        assert.strictEqual(status, 404)
        const run = yield* newest
        assert.deepStrictEqual<unknown>(json, {
          _tag: "CityUnknown",
          message: "Atlantis is not a known city.",
          error: { _tag: "CityUnknown", city: "Atlantis" },
          runId: run.id
        })
        assert.strictEqual(run.status, "failed")
        assert.deepStrictEqual(run.error, {
          _tag: "CityUnknown",
          message: "Atlantis is not a known city.",
          error: { _tag: "CityUnknown", city: "Atlantis" }
        })
      })
    )
    it.effect("F26: answers a typed failure without a status with 422", () =>
      Effect.gen(function* () {
        const { json, status } = yield* invoke({ city: "Area 51" })
        assert.strictEqual(status, 422)
        assert.strictEqual<unknown>(json._tag, "Refused")
        assert.strictEqual<unknown>(json.message, '{ "why": "secret" }')
      })
    )
    it.effect("F27: answers a defect with an opaque id and nothing else", () =>
      Effect.gen(function* () {
        const { json, status, text } = yield* invoke({ city: "Bug" })
        assert.strictEqual(status, 500)
        assert.strictEqual<unknown>(json._tag, "InternalError")
        assert.isAbove(json.id.length, 10)
        assert.notInclude(text, "TOP-SECRET")
        const run = yield* newest
        assert.strictEqual(run.status, "failed")
        assert.notInclude(JSON.stringify(run), "TOP-SECRET")
      })
    )
    it.effect("F08: lists path and reason of every problem and repeats no value", () =>
      Effect.gen(function* () {
        const { json, status, text } = yield* invoke({ days: -7, unit: "KELVIN-SECRET" })
        assert.strictEqual(status, 400)
        assert.strictEqual<unknown>(json._tag, "InvalidRequest")
        assert.deepStrictEqual<unknown>(json.issues, [
          { path: "parameters.city", reason: "is missing" },
          { path: "parameters.days", reason: "must be a positive number" },
          { path: "parameters.unit", reason: 'must be "C" or "F"' }
        ])
        assert.notInclude(text, "KELVIN-SECRET")
        assert.include(text, "The request does not fit: parameters.city: is missing;")
      })
    )
    it.effect("refuses names it does not know", () =>
      Effect.gen(function* () {
        const unknown = yield* invoke({ city: "Oslo", citty: "Oslo" })
        assert.strictEqual(unknown.status, 400)
        assert.deepStrictEqual<unknown>(unknown.json.issues, [{ path: "parameters.citty", reason: "is not expected" }])
        const { json } = yield* request("/invoke", { json: { parameters: { city: "Oslo" }, timeout: 5 } })
        assert.deepStrictEqual<unknown>(json.issues, [{ path: "timeout", reason: "is not expected" }])
      })
    )
    it.effect("refuses bodies that are no invocation", () =>
      Effect.gen(function* () {
        const issues = (json: unknown) =>
          Effect.map(request("/invoke", { json }), (reply) => [reply.status, reply.json.issues])
        assert.deepStrictEqual<unknown>(yield* issues({}), [400, [{ path: "parameters", reason: "is missing" }]])
        assert.deepStrictEqual<unknown>(yield* issues([]), [
          400,
          [{ path: "", reason: 'must be an object such as { "parameters": {...} }' }]
        ])
        assert.deepStrictEqual<unknown>(yield* issues({ parameters: { city: "x" }, timeoutMillis: 0 }), [
          400,
          [{ path: "timeoutMillis", reason: "must be a whole number of at least 1" }]
        ])
        assert.deepStrictEqual<unknown>(yield* issues({ parameters: { city: "x" }, runName: "" }), [
          400,
          [{ path: "runName", reason: "must be a string at least 1 character(s) long" }]
        ])
      })
    )
    it.effect("creates no run for a request that does not decode", () =>
      Effect.gen(function* () {
        const before = yield* newest
        yield* invoke({ city: 7 })
        assert.strictEqual((yield* newest).id, before.id)
      })
    )
    it.effect("records only statuses and times when artifacts are skipped", () =>
      Effect.gen(function* () {
        const { json, status } = yield* invoke({ city: "Paris" }, { skipArtifacts: true })
        assert.strictEqual(status, 200)
        assert.deepStrictEqual<unknown>(json.outputs, { summary: "Paris: 5C" })
        const run = yield* stored(json.metadata.runId)
        assert.notInclude(JSON.stringify(run), "Paris")
        assert.notProperty(run, "outputs")
        assert.deepStrictEqual(
          run.steps?.map(({ name, outputs, status }) => [name, status, outputs]),
          [
            ["forecast", "succeeded", undefined],
            ["forecast#2", "succeeded", undefined]
          ]
        )
        const failed = yield* invoke({ city: "Atlantis" }, { skipArtifacts: true })
        assert.deepStrictEqual((yield* stored(failed.json.runId)).error, { _tag: "CityUnknown" })
      })
    )
    it.effect("stores published messages in order", () =>
      Effect.gen(function* () {
        const { json } = yield* invoke({ city: "Lima" })
        const page = yield* (yield* RunStore).events({ runId: json.metadata.runId, after: 5 })
        assert.deepStrictEqual(Option.getOrThrow(page).events[0], {
          sequence: 6,
          event: "message",
          data: { progress: 0.5 }
        })
      })
    )
  })
})

describe("steps of a run", () => {
  layer(served(steps), { excludeTestServices: true })((it) => {
    const run = (kind: string) =>
      Effect.gen(function* () {
        const reply = yield* invoke({ kind })
        return { ...reply, run: yield* newest }
      })
    it.effect("are numbered by call", () =>
      Effect.gen(function* () {
        const { run: recorded } = yield* run("loop")
        assert.deepStrictEqual(
          recorded.steps?.map(({ name, outputs }) => [name, outputs]),
          [
            ["square", 1],
            ["square#2", 4],
            ["square#3", 9]
          ]
        )
      })
    )
    it.effect("keep their own outputs when they run in parallel", () =>
      Effect.gen(function* () {
        const { run: recorded } = yield* run("parallel")
        assert.deepStrictEqual(
          recorded.steps?.map(({ name, outputs }) => [name, outputs]),
          [
            ["square", 1],
            ["square#2", 4],
            ["square#3", 9],
            ["square#4", 16]
          ]
        )
      })
    )
    it.effect("count the attempts of a retry as one step", () =>
      Effect.gen(function* () {
        const { json, run: recorded } = yield* run("flaky")
        assert.strictEqual<unknown>(json.outputs, 3)
        assert.deepStrictEqual(
          recorded.steps?.map(({ attempts, name, status }) => [name, status, attempts]),
          [["flaky", "succeeded", 3]]
        )
      })
    )
    it.effect("record their typed failure as data", () =>
      Effect.gen(function* () {
        const { run: recorded, status } = yield* run("refusing")
        assert.strictEqual(status, 422)
        assert.deepStrictEqual(
          recorded.steps?.map(({ error, status }) => [status, error]),
          [["failed", { _tag: "Refused", why: "always" }]]
        )
      })
    )
    it.effect("may fail without the run failing", () =>
      Effect.gen(function* () {
        const { run: recorded, status } = yield* run("recovers")
        assert.strictEqual(status, 200)
        assert.deepStrictEqual(
          recorded.steps?.map(({ status }) => status),
          ["failed"]
        )
      })
    )
    it.effect("time out with 504", () =>
      Effect.gen(function* () {
        const { json, run: recorded, status } = yield* run("slow")
        assert.strictEqual(status, 504)
        assert.strictEqual<unknown>(json._tag, "StepTimedOut")
        assert.deepStrictEqual<unknown>(json.error, { _tag: "StepTimedOut", step: "slow", timeoutMillis: 20 })
        assert.strictEqual(recorded.status, "failed")
        assert.deepStrictEqual(
          recorded.steps?.map(({ error, status }) => [status, error]),
          [["failed", { _tag: "StepTimedOut", step: "slow", timeoutMillis: 20 }]]
        )
      })
    )
    it.effect("F31: whose output does not fit fail the run with 500", () =>
      Effect.gen(function* () {
        const { json, run: recorded, status, text } = yield* run("lying")
        assert.strictEqual(status, 500)
        assert.strictEqual<unknown>(json._tag, "InternalError")
        assert.notInclude(text, "seven")
        assert.strictEqual(recorded.status, "failed")
        assert.deepStrictEqual(
          recorded.steps?.map(({ status }) => status),
          ["failed"]
        )
      })
    )
    it.effect.each([
      "bigint",
      "cycle",
      "throws",
      "thrownUndefined",
      "thrownSymbol",
      "thrownHostile",
      "foreignFailure",
      "publishCycle",
      "interruptsItself"
    ])("F28 F29: a run that ends as %s is a 500 and recorded as failed", (kind) =>
      Effect.gen(function* () {
        const { json, run: recorded, status, text } = yield* run(kind)
        assert.strictEqual(status, 500)
        assert.strictEqual<unknown>(json._tag, "InternalError")
        assert.strictEqual<unknown>(json.runId, recorded.id)
        assert.notInclude(text, "TOP-SECRET")
        assert.strictEqual(recorded.status, "failed")
      })
    )
  })
})
