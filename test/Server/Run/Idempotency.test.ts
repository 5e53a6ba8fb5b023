// A key that the caller chose stands for one run, however often the request is sent.
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Option, Ref } from "effect"
import type { Serve } from "effect-deployers/Server"
import { RunStore } from "../../../src/Store/RunStore.js"
import { Breaker, fragile, invoke, quiet, request, served, serving } from "../Harness.js"
import { makeLatch, waiting, weather } from "../Pipelines.js"
import { follow, names, told } from "../Sse.js"

const keyed = (key: string, headers: Record<string, string> = {}) => ({
  headers: { "idempotency-key": key, ...headers }
})

/** Serves the waiting pipeline and gives its latch. */
const withLatch = <A, E>(
  options: Parameters<typeof served>[1],
  use: (latch: Effect.Effect.Success<typeof makeLatch>) => Effect.Effect<A, E, Serve.Served | RunStore>
) => Effect.flatMap(makeLatch, (latch) => Effect.provide(use(latch), served(waiting(latch), options)))

const runs = Effect.map(request("/runs"), ({ json }) => json.runs)

describe("F39 F45 G42: Idempotency-Key", () => {
  it.live("answers a request that is repeated as the first time, and runs once", () =>
    Effect.gen(function* () {
      const first = yield* invoke({ city: "Oslo" }, {}, keyed("a"))
      assert.strictEqual(first.status, 200)
      assert.isNull(first.headers.get("idempotency-replayed"))
      const again = yield* invoke({ city: "Oslo" }, {}, keyed("a"))
      assert.deepStrictEqual([again.status, again.text], [200, first.text])
      assert.strictEqual(again.headers.get("idempotency-replayed"), "true")
      const other = yield* invoke({ city: "Oslo" }, {}, keyed("b"))
      assert.notStrictEqual(other.json.metadata.runId, first.json.metadata.runId)
      assert.strictEqual((yield* runs).length, 2)
    }).pipe(Effect.provide(served(weather)))
  )

  it.live("replays failures of the run with their status, typed and unexpected ones", () =>
    Effect.gen(function* () {
      for (const [city, status] of [
        ["Atlantis", 404],
        ["Bug", 500]
      ] as const) {
        const first = yield* invoke({ city }, {}, keyed(city))
        const again = yield* invoke({ city }, {}, keyed(city))
        assert.deepStrictEqual([first.status, again.status, again.text], [status, status, first.text])
      }
      assert.strictEqual((yield* runs).length, 2)
    }).pipe(Effect.provide(served(weather)))
  )

  it.live("refuses the key of another body, and claims nothing for what is refused", () =>
    Effect.gen(function* () {
      yield* invoke({ city: "Oslo" }, {}, keyed("a"))
      const other = yield* invoke({ city: "Rome" }, {}, keyed("a"))
      assert.deepStrictEqual([other.status, other.json["_tag"]], [409, "IdempotencyConflict"])
      assert.strictEqual((yield* invoke({ city: 1 }, {}, keyed("b"))).status, 400)
      assert.strictEqual((yield* invoke({ city: "Rome" }, {}, keyed("b"))).status, 200)
      assert.strictEqual((yield* runs).length, 2)
    }).pipe(Effect.provide(served(weather)))
  )

  it.live("has callers that come meanwhile wait for the same run, which goes on when the first one leaves", () =>
    withLatch({}, (latch) =>
      Effect.gen(function* () {
        const leaving = yield* Effect.scoped(
          Effect.gen(function* () {
            const body = JSON.stringify({ parameters: {} })
            const headers = { ...keyed("a").headers, "content-type": "application/json" }
            const first = yield* Effect.forkScoped(follow("/invoke", { method: "POST", body, headers }))
            yield* Deferred.await(latch.started)
            return first
          })
        )
        yield* Fiber.await(leaving)
        const second = yield* Effect.fork(invoke({}, {}, keyed("a")))
        yield* Effect.yieldNow()
        assert.deepInclude((yield* runs)[0], { status: "running" })
        yield* Deferred.succeed(latch.release, undefined)
        const { json, status } = yield* Fiber.join(second)
        assert.deepStrictEqual([status, json["outputs"]], [200, "released"])
        assert.strictEqual(yield* Ref.get(latch.runs), 1)
      })
    )
  )

  it.live("stands for one run also when it is accepted or followed", () =>
    withLatch({}, (latch) =>
      Effect.gen(function* () {
        const later = keyed("a", { prefer: "respond-async" })
        const first = yield* invoke({}, {}, later)
        const again = yield* invoke({}, {}, later)
        assert.deepStrictEqual([first.status, again.status, again.text], [202, 202, first.text])
        assert.strictEqual(again.headers.get("location"), first.headers.get("location"))
        const followed = yield* Effect.fork(invoke({}, {}, keyed("a", { accept: "text/event-stream" })))
        yield* Deferred.await(latch.started)
        yield* Deferred.succeed(latch.release, undefined)
        const events = told((yield* Fiber.join(followed)).text)
        assert.deepStrictEqual(names(events), ["run_started", "step_started", "step_finished", "run_finished"])
        const answered = yield* invoke({}, {}, keyed("a"))
        assert.deepStrictEqual([answered.status, answered.json["outputs"]], [200, "released"])
        assert.strictEqual(answered.json.metadata.runId, first.json.runId)
        assert.strictEqual(yield* Ref.get(latch.runs), 1)
      })
    )
  )

  it.live("begins to be followed at once when it is new", () =>
    Effect.gen(function* () {
      const { text } = yield* invoke({ city: "Oslo" }, {}, keyed("a", { accept: "text/event-stream" }))
      assert.strictEqual(told(text).length, 7)
      assert.strictEqual(told(text).at(-1)?.event, "run_finished")
    }).pipe(Effect.provide(served(weather)))
  )

  it.live("is free again when there was no place for the run", () =>
    withLatch({ serving: { maxConcurrency: 1, maxQueue: 0 } }, (latch) =>
      Effect.gen(function* () {
        yield* invoke({}, {}, keyed("a", { prefer: "respond-async" }))
        yield* Deferred.await(latch.started)
        assert.strictEqual((yield* invoke({}, {}, keyed("b"))).status, 429)
        yield* Deferred.succeed(latch.release, undefined)
        yield* invoke({}, {}, keyed("a"))
        assert.strictEqual((yield* invoke({}, {}, keyed("b"))).status, 200)
      })
    )
  )

  it.live("reports a run as lost when its process died", () =>
    Effect.gen(function* () {
      const store = yield* RunStore
      const runId = "00000000-0000-7000-8000-0000000000ff"
      const text = JSON.stringify({ parameters: { city: "Oslo" } })
      const digest = yield* Effect.promise(() => crypto.subtle.digest("SHA-256", Buffer.from(text)))
      yield* store.claim({ key: "a", digest: Buffer.from(digest).toString("hex"), runId })
      const { json, status } = yield* invoke({ city: "Oslo" }, {}, keyed("a"))
      assert.deepStrictEqual([status, json["_tag"], json["reason"], json.runId], [503, "RunInterrupted", "lost", runId])
    }).pipe(Effect.provide(served(weather)))
  )

  it.live("must be one, and something must be kept for it", () =>
    Effect.gen(function* () {
      for (const key of ["a b", "k".repeat(256), "%C3%BC".replaceAll("%", "\u00e9")]) {
        const { json, status } = yield* invoke({ city: "Oslo" }, {}, keyed(key))
        assert.deepStrictEqual([status, json["_tag"]], [400, "InvalidRequest"], key)
      }
      const secret = yield* invoke({ city: "Oslo" }, { skipArtifacts: true }, keyed("a"))
      assert.strictEqual(secret.status, 400)
      assert.include(secret.text, "skipArtifacts")
    }).pipe(
      Effect.provide(served(weather)),
      Effect.zipRight(
        Effect.map(invoke({ city: "Oslo" }, {}, keyed("a")), ({ status, text }) => {
          assert.strictEqual(status, 400)
          assert.include(text, "records nothing")
        }).pipe(Effect.provide(served(weather, { serving: { recording: "none" } })))
      )
    )
  )

  it.live("is answered later when the end of the run could be stored later only", () =>
    Effect.gen(function* () {
      const { set } = yield* Breaker
      yield* set(() => true)
      assert.strictEqual((yield* invoke({ city: "Oslo" }, {}, keyed("a"))).status, 503)
      yield* set(() => false)
      const again = yield* invoke({ city: "Oslo" }, {}, keyed("a"))
      assert.deepStrictEqual([again.status, again.json["success"]], [200, true])
      const store = yield* RunStore
      assert.isTrue(Option.isSome(yield* store.claimed("a")))
      assert.strictEqual((yield* runs).length, 1)
    }).pipe(Effect.provide(Layer.provideMerge(serving(weather), fragile).pipe(Layer.provide(quiet))))
  )
})
