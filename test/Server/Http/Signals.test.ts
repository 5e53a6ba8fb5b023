import { FetchHttpClient } from "@effect/platform"
import { assert, describe, it, layer } from "@effect/vitest"
import { Deferred, Effect, Schema } from "effect"
import { Client, Pipeline, Run, Step } from "effect-deployers"
import { Serve } from "effect-deployers/Server"
import { invoke, key, type Reply, request, served } from "../Harness.js"
import { makeLatch, waiting, weather } from "../Pipelines.js"
import { eventually } from "../Run/Durable/Durable.js"

const Approval = Schema.Struct({
  by: Schema.String,
  at: Schema.optional(Schema.Date),
  kind: Schema.optional(
    Schema.Union(Schema.Struct({ type: Schema.Literal("a") }), Schema.Struct({ type: Schema.Literal("b") }))
  )
})

/** Waits for an approval, and once more with a timeout. */
const approved = Pipeline.make("approved", {
  input: Schema.Struct({ timeoutMillis: Schema.optional(Schema.Int) }),
  output: Schema.Array(Schema.String),
  error: Run.SignalTimedOut,
  run: ({ timeoutMillis }) =>
    Effect.gen(function* () {
      yield* Run.publish("waiting")
      const first = yield* Run.waitFor("approval", Approval, { timeout: timeoutMillis ?? "1 hour" })
      const second = yield* Run.waitFor("approval", Approval)
      return [first.by, second.by]
    })
})

/** The client of the harness knows the URL already. */
const called = Effect.provide(FetchHttpClient.layer)

const tag = ({ json, status }: Reply) => [status, json["_tag"]]

const send = (id: string, body: unknown, name = "approval") =>
  request(`/runs/${id}/signals/${name}`, { json: body ?? "null" })

const started = Effect.map(invoke({}, {}, { headers: { prefer: "respond-async" } }), ({ json }) => json.runId)

const ended = (id: string) =>
  eventually(
    Effect.filterOrFail(
      request(`/runs/${id}`),
      ({ json }) => json["status"] !== "running" && json["status"] !== "queued"
    )
  ).pipe(Effect.orDie)

for (const recovery of ["fail", "resume"] as const) {
  describe(`POST /runs/{id}/signals/{name} with recovery "${recovery}"`, () => {
    layer(served(approved, { serving: { recovery, maxConcurrency: 2 } }), { excludeTestServices: true })((it) => {
      it.effect("reaches a run that waits, and is kept for a later wait", () =>
        Effect.gen(function* () {
          const id = yield* started
          assert.deepStrictEqual(
            [(yield* send(id, { by: "Ada" })).status, (yield* send(id, { by: "Bo" })).status],
            [202, 202]
          )
          assert.deepInclude((yield* ended(id)).json, { status: "succeeded", outputs: ["Ada", "Bo"] })
        })
      )

      it.effect("is named by the record of a run that waits for it, with the JSON Schema of its body", () =>
        Effect.gen(function* () {
          const { url } = yield* Serve.Served
          const id = yield* started
          const waits = Effect.flatMap(called(Client.run({ url }, id)), ({ waitsFor }) => Effect.fromNullable(waitsFor))
          const [wait, ...others] = yield* Effect.orDie(eventually(waits))
          assert.lengthOf(others, 0)
          assert.strictEqual(wait?.signal, "approval")
          assert.deepInclude(wait?.schema, { type: "object", required: ["by"] })
          yield* send(id, { by: "Ada" })
          yield* send(id, { by: "Bo" })
          assert.isUndefined((yield* ended(id)).json["waitsFor"])
        })
      )

      it.effect("is refused where it does not fit the Schema of the wait, and the run waits on", () =>
        Effect.gen(function* () {
          const id = yield* started
          const { url } = yield* Serve.Served
          const refused = yield* eventually(
            Effect.filterOrFail(send(id, { by: 7 }), ({ status }) => status === 400)
          ).pipe(Effect.orDie)
          assert.deepStrictEqual(refused.json["issues"], [{ path: "by", reason: "must be a string" }])
          const refusedTag = yield* send(id, { by: "Cy", kind: { type: { toString: null } } })
          assert.deepStrictEqual(refusedTag.json["issues"], [{ path: "kind.type.toString", reason: "is not expected" }])
          const again = yield* Effect.all(
            Array.from({ length: 8 }, () => send(id, { by: 7 })),
            { concurrency: 8 }
          )
          assert.deepStrictEqual(
            again.map(({ status }) => status),
            Array.from(again, () => 400)
          )
          yield* called(Client.signal({ url }, id, "approval", { by: "Cy" }))
          yield* called(Client.signal({ url }, id, "approval", { by: "Di" }))
          assert.deepInclude((yield* ended(id)).json, { outputs: ["Cy", "Di"] })
        })
      )

      it.effect("is refused for a run that has ended or does not exist, and for a malformed body", () =>
        Effect.gen(function* () {
          const { url } = yield* Serve.Served
          const id = yield* started
          assert.deepStrictEqual(tag(yield* send(id, '{"by":')), [400, "InvalidRequest"])
          yield* request(`/runs/${id}/cancel`, { method: "POST" })
          assert.deepStrictEqual(tag(yield* send(id, { by: "Ada" })), [409, "RunHasEnded"])
          assert.strictEqual((yield* Effect.flip(called(Client.signal({ url }, id, "approval"))))._tag, "RunHasEnded")
          const none = "0190a0b0-c0d0-7e0f-8a0b-0c0d0e0f0a0b"
          assert.deepStrictEqual(tag(yield* send(none, { by: "Ada" })), [404, "RunNotFound"])
          assert.deepStrictEqual(tag(yield* request(`/runs/${id}/signals/approval`)), [405, "MethodNotAllowed"])
          assert.deepStrictEqual(tag(yield* request(`/runs/${id}/signals/a/b`, { json: {} })), [404, "NotFound"])
        })
      )

      it.effect("runs that wait leave their places to others, and a wait ends at its timeout", () =>
        Effect.gen(function* () {
          const waiting = [yield* started, yield* started, yield* started]
          const timedOut = yield* invoke({ timeoutMillis: 20 })
          assert.deepStrictEqual(tag(timedOut), [504, "SignalTimedOut"])
          for (const id of waiting) yield* request(`/runs/${id}/cancel`, { method: "POST" })
        })
      )
    })
  })
}

class Broken extends Schema.TaggedError<Broken>()("Broken", {}) {}

describe("POST /runs/{id}/retry", () => {
  const calls: Record<string, number> = {}
  const step = (name: string, fails: (call: number) => boolean) =>
    Step.make(name, {
      input: Schema.Int,
      output: Schema.Int,
      error: Broken,
      run: (value) =>
        Effect.suspend(() => {
          const call = (calls[name] ?? 0) + 1
          calls[name] = call
          return fails(call) ? Effect.fail(new Broken()) : Effect.succeed(value + 1)
        })
    })
  const [first, second, third] = [
    step("first", () => false),
    step("second", (call) => call === 1),
    step("third", () => false)
  ]
  const flaky = Pipeline.make("flaky", {
    input: Schema.Struct({ start: Schema.Int }),
    output: Schema.Int,
    error: Broken,
    run: ({ start }) => first(start).pipe(Effect.flatMap(second), Effect.flatMap(third))
  })
  const retry = (id: string, body: unknown) => request(`/runs/${id}/retry`, { json: body })

  layer(served(flaky, { serving: { recovery: "resume" } }), { excludeTestServices: true })((it) => {
    it.effect("goes on from the failed step with the recorded results, or starts anew", () =>
      Effect.gen(function* () {
        const { url } = yield* Serve.Served
        const failed = yield* invoke({ start: 1 })
        assert.deepStrictEqual(tag(failed), [422, "Broken"])
        const again = yield* retry(failed.json.runId, { from: "failed" })
        assert.strictEqual(again.status, 202)
        assert.strictEqual(again.headers.get("location"), `/runs/${again.json.runId}`)
        const run = (yield* ended(again.json.runId)).json
        assert.deepInclude(run, { status: "succeeded", outputs: 4, parameters: { start: 1 } })
        assert.deepStrictEqual(calls, { first: 1, second: 2, third: 1 })
        const steps = run["steps"] as ReadonlyArray<{ readonly name: string; readonly outputs: unknown }>
        assert.deepStrictEqual(
          steps.map(({ name, outputs }) => [name, outputs]),
          [
            ["first", 2],
            ["second", 3],
            ["third", 4]
          ]
        )
        const anew = yield* called(Client.retry({ url }, failed.json.runId))
        assert.deepInclude((yield* ended(anew)).json, { status: "succeeded", outputs: 4 })
        assert.deepStrictEqual(calls, { first: 2, second: 3, third: 2 })
        assert.deepStrictEqual(tag(yield* retry(anew, { from: "failed" })), [409, "RunNotRetryable"])
      })
    )

    it.effect("refuses another body, an unknown run and a run without its data", () =>
      Effect.gen(function* () {
        const none = "0190a0b0-c0d0-7e0f-8a0b-0c0d0e0f0a0b"
        const { json } = yield* retry(none, { from: "middle" })
        assert.deepStrictEqual(json["issues"], [{ path: "from", reason: 'must be "failed" or "start"' }])
        assert.deepStrictEqual(tag(yield* retry(none, { from: "start" })), [404, "RunNotFound"])
        const bare = yield* invoke({ start: 1 }, { skipArtifacts: true })
        const refused = yield* retry(bare.json.metadata.runId, { from: "start" })
        assert.deepInclude(refused.json, { _tag: "RunNotRetryable", reason: "noData" })
      })
    )
  })

  it.live("refuses a run in progress, and results that are not kept", () =>
    Effect.gen(function* () {
      const latch = yield* makeLatch
      yield* Effect.gen(function* () {
        const { json } = yield* invoke({}, {}, { headers: { prefer: "respond-async" } })
        yield* Deferred.await(latch.started)
        assert.deepInclude((yield* retry(json.runId, { from: "start" })).json, { reason: "inProgress" })
        yield* request(`/runs/${json.runId}/cancel`, { method: "POST" })
        assert.deepInclude((yield* retry(json.runId, { from: "failed" })).json, { reason: "noResults" })
      }).pipe(Effect.provide(served(waiting(latch))))
    })
  )

  it.live("needs the key with the scope of invocations", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* retry("x", { from: "start" })).status, 401)
      assert.strictEqual((yield* send("x", {})).status, 401)
    }).pipe(Effect.provide(served(weather, { key })))
  )
})
