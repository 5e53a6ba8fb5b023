import { assert, describe, expect, it, layer } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Ref, Schema } from "effect"
import type { Serve } from "effect-deployers/Server"
import { Run, RunStore } from "../../../src/Store/RunStore.js"
import { Breaker, fragile, invoke, memory, quiet, raw, request, served, serving, stored } from "../Harness.js"
import { makeLatch, waiting, weather } from "../Pipelines.js"

/** Serves the waiting pipeline and gives its latch. */
const withLatch = <A, E>(
  options: Parameters<typeof served>[1],
  use: (latch: Effect.Effect.Success<typeof makeLatch>) => Effect.Effect<A, E, Serve.Served | RunStore>
) => Effect.flatMap(makeLatch, (latch) => Effect.provide(use(latch), served(waiting(latch), options)))

const runOf = Effect.flatMap(request("/runs?limit=1"), ({ json }) => Effect.fromNullable(json.runs[0])).pipe(
  Effect.orDie
)

/** The members of a run in a list, of one that was not interrupted. */
const summary = ["id", "index", "name", "status", "startedAt", "finishedAt", "executionTimeMillis"]

describe("GET /runs", () => {
  layer(served(weather), { excludeTestServices: true })((it) => {
    it.effect("lists newest first, pages by cursor and filters by status", () =>
      Effect.gen(function* () {
        for (const city of ["a", "bb", "Atlantis", "ccc"]) yield* invoke({ city })
        const first = yield* request("/runs?limit=3")
        assert.deepStrictEqual(
          first.json.runs.map(({ index }) => index),
          [4, 3, 2]
        )
        assert.deepStrictEqual(
          first.json.runs.map((run) => Object.keys(run)),
          Array.from({ length: 3 }, () => summary)
        )
        const second = yield* request(`/runs?limit=3&cursor=${first.json["nextCursor"]}`)
        assert.deepStrictEqual(
          second.json.runs.map(({ index }) => index),
          [1]
        )
        assert.notProperty(second.json, "nextCursor")
        const failed = yield* request("/runs?status=failed")
        assert.deepStrictEqual(
          failed.json.runs.map(({ status }) => status),
          ["failed"]
        )
      })
    )
    it.effect("G41: refuses a query that does not fit, naming what is right", () =>
      Effect.gen(function* () {
        const id = "0190a0b0-c0d0-7e0f-8a0b-0c0d0e0f0a0b"
        for (const [query, path, reason] of [
          ["limit=101", "limit", "must be a whole number from 1 to 100"],
          ["limit=0", "limit", "must be a whole number from 1 to 100"],
          ...["SECRET", "", "1.5", "1e1", "0x10", "%205", "-1", "NaN"].map((limit) => [
            `limit=${limit}`,
            "limit",
            "must be a whole number from 1 to 100"
          ]),
          ["limit=1&limit=SECRET", "limit", "must be a whole number from 1 to 100"],
          ...["SECRET", "", "Failed", "failed&status=SECRET"].map((status) => [
            `status=${status}`,
            "status",
            "must be one of queued, running, succeeded, failed, interrupted"
          ]),
          ...["SECRET", "", "0", "zzz", "%27%20OR%201=1", id.toUpperCase(), `${id}0`, `${id}&cursor=${id}`].map(
            (cursor) => [
              `cursor=${cursor}`,
              "cursor",
              "must be the nextCursor of a page, or left out for the first page"
            ]
          )
        ]) {
          const { json, status, text } = yield* request(`/runs?${query}`)
          assert.strictEqual(status, 400, query)
          assert.strictEqual(json["_tag"], "InvalidRequest")
          assert.deepStrictEqual(json["issues"], [{ path, reason }])
          assert.notInclude(text, "SECRET")
        }
      })
    )
    it.effect("G29: takes a query for a value, never for a part of a statement", () =>
      Effect.gen(function* () {
        yield* invoke({ city: "Oslo" })
        const { json: before } = yield* request("/runs?limit=100")
        for (const hostile of ["' OR '1'='1", "'; DROP TABLE runs; --", '" OR 1=1 --', "%", "x' UNION SELECT 1 --"]) {
          const text = encodeURIComponent(hostile)
          assert.strictEqual((yield* request(`/runs/${text}`)).status, 404, hostile)
          assert.strictEqual((yield* request(`/runs?status=${text}`)).status, 400, hostile)
          assert.strictEqual((yield* request(`/runs?cursor=${text}`)).status, 400, hostile)
          const { json } = yield* invoke({ city: hostile }, { runName: hostile })
          const run = yield* stored(json.metadata.runId)
          assert.strictEqual(run.name, hostile)
          assert.deepInclude(run.parameters, { city: hostile })
        }
        const { json: after } = yield* request("/runs?limit=100")
        assert.strictEqual(after.runs.length, before.runs.length + 5)
      })
    )
    it.effect("answers one run with its steps", () =>
      Effect.gen(function* () {
        const { json } = yield* invoke({ city: "Oslo" })
        const found = yield* request(`/runs/${json.metadata.runId}`)
        assert.strictEqual(found.status, 200)
        assert.deepStrictEqual<unknown>(found.json, yield* stored(json.metadata.runId))
        assert.match(String(found.json["startedAt"]), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
      })
    )
    it.effect("F44: says that a run does not exist", () =>
      Effect.gen(function* () {
        for (const id of ["00000000-0000-7000-8000-000000000000", "nonsense", "%00"]) {
          const { json, status } = yield* request(`/runs/${id}`)
          assert.deepStrictEqual([status, json["_tag"]], [404, "RunNotFound"], id)
        }
      })
    )
  })
})

describe("a run that goes", () => {
  it.live("is listed as running and shown with the steps it has so far", () =>
    withLatch({}, (latch) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.fork(invoke({}))
        yield* Deferred.await(latch.started)
        const run = yield* runOf
        assert.strictEqual(run["status"], "running")
        const { json } = yield* request(`/runs/${run.id}`)
        assert.strictEqual(json["status"], "running")
        expect(json["steps"]).toMatchObject([{ name: "wait", status: "running" }])
        yield* Deferred.succeed(latch.release, undefined)
        assert.strictEqual((yield* fiber).status, 200)
        assert.strictEqual((yield* request(`/runs/${run.id}`)).json["status"], "succeeded")
      })
    )
  )
  it.live("F16: is interrupted and recorded as disconnected when its caller goes away", () =>
    withLatch({}, (latch) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.fork(invoke({}))
        yield* Deferred.await(latch.started)
        yield* Fiber.interrupt(fiber)
        yield* Deferred.await(latch.interrupted)
        const run = yield* Effect.repeat(runOf, { until: (shown) => shown["status"] !== "running" }).pipe(
          Effect.flatMap(({ id }) => stored(id))
        )
        assert.strictEqual(run.status, "interrupted")
        assert.strictEqual(run.cause, "disconnected")
        assert.deepStrictEqual(
          run.steps?.map(({ status }) => status),
          ["interrupted"]
        )
      })
    )
  )
  it.live.each([
    ["a length", "Content-Length: 1000", '{"parameters":{'],
    ["chunks", "Transfer-Encoding: chunked", "2\r\n{}\r\n"]
  ])("F15: does not exist when its caller goes away before the body is complete: %s", ([, header, body]) =>
    withLatch({}, (latch) =>
      Effect.gen(function* () {
        yield* raw([
          `POST /invoke HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n${header}\r\n\r\n${body}`
        ])
        assert.strictEqual((yield* request("/health")).status, 200)
        assert.strictEqual(yield* Ref.get(latch.runs), 0)
        assert.deepStrictEqual((yield* request("/runs")).json.runs, [])
      })
    )
  )
  it.live("F01: takes a place; what does not fit into places and queue is turned away with 429", () =>
    withLatch({ serving: { maxConcurrency: 1, maxQueue: 1 } }, (latch) =>
      Effect.gen(function* () {
        const first = yield* Effect.fork(invoke({}))
        yield* Deferred.await(latch.started)
        const second = yield* Effect.fork(invoke({}))
        yield* Effect.repeat(request("/metrics"), { until: ({ text }) => text.includes("deployers_runs_queued 1") })
        const third = yield* invoke({})
        assert.strictEqual(third.status, 429)
        assert.strictEqual(third.json["_tag"], "TooManyRuns")
        assert.strictEqual(third.headers.get("retry-after"), "1")
        assert.strictEqual(yield* Ref.get(latch.runs), 1)
        yield* Deferred.succeed(latch.release, undefined)
        assert.deepStrictEqual([(yield* first).status, (yield* second).status], [200, 200])
        assert.strictEqual(yield* Ref.get(latch.runs), 2)
        const metrics = yield* request("/metrics")
        assert.include(metrics.text, "deployers_runs_shed_total 1")
        assert.include(metrics.text, "deployers_runs_in_flight 0")
      })
    )
  )
  it.live("gives its place back when its caller leaves the queue", () =>
    withLatch({ serving: { maxConcurrency: 1, maxQueue: 1 } }, (latch) =>
      Effect.gen(function* () {
        const first = yield* Effect.fork(invoke({}))
        yield* Deferred.await(latch.started)
        const second = yield* Effect.fork(invoke({}))
        yield* Effect.repeat(request("/metrics"), { until: ({ text }) => text.includes("deployers_runs_queued 1") })
        yield* Fiber.interrupt(second)
        yield* Effect.repeat(request("/metrics"), { until: ({ text }) => text.includes("deployers_runs_queued 0") })
        yield* Deferred.succeed(latch.release, undefined)
        assert.strictEqual((yield* first).status, 200)
        assert.strictEqual((yield* invoke({})).status, 200)
        assert.strictEqual(yield* Ref.get(latch.runs), 2)
      })
    )
  )
})

describe("a store that fails", () => {
  const broken = Layer.provideMerge(serving(weather), fragile).pipe(Layer.provide(quiet))
  layer(broken, { excludeTestServices: true })((it) => {
    it.effect("F43: makes runs 503 and the service unready, until a write works again", () =>
      Effect.gen(function* () {
        const breaker = yield* Breaker
        yield* breaker.set(() => true)
        const refused = yield* invoke({ city: "Oslo" })
        assert.strictEqual(refused.status, 503)
        assert.deepStrictEqual([refused.json["_tag"], refused.json["reason"]], ["ServiceUnavailable", "store"])
        assert.strictEqual(refused.headers.get("retry-after"), "5")
        const unready = yield* request("/health")
        assert.strictEqual(unready.status, 503)
        expect(unready.json).toMatchObject({
          status: "failed",
          checks: [
            { name: "lifecycle", status: "pass" },
            { name: "store", status: "fail" }
          ]
        })
        assert.strictEqual((yield* request("/health/live")).status, 200)
        yield* breaker.set(() => false)
        assert.strictEqual((yield* invoke({ city: "Oslo" })).status, 200)
        assert.strictEqual((yield* request("/health/ready")).status, 200)
      })
    )
  })
  it.live("F43: once known to fail keeps runs from starting", () =>
    Effect.gen(function* () {
      const latch = yield* makeLatch
      yield* Deferred.succeed(latch.release, undefined)
      yield* Effect.gen(function* () {
        const breaker = yield* Breaker
        yield* breaker.set(() => true)
        yield* invoke({})
        const ran = yield* Ref.get(latch.runs)
        assert.strictEqual((yield* invoke({})).status, 503)
        assert.strictEqual(yield* Ref.get(latch.runs), ran)
      }).pipe(Effect.provide(Layer.provideMerge(serving(waiting(latch)), fragile).pipe(Layer.provide(quiet))))
    })
  )
})

describe("runs of a process that died", () => {
  it.live("F22: are marked lost at the next start, and the index goes on", () =>
    Effect.gen(function* () {
      const store = yield* RunStore
      const run = yield* Schema.decode(Run)({
        id: "01900000-0000-7000-8000-000000000001",
        index: 41,
        name: "left",
        status: "running",
        parameters: {},
        startedAt: "2026-01-01T00:00:00.000Z"
      })
      yield* store.commit([{ _tag: "Run", run }])
      yield* Effect.gen(function* () {
        const { json } = yield* request(`/runs/${run.id}`)
        assert.deepStrictEqual([json["status"], json["cause"]], ["interrupted", "lost"])
        assert.strictEqual((yield* invoke({ city: "x" })).json.metadata.runIndex, 42)
      }).pipe(Effect.provide(serving(weather).pipe(Layer.provide(quiet))))
    }).pipe(Effect.provide(memory()))
  )

  it.live("are followed in lists by later runs, also when the clock was set back meanwhile", () =>
    Effect.gen(function* () {
      const store = yield* RunStore
      const run = yield* Schema.decode(Run)({
        id: "ffffff00-0000-7000-8000-000000000001",
        index: 1,
        name: "of a clock that was ahead",
        status: "succeeded",
        parameters: {},
        startedAt: "2106-01-01T00:00:00.000Z",
        finishedAt: "2106-01-01T00:00:00.000Z"
      })
      yield* store.commit([{ _tag: "Run", run }])
      yield* Effect.gen(function* () {
        const ids = [yield* invoke({ city: "x" }), yield* invoke({ city: "y" })].map(({ json }) => json.metadata.runId)
        const { json } = yield* request("/runs")
        const listed = (json["runs"] as ReadonlyArray<{ readonly id: string }>).map(({ id }) => id)
        assert.deepStrictEqual(listed, [...ids.reverse(), run.id])
      }).pipe(Effect.provide(serving(weather).pipe(Layer.provide(quiet))))
    }).pipe(Effect.provide(memory()))
  )
})
