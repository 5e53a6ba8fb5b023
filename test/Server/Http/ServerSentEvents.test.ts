import * as Http from "node:http"
import * as Net from "node:net"
import { assert, describe, it, vi } from "@effect/vitest"
import { Deferred, Effect, Queue, TestClock } from "effect"
import * as ServerSentEvents from "../../../src/Server/Http/ServerSentEvents.js"
import { type EventStream, keepsUpBytes } from "../../../src/Server/Run/Events/EventStream.js"

/** A server that opens a stream for each request, and a client that hears what is written, if it reads. */
const opened = (reads: boolean) =>
  Effect.gen(function* () {
    const open = yield* ServerSentEvents.make
    const streams = yield* Queue.unbounded<{ stream: EventStream; response: Http.ServerResponse }>()
    const server = yield* Effect.acquireRelease(
      Effect.sync(() => Http.createServer((_, response) => streams.unsafeOffer({ response, stream: open(response) }))),
      (server) => Effect.sync(() => server.close())
    )
    yield* Effect.async<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void)))
    const { port } = server.address() as Net.AddressInfo
    const heard = yield* Queue.unbounded<string>()
    const socket = yield* Effect.acquireRelease(
      Effect.sync(() => {
        const socket = Net.connect(port, "127.0.0.1", () => socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"))
        if (reads) socket.on("data", (data) => heard.unsafeOffer(data.toString()))
        else socket.pause()
        return socket
      }),
      (socket) => Effect.sync(() => socket.destroy())
    )
    return { ...(yield* streams.take), heard, socket }
  })

/** Waits for a text among what is heard. */
const hears = (heard: Queue.Dequeue<string>, text: string): Effect.Effect<void> =>
  Effect.flatMap(heard.take, (said) => (said.includes(text) ? Effect.void : hears(heard, text)))

/** Until what is scheduled for this turn of the event loop is done. */
const turn = Effect.async<void>((resume) => {
  setImmediate(() => setImmediate(() => resume(Effect.void)))
})

describe("a stream of events", () => {
  it.scoped("says something every 15 seconds until it has ended", () =>
    Effect.gen(function* () {
      const { heard, stream } = yield* opened(true)
      stream.begin()
      yield* hears(heard, "retry: 1000\n\n")
      yield* turn
      for (let beat = 0; beat < 3; beat++) {
        yield* TestClock.adjust("15 seconds")
        yield* hears(heard, ":\n\n")
      }
      stream.say("shutdown", "{}")
      stream.end()
      yield* hears(heard, "event: shutdown\ndata: {}\n\n")
      yield* TestClock.adjust("1 minute")
    })
  )

  it.scoped("ends with the last event of a run, and hears no more", () =>
    Effect.gen(function* () {
      const { heard, response, stream } = yield* opened(true)
      stream.tell({ sequence: 1, event: "message", data: { text: "a\nb" } })
      stream.tell({ sequence: 2, event: "run_finished", data: { runId: "r", status: "succeeded" } })
      stream.tell({ sequence: 3, event: "message", data: 1 })
      stream.end()
      yield* hears(heard, 'id: 2\nevent: run_finished\ndata: {"runId":"r","status":"succeeded"}\n\n')
      assert.isTrue(response.writableEnded)
    })
  )

  it.scoped("writes the events of a turn at once", () =>
    Effect.gen(function* () {
      const { heard, response, stream } = yield* opened(true)
      const write = vi.spyOn(response, "write")
      for (let sequence = 1; sequence <= 100; sequence++) stream.tell({ sequence, event: "message", data: sequence })
      yield* turn
      yield* hears(heard, "id: 100\nevent: message\ndata: 100\n\n")
      assert.strictEqual(write.mock.calls.length, 1)
      stream.end()
    })
  )

  it.scoped("F04: waits for a caller that does not read, and drops it after a minute with a reason", () =>
    Effect.gen(function* () {
      const { response, stream } = yield* opened(false)
      const closed = yield* Deferred.make<void>()
      response.once("close", () => Deferred.unsafeDone(closed, Effect.void))
      const data = "x".repeat(100_000)
      let sequence = 0
      while (stream.unreadBytes() <= keepsUpBytes) {
        stream.tell({ sequence: ++sequence, event: "message", data })
        yield* turn
      }
      const waiting = yield* Effect.fork(stream.drained)
      yield* turn
      yield* TestClock.adjust("59 seconds")
      assert.isFalse(stream.hasEnded())
      yield* TestClock.adjust("1 second")
      yield* waiting.await
      assert.isTrue(stream.hasEnded())
      assert.isBelow(stream.unreadBytes(), 2 * data.length + keepsUpBytes)
      yield* TestClock.adjust("1 minute")
      yield* Deferred.await(closed)
    })
  )

  it.scoped("F04: goes on when the caller reads again", () =>
    Effect.gen(function* () {
      const { heard, response, socket, stream } = yield* opened(false)
      const data = "x".repeat(100_000)
      let sequence = 0
      while (stream.unreadBytes() <= keepsUpBytes) {
        stream.tell({ sequence: ++sequence, event: "message", data })
        yield* turn
      }
      const waiting = yield* Effect.fork(stream.drained)
      socket.on("data", (read) => heard.unsafeOffer(read.toString()))
      socket.resume()
      yield* waiting
      assert.strictEqual(response.writableLength, 0)
      stream.say("shutdown", "{}")
      yield* hears(heard, "event: shutdown")
    })
  )
})
