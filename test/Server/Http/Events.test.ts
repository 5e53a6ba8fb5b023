// The events of runs are those on disk: in pages of any number, at the pace of their readers, and never before the commit.
import * as Net from "node:net"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Option, Queue, Ref, Schema } from "effect"
import { Pipeline, Run, Step } from "effect-deployers"
import { Serve } from "effect-deployers/Server"
import { RunStore } from "../../../src/Store/RunStore.js"
import { Breaker, fragile, invoke, memory, quiet, request, served, serving } from "../Harness.js"
import { follow, names, type Told, told } from "../Sse.js"

const later = { headers: { prefer: "respond-async" } }
const streamed = { headers: { accept: "text/event-stream" } }

const step = Step.make("step", {
  input: Schema.Number,
  output: Schema.Number,
  run: (n) => Effect.as(Effect.yieldNow(), n)
})

/** Publishes messages of a size, with steps in between. */
const talking = Pipeline.make("talking", {
  input: Schema.Struct({ messages: Schema.Number, bytes: Schema.Number, steps: Schema.Number }),
  output: Schema.String,
  run: ({ bytes, messages, steps }) =>
    Effect.gen(function* () {
      const text = "x".repeat(bytes)
      for (let n = 0; n < messages; n++) {
        if (n < steps) yield* step(n)
        yield* Run.publish({ n, text })
      }
      return "said"
    })
})

/** Publishes what it takes from a queue, until it takes `end`. */
const saying = (queue: Queue.Queue<string>) =>
  Pipeline.make("saying", {
    input: Schema.Struct({}),
    output: Schema.String,
    run: () =>
      Effect.iterate("", {
        while: (said) => said !== "end",
        body: () => Effect.tap(queue.take, (said) => Effect.zipRight(step(said.length), Run.publish(said)))
      })
  })

const ids = (events: ReadonlyArray<{ readonly id: number | undefined }>) => events.map(({ id }) => id)

const upTo = (last: number) => Array.from({ length: last }, (_, n) => n + 1)

const eventsOf = (id: string, after = 0) =>
  request(`/runs/${id}/events`, { headers: { "last-event-id": String(after) } })

describe("events of a run", () => {
  it.live("F18: come back whole, of any number and size, and after every position", () =>
    Effect.gen(function* () {
      const { json } = yield* invoke({ messages: 300, bytes: 20_000, steps: 100 })
      const { text } = yield* eventsOf(json.metadata.runId)
      const all = told(text)
      assert.deepStrictEqual(ids(all), upTo(502))
      assert.isAbove(text.length, 6_000_000)
      assert.deepInclude(all.at(-1), { id: 502, event: "run_finished" })
      for (const after of [1, 257, 501]) {
        assert.deepStrictEqual(told((yield* eventsOf(json.metadata.runId, after)).text), all.slice(after))
      }
      for (const after of [502, 10_000]) assert.strictEqual((yield* eventsOf(json.metadata.runId, after)).status, 204)
    }).pipe(Effect.provide(served(talking)))
  )

  it.live("F18: are the same for the caller that starts the run, for followers, and in the record", () =>
    Effect.gen(function* () {
      const queue = yield* Queue.unbounded<string>()
      yield* Effect.gen(function* () {
        const body = JSON.stringify({ parameters: {} })
        const headers = { ...streamed.headers, "content-type": "application/json" }
        const caller = yield* follow("/invoke", { method: "POST", body, headers })
        const begun = (yield* caller.take(1))[0] as Told
        const path = `/runs/${begun.data["runId"]}/events`
        yield* queue.offerAll(["one", "two"])
        const early = yield* follow(path)
        const first = [begun, ...(yield* caller.take(6))]
        assert.deepStrictEqual(yield* early.take(7), first)
        const late = yield* follow(path, { headers: { "last-event-id": "4" } })
        assert.deepStrictEqual(yield* late.take(3), first.slice(4))
        yield* queue.offer("end")
        const rest = yield* caller.rest
        assert.deepStrictEqual(ids(rest), [8, 9, 10, 11])
        for (const { rest: others } of [early, late]) assert.deepStrictEqual(yield* others, rest)
        assert.deepStrictEqual(told((yield* request(path)).text), [...first, ...rest])
      }).pipe(Effect.scoped, Effect.provide(served(saying(queue))))
    })
  )

  it.live("F18: reach a follower only when they are on disk, also when their first write fails", () =>
    Effect.gen(function* () {
      const queue = yield* Queue.unbounded<string>()
      yield* Effect.gen(function* () {
        const store = yield* RunStore
        const { set } = yield* Breaker
        const { json } = yield* invoke({}, {}, later)
        const { rest, take } = yield* follow(`/runs/${json.runId}/events`)
        const heard = (count: number) =>
          Effect.tap(take(count), (events) =>
            Effect.map(store.events({ runId: json.runId, after: 0 }), (page) => {
              const stored = Option.getOrThrow(page).events.map(({ sequence }) => sequence)
              for (const { id } of events) assert.include(stored, id)
            })
          )
        assert.deepStrictEqual(names(yield* heard(1)), ["run_started"])
        yield* queue.offer("one")
        assert.deepStrictEqual(names(yield* heard(3)), ["step_started", "step_finished", "message"])
        const failed = yield* Deferred.make<void>()
        yield* set(() => {
          Deferred.unsafeDone(failed, Effect.void)
          return true
        })
        yield* queue.offer("two")
        yield* Deferred.await(failed)
        yield* set(() => false)
        const again = yield* heard(3)
        assert.deepStrictEqual(ids(again), [5, 6, 7])
        assert.deepStrictEqual<unknown>(again[2]?.data, "two")
        yield* queue.offer("end")
        assert.deepStrictEqual(ids(yield* rest), [8, 9, 10, 11])
      }).pipe(
        Effect.scoped,
        Effect.provide(Layer.provideMerge(serving(saying(queue)), fragile).pipe(Layer.provide(quiet)))
      )
    })
  )
})

/** A store that records the largest batch. */
const counting = (largest: Ref.Ref<number>) =>
  Layer.effect(
    RunStore,
    Effect.map(RunStore, (store) => ({
      ...store,
      commit: (batch: Parameters<typeof store.commit>[0]) =>
        Effect.zipRight(
          Ref.update(largest, (most) => Math.max(most, batch.length)),
          store.commit(batch)
        )
    }))
  ).pipe(Layer.provide(memory()))

describe("a run that publishes fast", () => {
  it.live("F04: waits for the store, so that few messages are in memory", () =>
    Effect.gen(function* () {
      const largest = yield* Ref.make(0)
      yield* Effect.gen(function* () {
        const { json } = yield* invoke({ messages: 5_000, bytes: 10, steps: 0 })
        assert.isBelow(yield* largest, 150)
        assert.deepStrictEqual(ids(told((yield* eventsOf(json.metadata.runId)).text)), upTo(5_002))
      }).pipe(Effect.provide(Layer.provideMerge(serving(talking), counting(largest)).pipe(Layer.provide(quiet))))
    })
  )
})

/** A caller that reads nothing at first. */
const sluggish = (path: string) =>
  Effect.flatMap(Serve.Served, ({ host, port }) =>
    Effect.acquireRelease(
      Effect.async<Net.Socket>((resume) => {
        const socket = Net.connect(port, host, () => {
          socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
          resume(Effect.succeed(socket))
        }).pause()
      }),
      (socket) => Effect.sync(() => socket.destroy())
    )
  )

const readAll = (socket: Net.Socket) =>
  Effect.async<string>((resume) => {
    const chunks: Array<Buffer> = []
    socket.on("data", (chunk) => chunks.push(chunk))
    socket.on("close", () => resume(Effect.succeed(Buffer.concat(chunks).toString("utf8"))))
    socket.resume()
  })

describe("a caller that does not read", () => {
  it.live("F04: does not delay other callers, and gets every event when it reads again", () =>
    Effect.gen(function* () {
      const waiting = yield* Effect.fork(invoke({ messages: 400, bytes: 20_000, steps: 0 }))
      const going = yield* Effect.repeat(request("/runs?limit=1"), { until: ({ json }) => json.runs.length === 1 })
      const path = `/runs/${going.json.runs[0]?.id}/events`
      const socket = yield* sluggish(path)
      assert.strictEqual((yield* Fiber.join(waiting)).status, 200)
      const { text } = yield* request(path)
      assert.deepStrictEqual(ids(told(text)), upTo(402))
      const read = yield* readAll(socket)
      const found = Array.from(read.matchAll(/^id: (\d+)\r?$/gm), ([, id]) => Number(id))
      assert.deepStrictEqual(found, upTo(402))
    }).pipe(Effect.scoped, Effect.provide(served(talking)))
  )
})
