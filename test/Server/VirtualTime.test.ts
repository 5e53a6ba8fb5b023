// An app in memory where time is virtual: its runs end, time out and are cancelled without the event loop and the clock.
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, TestClock } from "effect"
import { Server } from "effect-deployers/Server"
import { vi } from "vitest"
import { ask } from "./Ask.js"
import { memory, newest, quiet } from "./Harness.js"
import { makeLatch, waiting, weather } from "./Pipelines.js"

const run = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.scoped(effect).pipe(Effect.provide(Layer.mergeAll(memory(), quiet, Server.layerMicrotasks)))

/** A run that has started and waits, its app and the fiber of its caller. */
const started = (body: object = {}) =>
  Effect.gen(function* () {
    const latch = yield* makeLatch
    const app = yield* Server.httpApp(waiting(latch))
    const caller = yield* Effect.fork(ask(app, "/invoke", { json: { parameters: {}, ...body } }))
    yield* Deferred.await(latch.started)
    return { app, caller, latch }
  })

describe("an app where time is virtual", () => {
  it.effect("answers a run without a turn of the event loop", () =>
    run(
      Effect.gen(function* () {
        const app = yield* Server.httpApp(weather)
        const setImmediate = vi.spyOn(globalThis, "setImmediate")
        const reply = yield* ask(app, "/invoke", { json: { parameters: { city: "Oslo" } } })
        const turns = setImmediate.mock.calls.length
        setImmediate.mockRestore()
        assert.strictEqual(reply.status, 200)
        assert.strictEqual(turns, 0)
        assert.strictEqual((yield* newest).status, "succeeded")
      })
    )
  )
  it.effect("F24: ends a run at its deadline when the clock is moved there", () =>
    run(
      Effect.gen(function* () {
        const { caller, latch } = yield* started({ timeoutMillis: 60_000 })
        yield* TestClock.adjust("59 seconds")
        assert.isNull(caller.unsafePoll())
        yield* TestClock.adjust("1 second")
        const { json, status } = yield* caller
        assert.deepStrictEqual([status, json["_tag"], json["timeoutMillis"]], [504, "RunTimedOut", 60_000])
        yield* Deferred.await(latch.interrupted)
        const stored = yield* newest
        assert.deepStrictEqual([stored.cause, stored.executionTimeMillis], ["timeout", 60_000])
      })
    )
  )
  it.effect("cancels a run", () =>
    run(
      Effect.gen(function* () {
        const { app, caller } = yield* started()
        const { json } = yield* ask(app, "/runs?limit=1")
        const cancelled = yield* ask(app, `/runs/${json.runs[0]?.id}/cancel`, { method: "POST" })
        assert.deepInclude(cancelled.json, { status: "interrupted", cause: "cancelled" })
        assert.strictEqual((yield* caller).json["_tag"], "RunInterrupted")
      })
    )
  )
  it.effect("F16: interrupts the run of a caller that leaves", () =>
    run(
      Effect.gen(function* () {
        const { caller, latch } = yield* started()
        yield* Fiber.interrupt(caller)
        yield* Deferred.await(latch.interrupted)
        yield* TestClock.adjust("1 second")
        const stored = yield* newest
        assert.deepStrictEqual([stored.status, stored.cause], ["interrupted", "disconnected"])
      })
    )
  )
  it.effect("streams the events of a run to a caller that follows", () =>
    run(
      Effect.gen(function* () {
        const app = yield* Server.httpApp(weather)
        const headers = { accept: "text/event-stream" }
        const { text } = yield* ask(app, "/invoke", { json: { parameters: { city: "Oslo" } }, headers })
        const events = [...text.matchAll(/^event: (\w+)$/gm)].map(([, name]) => name)
        assert.deepStrictEqual([events[0], events.at(-1)], ["run_started", "run_finished"])
      })
    )
  )
  it.effect("F06: counts a body while it arrives, and reads no further than the limit", () =>
    run(
      Effect.gen(function* () {
        const app = yield* Server.httpApp(weather, { serving: { maxBodyBytes: 10_000 } })
        let chunks = 0
        const body = new ReadableStream({
          pull: (controller) => {
            chunks++
            controller.enqueue(new Uint8Array(1_000))
          }
        })
        const headers = { "content-type": "application/json" }
        const init = { method: "POST", body, headers, duplex: "half" } as RequestInit
        const { json, status } = yield* ask(app, "/invoke", init)
        assert.deepStrictEqual([status, json["_tag"]], [413, "PayloadTooLarge"])
        assert.isBelow(chunks, 30)
      })
    )
  )
})
