// The other modes of a run: accepted without a wait, followed while it is in progress, replayed afterwards, cancelled.
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer } from "effect"
import { Serve } from "effect-deployers/Server"
import { RunStore } from "../../../src/Store/RunStore.js"
import { Breaker, fragile, invoke, memory, quiet, request, served, serving } from "../Harness.js"
import { makeLatch, waiting, weather } from "../Pipelines.js"
import { follow, names, told } from "../Sse.js"

const later = { headers: { prefer: "respond-async" } }
const streamed = { headers: { accept: "text/event-stream" } }

/** Serves the waiting pipeline and gives its latch. */
const withLatch = <A, E>(
  options: Parameters<typeof served>[1],
  use: (latch: Effect.Effect.Success<typeof makeLatch>) => Effect.Effect<A, E, Serve.Served | RunStore>
) => Effect.flatMap(makeLatch, (latch) => Effect.provide(use(latch), served(waiting(latch), options)))

/** A service beside others, over the same store. */
const beside = (latch: Effect.Effect.Success<typeof makeLatch>) =>
  Layer.build(Layer.fresh(Layer.provide(serving(waiting(latch)), quiet)))

const untilStatus = (id: string, status: string) =>
  Effect.repeat(request(`/runs/${id}`), { until: ({ json }) => json["status"] === status })

const cancel = (id: string) => request(`/runs/${id}/cancel`, { method: "POST" })

describe("Prefer: respond-async", () => {
  it.live("is answered with 202 and where the run is, which goes on and ends", () =>
    withLatch({}, (latch) =>
      Effect.gen(function* () {
        const { headers, json, status } = yield* invoke({}, { runName: "later" }, later)
        assert.strictEqual(status, 202)
        assert.deepStrictEqual(Object.keys(json), ["runId"])
        assert.strictEqual(headers.get("location"), `/runs/${json.runId}`)
        assert.strictEqual(headers.get("preference-applied"), "respond-async")
        yield* Deferred.await(latch.started)
        const going = yield* request(headers.get("location") ?? "")
        assert.deepInclude(going.json, { id: json.runId, name: "later", status: "running" })
        yield* Deferred.succeed(latch.release, undefined)
        const { json: ended } = yield* untilStatus(json.runId, "succeeded")
        assert.strictEqual(ended["outputs"], "released")
      })
    )
  )

  it.live("F22: is on disk when it is answered, also while it waits for its place", () =>
    withLatch({ serving: { maxConcurrency: 1, maxQueue: 1 } }, (latch) =>
      Effect.gen(function* () {
        const store = yield* RunStore
        const first = yield* invoke({}, {}, later)
        yield* Deferred.await(latch.started)
        const second = yield* invoke({}, {}, later)
        assert.deepStrictEqual([first.status, second.status], [202, 202])
        const stored = yield* store.find(second.json.runId)
        assert.strictEqual(stored._tag === "Some" && stored.value.status, "queued")
        assert.strictEqual((yield* invoke({}, {}, later)).status, 429)
        yield* Deferred.succeed(latch.release, undefined)
        yield* untilStatus(second.json.runId, "succeeded")
      })
    )
  )

  it.live("is refused as others are, and when it cannot be stored", () =>
    Effect.gen(function* () {
      const { set } = yield* Breaker
      assert.strictEqual((yield* invoke({ city: 1 }, {}, later)).status, 400)
      yield* set(() => true)
      const { json, status } = yield* invoke({ city: "Oslo" }, {}, later)
      assert.deepStrictEqual([status, json["reason"]], [503, "store"])
      yield* set(() => false)
      const store = yield* RunStore
      const { runs } = yield* store.list({ limit: 10 })
      assert.deepStrictEqual(runs, [])
    }).pipe(Effect.provide(Layer.provideMerge(serving(weather), fragile).pipe(Layer.provide(quiet))))
  )

  it.live("means nothing where nothing is recorded, or when it is another preference", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* invoke({ city: "Oslo" }, {}, later)).status, 200)
    }).pipe(
      Effect.provide(served(weather, { serving: { recording: "none" } })),
      Effect.zipRight(
        Effect.gen(function* () {
          const other = { headers: { prefer: "wait=10, respond-asynchronously" } }
          assert.strictEqual((yield* invoke({ city: "Oslo" }, {}, other)).status, 200)
          const among = { headers: { prefer: "wait=10, Respond-Async; x=1" } }
          assert.strictEqual((yield* invoke({ city: "Oslo" }, {}, among)).status, 202)
        }).pipe(Effect.provide(served(weather)))
      )
    )
  )
})

describe("Accept: text/event-stream", () => {
  it.live("sends each event with its position, and ends", () =>
    Effect.gen(function* () {
      const { headers, status, text } = yield* invoke({ city: "Oslo" }, { runName: "seen" }, streamed)
      assert.strictEqual(status, 200)
      assert.strictEqual(headers.get("content-type"), "text/event-stream")
      assert.strictEqual(headers.get("cache-control"), "no-store")
      const events = told(text)
      assert.deepStrictEqual(
        events.map(({ event, id }) => [id, event]),
        [
          [1, "run_started"],
          [2, "step_started"],
          [3, "step_finished"],
          [4, "step_started"],
          [5, "step_finished"],
          [6, "message"],
          [7, "run_finished"]
        ]
      )
      assert.deepInclude(events[0]?.data, {
        runName: "seen",
        runIndex: 1,
        parameters: { city: "Oslo", days: 1, unit: "C" }
      })
      assert.deepInclude(events[2]?.data, { step: "forecast", status: "succeeded", outputs: { celsius: 4 } })
      assert.deepInclude(events[3]?.data, { step: "forecast#2" })
      assert.deepStrictEqual(events[5]?.data, { progress: 0.5 })
      assert.deepInclude(events[6]?.data, { status: "succeeded", outputs: { summary: "Oslo: 4C" } })
    }).pipe(Effect.provide(served(weather)))
  )

  it.live("F18: replays the same events from the record, after a given position", () =>
    Effect.gen(function* () {
      const { text } = yield* invoke({ city: "Oslo" }, {}, streamed)
      const live = told(text)
      const id = live[0]?.data["runId"]
      const again = yield* request(`/runs/${id}/events`)
      assert.deepStrictEqual(told(again.text), live)
      const rest = yield* request(`/runs/${id}/events`, { headers: { "last-event-id": "5" } })
      assert.deepStrictEqual(told(rest.text), live.slice(5))
      const none = yield* request(`/runs/${id}/events`, { headers: { "last-event-id": "7" } })
      assert.deepStrictEqual([none.status, none.text], [204, ""])
    }).pipe(Effect.provide(served(weather)))
  )

  it.live("ends with how the run failed", () =>
    Effect.gen(function* () {
      const failed = told((yield* invoke({ city: "Atlantis" }, {}, streamed)).text)
      assert.deepStrictEqual(names(failed), ["run_started", "run_finished"])
      assert.deepInclude(failed[1]?.data, { status: "failed" })
      assert.deepInclude(failed[1]?.data["error"], { _tag: "CityUnknown" })
      const broken = yield* invoke({ city: "Bug" }, {}, streamed)
      assert.notInclude(broken.text, "TOP-SECRET")
      assert.deepInclude(told(broken.text)[1]?.data["error"], { _tag: "InternalError" })
    }).pipe(Effect.provide(served(weather)))
  )

  it.live("is refused in JSON before the run starts", () =>
    Effect.gen(function* () {
      const { headers, json, status } = yield* invoke({ city: 1 }, {}, streamed)
      assert.deepStrictEqual([status, json["_tag"]], [400, "InvalidRequest"])
      assert.match(headers.get("content-type") ?? "", /^application\/json/)
      for (const quality of ["0", "0.000", "0.5"]) {
        const accept = `application/json, text/event-stream;q=${quality}`
        const unwanted = yield* invoke({ city: "Oslo" }, {}, { headers: { accept } })
        assert.strictEqual(unwanted.json["success"], true, quality)
      }
    }).pipe(Effect.provide(served(weather)))
  )

  it.live("works where nothing is recorded", () =>
    Effect.gen(function* () {
      const events = told((yield* invoke({ city: "Oslo" }, {}, streamed)).text)
      assert.strictEqual(events.length, 7)
      assert.deepInclude(events[6]?.data, { status: "succeeded", outputs: { summary: "Oslo: 4C" } })
      assert.strictEqual((yield* request(`/runs/${events[0]?.data["runId"]}/events`)).status, 404)
    }).pipe(Effect.provide(served(weather, { serving: { recording: "none" } })))
  )

  it.live("F17: interrupts the run when its caller goes away", () =>
    withLatch({}, (latch) =>
      Effect.gen(function* () {
        const body = JSON.stringify({ parameters: {} })
        const headers = { ...streamed.headers, "content-type": "application/json" }
        yield* Effect.scoped(
          Effect.flatMap(follow("/invoke", { method: "POST", body, headers }), ({ take }) => take(2))
        )
        yield* Deferred.await(latch.interrupted)
        const { json } = yield* Effect.repeat(request("/runs?limit=1"), {
          until: ({ json }) => json.runs[0]?.["status"] === "interrupted"
        })
        assert.strictEqual(json.runs[0]?.["cause"], "disconnected")
      })
    )
  )

  it.live("is 503 when nothing of the run can be stored: no event is sent that is not on disk", () =>
    Effect.gen(function* () {
      const { set } = yield* Breaker
      yield* set(() => true)
      const { json, status } = yield* invoke({ city: "Oslo" }, {}, streamed)
      assert.deepStrictEqual([status, json["_tag"], json["reason"]], [503, "ServiceUnavailable", "store"])
      yield* set(() => false)
    }).pipe(Effect.provide(Layer.provideMerge(serving(weather), fragile).pipe(Layer.provide(quiet))))
  )
})

describe("GET /runs/{id}/events", () => {
  it.live("sends the past and the future events of a run in progress to all followers", () =>
    withLatch({}, (latch) =>
      Effect.gen(function* () {
        const { json } = yield* invoke({}, {}, later)
        yield* Deferred.await(latch.started)
        const one = yield* follow(`/runs/${json.runId}/events`)
        const two = yield* follow(`/runs/${json.runId}/events`, { headers: { "last-event-id": "1" } })
        assert.deepStrictEqual(names(yield* one.take(2)), ["run_started", "step_started"])
        assert.deepStrictEqual(names(yield* two.take(1)), ["step_started"])
        yield* Deferred.succeed(latch.release, undefined)
        const rest = yield* one.rest
        assert.deepStrictEqual(names(rest), ["step_finished", "run_finished"])
        assert.deepStrictEqual(yield* two.rest, rest)
      }).pipe(Effect.scoped)
    )
  )

  it.live("says so when the end of the run cannot be stored", () =>
    Effect.gen(function* () {
      const latch = yield* makeLatch
      yield* Effect.gen(function* () {
        const { set } = yield* Breaker
        const { json } = yield* invoke({}, {}, later)
        yield* Deferred.await(latch.started)
        const { rest } = yield* follow(`/runs/${json.runId}/events`, { headers: { "last-event-id": "2" } })
        yield* set(() => true)
        yield* Deferred.succeed(latch.release, undefined)
        assert.deepStrictEqual(names(yield* rest), ["unavailable"])
        yield* set(() => false)
      }).pipe(
        Effect.scoped,
        Effect.provide(Layer.provideMerge(serving(waiting(latch)), fragile).pipe(Layer.provide(quiet)))
      )
    })
  )

  it.live("F17: leaves the run alone when who follows goes away", () =>
    withLatch({}, (latch) =>
      Effect.gen(function* () {
        const { json } = yield* invoke({}, {}, later)
        yield* Deferred.await(latch.started)
        yield* Effect.scoped(Effect.flatMap(follow(`/runs/${json.runId}/events`), ({ take }) => take(1)))
        yield* Deferred.succeed(latch.release, undefined)
        yield* untilStatus(json.runId, "succeeded")
      })
    )
  )

  it.live("F20: ends with the run when the service stops", () =>
    withLatch({ serving: { drainTimeoutMillis: 50 } }, (latch) =>
      Effect.gen(function* () {
        const { drain } = yield* Serve.Served
        const { json } = yield* invoke({}, {}, later)
        yield* Deferred.await(latch.started)
        const followed = yield* follow(`/runs/${json.runId}/events`, { headers: { "last-event-id": "2" } })
        yield* drain
        const events = yield* followed.rest
        assert.deepStrictEqual(names(events), ["step_finished", "run_finished"])
        assert.deepInclude(events[1]?.data, { status: "interrupted", cause: "shutdown" })
      }).pipe(Effect.scoped)
    )
  )

  it.live("is refused beyond the limit of streams, until one of them ends", () =>
    withLatch({ serving: { maxStreams: 2 } }, (latch) =>
      Effect.gen(function* () {
        const body = { method: "POST", body: '{"parameters":{}}' }
        const headers = { ...streamed.headers, "content-type": "application/json" }
        const caller = yield* follow("/invoke", { ...body, headers })
        const [begun] = yield* caller.take(1)
        const path = `/runs/${begun?.data["runId"]}/events`
        yield* Effect.scoped(
          Effect.gen(function* () {
            yield* Effect.flatMap(follow(path), ({ take }) => take(1))
            for (const refused of [
              yield* request(path),
              yield* request(path),
              yield* request("/invoke", { ...body, headers }),
              yield* request("/invoke", { ...body, headers: { ...headers, "idempotency-key": "a" } })
            ]) {
              assert.strictEqual(refused.status, 503)
              assert.deepInclude(refused.json, { _tag: "ServiceUnavailable", reason: "streams" })
              assert.strictEqual(refused.headers.get("retry-after"), "1")
            }
          })
        )
        assert.strictEqual((yield* invoke({}, {}, later)).status, 202)
        yield* Deferred.succeed(latch.release, undefined)
        yield* Effect.repeat(request(path), { until: ({ status }) => status === 200 })
        yield* caller.rest
        yield* Effect.repeat(request("/invoke", { ...body, headers }), { until: ({ status }) => status === 200 })
      }).pipe(Effect.scoped)
    )
  )

  it.live("knows no run of another id, and no position that is none", () =>
    Effect.gen(function* () {
      const { json, status } = yield* request("/runs/00000000-0000-7000-8000-000000000000/events")
      assert.deepStrictEqual([status, json["_tag"]], [404, "RunNotFound"])
      const { json: run } = yield* invoke({ city: "Oslo" })
      const odd = yield* request(`/runs/${run.metadata.runId}/events`, { headers: { "last-event-id": "x" } })
      assert.strictEqual(odd.status, 400)
      assert.strictEqual((yield* request(`/runs/${run.metadata.runId}/other`)).status, 404)
      assert.strictEqual((yield* request(`/runs/a/b/events`)).status, 404)
    }).pipe(Effect.provide(served(weather)))
  )
})

describe("POST /runs/{id}/cancel", () => {
  it.live("interrupts a run, answers how it ended, and again the same", () =>
    withLatch({}, (latch) =>
      Effect.gen(function* () {
        const waited = yield* Effect.fork(invoke({}))
        yield* Deferred.await(latch.started)
        const { json: list } = yield* request("/runs?limit=1")
        const id = list.runs[0]?.id ?? ""
        const first = yield* cancel(id)
        assert.strictEqual(first.status, 200)
        assert.deepInclude(first.json, { id, status: "interrupted", cause: "cancelled" })
        yield* Deferred.await(latch.interrupted)
        const answer = yield* Fiber.join(waited)
        assert.deepStrictEqual(
          [answer.status, answer.json["_tag"], answer.json["reason"]],
          [503, "RunInterrupted", "cancelled"]
        )
        assert.deepStrictEqual((yield* cancel(id)).json, first.json)
      })
    )
  )

  it.live("takes one that waits out of the queue", () =>
    withLatch({ serving: { maxConcurrency: 1, maxQueue: 1 } }, (latch) =>
      Effect.gen(function* () {
        const first = yield* invoke({}, {}, later)
        yield* Deferred.await(latch.started)
        const second = yield* invoke({}, {}, later)
        assert.deepInclude((yield* cancel(second.json.runId)).json, { status: "interrupted", cause: "cancelled" })
        yield* Deferred.succeed(latch.release, undefined)
        yield* untilStatus(first.json.runId, "succeeded")
        assert.strictEqual(yield* latch.runs, 1)
      })
    )
  )

  it.live("reaches a run of another process that shares the store", () =>
    Effect.gen(function* () {
      const latch = yield* makeLatch
      const [old, current] = [yield* beside(latch), yield* beside(latch)]
      const { json } = yield* Effect.provide(invoke({}, {}, later), old)
      yield* Deferred.await(latch.started)
      const cancelled = yield* Effect.provide(cancel(json.runId), current)
      assert.deepInclude(cancelled.json, { id: json.runId, status: "interrupted", cause: "cancelled" })
      yield* Deferred.await(latch.interrupted)
    }).pipe(Effect.scoped, Effect.provide(memory()))
  )

  it.live("leaves what has ended as it is, and knows no other run", () =>
    Effect.gen(function* () {
      const { json } = yield* invoke({ city: "Oslo" })
      assert.deepInclude((yield* cancel(json.metadata.runId)).json, { status: "succeeded" })
      const other = yield* cancel("00000000-0000-7000-8000-000000000000")
      assert.deepStrictEqual([other.status, other.json["_tag"]], [404, "RunNotFound"])
      assert.strictEqual((yield* request(`/runs/${json.metadata.runId}/cancel`)).status, 405)
    }).pipe(Effect.provide(served(weather)))
  )
})

describe("the key", () => {
  it.live("is asked for by all of them", () =>
    Effect.gen(function* () {
      for (const [path, method] of [
        ["/runs/a/events", "GET"],
        ["/runs/a/cancel", "POST"]
      ]) {
        assert.strictEqual((yield* request(path ?? "", { method: method ?? "" })).status, 401)
      }
    }).pipe(Effect.provide(served(weather, { key: "k".repeat(43) })))
  )
})
