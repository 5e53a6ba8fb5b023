// Pipelines that stream their outputs: as events, as lines of JSON, as a list, and typed in the client.
import * as Net from "node:net"
import { FetchHttpClient, HttpApiSchema } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Chunk, Deferred, Effect, Fiber, Schema, Stream } from "effect"
import { Client, Pipeline, Run } from "effect-deployers"
import { Serve } from "effect-deployers/Server"
import { invoke, newest, request, served, stored } from "../Harness.js"
import { follow, names, told } from "../Sse.js"

class Broken extends Schema.TaggedError<Broken>()(
  "Broken",
  { at: Schema.Int },
  HttpApiSchema.annotations({ status: 409 })
) {}

const Count = Schema.Struct({ n: Schema.Int, day: Schema.Date })

const count = Pipeline.stream("count", {
  input: Schema.Struct({
    to: Schema.Int,
    failAt: Schema.optional(Schema.Int),
    lieAt: Schema.optional(Schema.Int),
    text: Schema.optional(Schema.String)
  }),
  output: Schema.Struct({ ...Count.fields, text: Schema.optional(Schema.String) }),
  error: Broken,
  run: ({ failAt, lieAt, text, to }) =>
    Stream.range(1, to).pipe(
      Stream.mapEffect((n) => {
        if (n === failAt) return Effect.fail(new Broken({ at: n }))
        const element = { n: n === lieAt ? n + 0.5 : n, day: new Date(n), ...(text === undefined ? {} : { text }) }
        return Effect.succeed(element)
      })
    )
})

const encoded = (n: number) => ({ n, day: new Date(n).toISOString() })

const events = { headers: { accept: "text/event-stream" } }
const lines = { headers: { accept: "application/x-ndjson" } }

const linesOf = (text: string): ReadonlyArray<Record<string, Record<string, unknown>>> =>
  text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line))

describe("a pipeline that streams", () => {
  it.live("gives a plain caller the list, and the record has it and each element", () =>
    Effect.gen(function* () {
      const { json, status } = yield* invoke({ to: 3 })
      assert.strictEqual(status, 200)
      assert.deepStrictEqual(json["outputs"], [encoded(1), encoded(2), encoded(3)])
      assert.deepStrictEqual((yield* stored(json.metadata.runId)).outputs, json["outputs"])
      const replayed = told((yield* request(`/runs/${json.metadata.runId}/events`)).text)
      assert.deepStrictEqual(names(replayed), ["run_started", "element", "element", "element", "run_finished"])
      assert.deepStrictEqual(replayed[1]?.data, encoded(1))
      assert.deepStrictEqual((yield* invoke({ to: 0 })).status, 200)
    }).pipe(Effect.provide(served(count)))
  )

  it.live("sends each element as an event with its position, and the end without the list", () =>
    Effect.gen(function* () {
      const { headers, text } = yield* invoke({ to: 3 }, {}, events)
      assert.strictEqual(headers.get("content-type"), "text/event-stream")
      const live = told(text)
      assert.deepStrictEqual(
        live.map(({ event, id }) => [id, event]),
        [
          [1, "run_started"],
          [2, "element"],
          [3, "element"],
          [4, "element"],
          [5, "run_finished"]
        ]
      )
      assert.deepStrictEqual(live[3]?.data, encoded(3))
      assert.deepInclude(live[4]?.data, { status: "succeeded" })
      assert.notProperty(live[4]?.data, "outputs")
      assert.notProperty(yield* newest, "outputs")
      const id = live[0]?.data["runId"]
      assert.deepStrictEqual(told((yield* request(`/runs/${id}/events`)).text), live)
      const rest = yield* request(`/runs/${id}/events`, { headers: { "last-event-id": "3" } })
      assert.deepStrictEqual(told(rest.text), live.slice(3))
    }).pipe(Effect.provide(served(count)))
  )

  it.live("sends each element as a line of JSON, and a last line for the end", () =>
    Effect.gen(function* () {
      const { headers, status, text } = yield* invoke({ to: 2 }, { runName: "lined" }, lines)
      assert.deepStrictEqual([status, headers.get("content-type")], [200, "application/x-ndjson"])
      assert.strictEqual(headers.get("cache-control"), "no-store")
      const [first, second, last, ...others] = linesOf(text)
      assert.deepStrictEqual([first, second, others], [{ element: encoded(1) }, { element: encoded(2) }, []])
      assert.deepInclude(last?.["finished"], { status: "succeeded", runId: (yield* newest).id })
      const none = linesOf((yield* invoke({ to: 0 }, {}, lines)).text)
      assert.deepStrictEqual(
        none.map((line) => Object.keys(line)),
        [["finished"]]
      )
    }).pipe(Effect.provide(served(count)))
  )

  it.live.each(["none", "durable"] as const)(
    "sends every element of a large chunk, recording %s, and closes the stream",
    (recording) => {
      let closed = 0
      const many = Pipeline.stream("many", {
        input: Schema.Struct({ to: Schema.Int }),
        output: Schema.Int,
        run: ({ to }) =>
          Stream.ensuring(
            Stream.range(1, to),
            Effect.sync(() => ++closed)
          )
      })
      const all = Array.from({ length: 1_000 }, (_, index) => index + 1)
      return Effect.gen(function* () {
        const told = linesOf((yield* invoke({ to: 1_000 }, {}, lines)).text)
        assert.deepStrictEqual(
          told.slice(0, -1).map(({ element }) => element as unknown),
          all
        )
        assert.deepStrictEqual((yield* invoke({ to: 1_000 })).json["outputs"], all)
        assert.strictEqual(closed, 2)
      }).pipe(Effect.provide(served(many, { serving: { recording } })))
    }
  )

  it.live("ends with its typed failure after the elements before it", () =>
    Effect.gen(function* () {
      const asked = { to: 3, failAt: 2 }
      const live = told((yield* invoke(asked, {}, events)).text)
      assert.deepStrictEqual(names(live), ["run_started", "element", "run_finished"])
      assert.deepInclude(live[2]?.data, { status: "failed" })
      assert.deepInclude(live[2]?.data["error"], { _tag: "Broken", error: { _tag: "Broken", at: 2 } })
      const lined = linesOf((yield* invoke(asked, {}, lines)).text)
      assert.deepStrictEqual(
        lined.map((line) => Object.keys(line)),
        [["element"], ["finished"]]
      )
      assert.deepInclude(lined[1]?.["finished"]?.["error"], { _tag: "Broken" })
      const { json, status } = yield* invoke(asked)
      assert.deepStrictEqual([status, json["_tag"]], [409, "Broken"])
    }).pipe(Effect.provide(served(count)))
  )

  it.live("gives lines an ordinary answer before the first element", () =>
    Effect.gen(function* () {
      const failed = yield* invoke({ to: 3, failAt: 1 }, {}, lines)
      assert.deepStrictEqual([failed.status, failed.json["_tag"]], [409, "Broken"])
      const invalid = yield* invoke({ to: "x" }, {}, lines)
      assert.deepStrictEqual([invalid.status, invalid.json["_tag"]], [400, "InvalidRequest"])
      const together = yield* invoke({ to: 3 }, { skipArtifacts: true }, lines)
      assert.strictEqual(together.status, 400)
      assert.include(together.text, "skipArtifacts")
      assert.strictEqual((yield* invoke({ to: 3 }, { skipArtifacts: true })).status, 200)
    }).pipe(Effect.provide(served(count)))
  )

  it.live("fails at an element that does not fit its schema", () =>
    Effect.gen(function* () {
      const live = told((yield* invoke({ to: 3, lieAt: 2 }, {}, events)).text)
      assert.deepStrictEqual(names(live), ["run_started", "element", "run_finished"])
      assert.deepInclude(live[2]?.data["error"], { _tag: "InternalError" })
      assert.strictEqual((yield* invoke({ to: 3, lieAt: 2 })).status, 500)
    }).pipe(Effect.provide(served(count)))
  )

  it.live("has the limits of events and outputs; a caller that streams needs no limit of outputs", () =>
    Effect.gen(function* () {
      const large = { to: 4, text: "x".repeat(300) }
      const listed = yield* invoke(large)
      assert.deepInclude(listed.json, { _tag: "RunLimitExceeded", limit: "maxOutputBytes" })
      assert.strictEqual(linesOf((yield* invoke(large, {}, lines)).text).length, 5)
      const tooLarge = linesOf((yield* invoke({ to: 4, text: "x".repeat(600) }, {}, lines)).text)
      assert.deepStrictEqual(tooLarge, [])
      const most = told((yield* invoke({ to: 20 }, {}, events)).text)
      assert.deepInclude(most.at(-1)?.data["error"], { _tag: "RunLimitExceeded", limit: "maxEventsPerRun" })
    }).pipe(
      Effect.provide(served(count, { serving: { maxOutputBytes: 1_000, maxEventBytes: 500, maxEventsPerRun: 10 } }))
    )
  )

  it.live("streams where nothing is recorded, too", () =>
    Effect.gen(function* () {
      const live = told((yield* invoke({ to: 3 }, {}, events)).text)
      assert.deepStrictEqual(names(live), ["run_started", "element", "element", "element", "run_finished"])
      assert.strictEqual(linesOf((yield* invoke({ to: 200 }, {}, lines)).text).length, 201)
      assert.strictEqual((yield* invoke({ to: 2 })).status, 200)
    }).pipe(Effect.provide(served(count, { serving: { recording: "none", maxEventsPerRun: 10 } })))
  )

  it.live("keeps the list of a run that goes on without its caller, and of one with an idempotency key", () =>
    Effect.gen(function* () {
      const { json } = yield* invoke({ to: 2 }, {}, { headers: { prefer: "respond-async" } })
      const ended = yield* Effect.repeat(request(`/runs/${json.runId}`), {
        until: ({ json }) => json["status"] === "succeeded"
      })
      assert.deepStrictEqual(ended.json["outputs"], [encoded(1), encoded(2)])
      const keyed = { "idempotency-key": "a" }
      const streamed = yield* invoke({ to: 2 }, {}, { headers: { ...lines.headers, ...keyed } })
      const elements = linesOf(streamed.text).slice(0, -1)
      assert.deepStrictEqual(elements, [{ element: encoded(1) }, { element: encoded(2) }])
      const again = yield* invoke({ to: 2 }, {}, { headers: { ...lines.headers, ...keyed } })
      assert.strictEqual(again.text, streamed.text)
      const listed = yield* invoke({ to: 2 }, {}, { headers: keyed })
      assert.deepStrictEqual(listed.json["outputs"], [encoded(1), encoded(2)])
    }).pipe(Effect.provide(served(count)))
  )

  it.live("is interrupted when its caller leaves", () =>
    Effect.gen(function* () {
      const interrupted = yield* Deferred.make<void>()
      const endless = Pipeline.stream("endless", {
        input: Schema.Struct({}),
        output: Schema.Int,
        run: () =>
          Stream.ensuring(Stream.concat(Stream.make(1), Stream.never), Deferred.succeed(interrupted, undefined))
      })
      yield* Effect.gen(function* () {
        const headers = { ...lines.headers, "content-type": "application/json" }
        const { url } = yield* Serve.Served
        yield* Effect.scoped(
          Effect.gen(function* () {
            const controller = yield* Effect.acquireRelease(
              Effect.sync(() => new AbortController()),
              (controller) => Effect.sync(() => controller.abort())
            )
            const init = { method: "POST", body: '{"parameters":{}}', headers, signal: controller.signal }
            const response = yield* Effect.promise(() => fetch(`${url}/invoke`, init))
            const first = yield* Effect.promise(async () => response.body?.getReader().read())
            assert.strictEqual(new TextDecoder().decode(first?.value), '{"element":1}\n')
          })
        )
        yield* Deferred.await(interrupted)
        const { json } = yield* Effect.repeat(request("/runs?limit=1"), {
          until: ({ json }) => json.runs[0]?.["status"] === "interrupted"
        })
        assert.strictEqual(json.runs[0]?.["cause"], "disconnected")
      }).pipe(Effect.provide(served(endless)))
    })
  )
})

/** Until a number has not changed for many turns of the event loop. */
const untilStill = (read: () => number) =>
  Effect.async<number>((resume) => {
    let last = read()
    let same = 0
    const look = () => {
      const now = read()
      same = now === last ? same + 1 : 0
      last = now
      if (same === 200) resume(Effect.succeed(now))
      else setImmediate(look)
    }
    look()
  })

describe("a caller that reads slowly", () => {
  for (const recording of ["none", "durable"] as const) {
    it.live(`holds the pipeline, with recording ${recording}`, () => {
      let emitted = 0
      const total = 1_500
      const text = "x".repeat(16_384)
      const large = Pipeline.stream("large", {
        input: Schema.Struct({}),
        output: Schema.String,
        run: () =>
          Stream.range(1, total).pipe(
            Stream.rechunk(1),
            Stream.map(() => {
              emitted++
              return text
            })
          )
      })
      return Effect.gen(function* () {
        const { host, port } = yield* Serve.Served
        const socket = yield* Effect.acquireRelease(
          Effect.sync(() => Net.connect({ host, port })),
          (socket) => Effect.sync(() => socket.destroy())
        )
        const head = `POST /invoke HTTP/1.1\r\nHost: ${host}:${port}\r\nContent-Type: application/json\r\n`
        socket.write(`${head}Accept: application/x-ndjson\r\nConnection: close\r\nContent-Length: 17\r\n\r\n`)
        socket.write('{"parameters":{}}')
        socket.pause()
        yield* Effect.async<void>((resume) => {
          const look = () => (emitted > 0 ? resume(Effect.void) : void setImmediate(look))
          look()
        })
        const held = yield* untilStill(() => emitted)
        assert.isBelow(held, total)
        const bytes = yield* Effect.async<number>((resume) => {
          let bytes = 0
          socket.on("data", (chunk) => {
            bytes += chunk.length
          })
          socket.once("close", () => resume(Effect.succeed(bytes)))
          socket.resume()
        })
        assert.strictEqual(emitted, total)
        assert.isAbove(bytes, total * text.length)
      }).pipe(
        Effect.scoped,
        Effect.provide(served(large, { serving: { recording, maxRunBytes: 2 * total * text.length } }))
      )
    })
  }
})

describe("the typed client of a pipeline that streams", () => {
  const client = Effect.map(Serve.Served, ({ url }) => Client.make(count, { url }))

  it.live("emits decoded elements, and its failures are typed", () =>
    Effect.gen(function* () {
      const { invoke, stream } = yield* client
      const all = yield* Stream.runCollect(stream({ to: 3 }))
      assert.deepStrictEqual(
        Chunk.toReadonlyArray(all),
        [1, 2, 3].map((n) => ({ n, day: new Date(n) }))
      )
      const seen: Array<number> = []
      const error = yield* stream({ to: 3, failAt: 3 }).pipe(
        Stream.runForEach(({ n }) => Effect.sync(() => seen.push(n))),
        Effect.flip
      )
      assert.deepStrictEqual(seen, [1, 2])
      assert.deepStrictEqual(error, new Broken({ at: 3 }))
      assert.deepStrictEqual(
        (yield* invoke({ to: 2 })).map(({ n }) => n),
        [1, 2]
      )
    }).pipe(Effect.provide(FetchHttpClient.layer), Effect.provide(served(count)))
  )

  it.live("interrupts the run when its reader has enough, and follows events when asked", () =>
    Effect.gen(function* () {
      const interrupted = yield* Deferred.make<void>()
      const endless = Pipeline.stream("endless", {
        input: Schema.Struct({}),
        output: Schema.Int,
        run: () =>
          Stream.ensuring(
            Stream.concat(Stream.fromEffect(Effect.as(Run.publish("begun"), 1)), Stream.never),
            Deferred.succeed(interrupted, undefined)
          )
      })
      yield* Effect.gen(function* () {
        const { follow, stream } = Client.make(endless, { url: (yield* Serve.Served).url })
        const first = yield* Stream.runCollect(Stream.take(stream({}), 1))
        assert.deepStrictEqual(Chunk.toReadonlyArray(first), [1])
        yield* Deferred.await(interrupted)
        const followed = yield* Stream.runCollect(Stream.take(follow({}), 3))
        assert.deepStrictEqual(
          Chunk.toReadonlyArray(followed).map(({ event }) => event),
          ["run_started", "message", "element"]
        )
      }).pipe(Effect.provide(FetchHttpClient.layer), Effect.provide(served(endless)))
    })
  )
})

describe("callers of a pipeline that streams", () => {
  it.live("share it: each has its own elements", () =>
    Effect.gen(function* () {
      const both = yield* Effect.all([4, 6].map((to) => Effect.fork(invoke({ to }, {}, lines))))
      const texts = yield* Effect.forEach(both, Fiber.join)
      assert.deepStrictEqual(
        texts.map(({ text }) => linesOf(text).length),
        [5, 7]
      )
      const caller = yield* follow("/invoke", {
        method: "POST",
        body: '{"parameters":{"to":2}}',
        headers: { ...events.headers, "content-type": "application/json" }
      })
      assert.deepStrictEqual(names(yield* caller.rest), ["run_started", "element", "element", "run_finished"])
    }).pipe(Effect.scoped, Effect.provide(served(count)))
  )
})
