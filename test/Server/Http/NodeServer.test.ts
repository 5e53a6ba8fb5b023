import * as Net from "node:net"
import * as V8 from "node:v8"
import * as Vm from "node:vm"
import { assert, describe, it, layer } from "@effect/vitest"
import { Effect, Fiber, Option, Schedule, Schema } from "effect"
import { Settings } from "effect-deployers"
import * as AnswerWriter from "../../../src/Server/Http/AnswerWriter.js"
import * as HttpServer from "../../../src/Server/Http/HttpServer.js"
import * as NodeServer from "../../../src/Server/Http/NodeServer.js"
import * as Response from "../../../src/Server/Run/Response.js"
import { raw, served, statusOf } from "../Harness.js"
import { weather } from "../Pipelines.js"

const limits = {
  ...HttpServer.defaultLimits,
  headersTimeoutMillis: 50,
  receiveTimeoutMillis: 100,
  checkIntervalMillis: 10
}

const replyTo = (port: number, bytes: string) =>
  Effect.async<string>((resume) => {
    let received = ""
    const socket = Net.connect({ host: "127.0.0.1", port }, () => socket.write(bytes))
    socket.on("data", (data) => {
      received += data
    })
    socket.on("close", () => resume(Effect.succeed(received)))
    return Effect.sync(() => socket.destroy())
  })

describe("slow clients", () => {
  for (const [what, bytes] of [
    ["headers", "GET / HTTP/1.1\r\nHost: x\r\nX-Slow:"],
    ["a body", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{"]
  ] as const) {
    it.scopedLive(`F02 F03: that do not finish ${what} get 408 in JSON and are closed`, () =>
      Effect.gen(function* () {
        const server = yield* NodeServer.listen(() => {}, { host: "127.0.0.1", fallback: true }, limits)
        const reply = yield* replyTo(server.port, bytes)
        assert.match(reply, /^HTTP\/1\.1 408 /)
        assert.match(reply, /connection: close/i)
        assert.include(reply, "did not arrive in time")
      })
    )
  }
  it.scopedLive("are cut off when an answer is half sent", () =>
    Effect.gen(function* () {
      const handler: HttpServer.Handler = (_, response) => {
        response.writeHead(200, { "content-length": 100 })
        response.write("half")
      }
      const server = yield* NodeServer.listen(handler, { host: "127.0.0.1", fallback: true }, limits)
      const reply = yield* replyTo(server.port, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{")
      assert.strictEqual(reply.split("HTTP/1.1").length, 2)
      assert.isTrue(reply.endsWith("half"))
    })
  )
})

/** Collects all garbage. */
const collect = Effect.sync(() => {
  V8.setFlagsFromString("--expose-gc")
  Vm.runInNewContext("gc")()
})

describe("a connection that is kept", () => {
  it.scopedLive("keeps nothing of the requests it was answered", () =>
    Effect.gen(function* () {
      const answered: Array<WeakRef<object>> = []
      const handler: HttpServer.Handler = (request, response) => {
        answered.push(new WeakRef(request), new WeakRef(response))
        AnswerWriter.send(request, response, Response.ofJson(200, "{}"))
      }
      const server = yield* NodeServer.listen(handler, { host: "127.0.0.1", fallback: true })
      const socket = yield* Effect.acquireRelease(
        Effect.sync(() => Net.connect({ host: "127.0.0.1", port: server.port })),
        (socket) => Effect.sync(() => socket.destroy())
      )
      yield* Effect.async<void>((resume) => {
        socket.on("data", () => resume(Effect.void))
        socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
      })
      const kept = Effect.map(collect, () => answered.filter((ref) => ref.deref() !== undefined).length)
      yield* Effect.retry(
        Effect.filterOrFail(kept, (count) => count === 0),
        Schedule.intersect(Schedule.spaced("5 millis"), Schedule.recurs(20))
      )
      assert.strictEqual(answered.length, 2)
      assert.isFalse(socket.destroyed)
    })
  )
})

describe("many requests on one connection", () => {
  const answering: HttpServer.Handler = (request, response) =>
    AnswerWriter.send(request, response, Response.ofJson(200, "{}"))
  /** Sends requests one after the other, like a client that ignores `Connection: close`; ends with the connection. */
  const answersOf = (port: number, requests: number) =>
    Effect.async<ReadonlyArray<string>>((resume) => {
      const replies: Array<string> = []
      const ask = () => socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
      const done = () => resume(Effect.succeed(replies))
      const socket = Net.connect({ host: "127.0.0.1", port }, ask)
      socket.on("data", (data) => {
        replies.push(data.toString())
        if (replies.length < requests) ask()
        else socket.destroy()
      })
      socket.on("error", done)
      socket.on("close", done)
      return Effect.sync(() => socket.destroy())
    })

  it.scopedLive("are all answered", () =>
    Effect.gen(function* () {
      const { port } = yield* NodeServer.listen(answering, { host: "127.0.0.1", fallback: true })
      const replies = yield* answersOf(port, 1_500)
      assert.strictEqual(replies.filter((reply) => statusOf(reply) === 200).length, 1_500)
    })
  )
  it.scopedLive("end where a limit is set: the service says so and closes", () =>
    Effect.gen(function* () {
      const limited = { ...HttpServer.defaultLimits, maxRequestsPerConnection: 3 }
      const { port } = yield* NodeServer.listen(answering, { host: "127.0.0.1", fallback: true }, limited)
      const replies = yield* answersOf(port, 10)
      assert.deepStrictEqual(replies.map(statusOf), [200, 200, 200])
      assert.deepStrictEqual(
        replies.map((reply) => /connection: close/i.test(reply)),
        [false, false, true]
      )
    })
  )
  it("wait longer on an idle connection than proxies do", () => {
    assert.isAbove(HttpServer.limitsOf(Schema.decodeSync(Settings.Serving)({})).keepAliveTimeoutMillis, 60_000)
  })
  for (const [keepAliveTimeoutMillis, announced] of [
    [75_000, "3"],
    [2_000, "2"]
  ] as const) {
    it.scopedLive(`of ${keepAliveTimeoutMillis} ms name ${announced} s to clients that heed it`, () =>
      Effect.gen(function* () {
        const limits = { ...HttpServer.defaultLimits, keepAliveTimeoutMillis }
        const { port } = yield* NodeServer.listen(answering, { host: "127.0.0.1", fallback: true }, limits)
        const [first = "", last = ""] = yield* answersOf(port, 2)
        for (const reply of [first, last]) {
          assert.strictEqual(/^keep-alive: timeout=(\d+)\r$/im.exec(reply)?.[1], announced)
        }
      })
    )
  }
})

describe("a port that is taken", () => {
  const at = (port: number) => ({ host: "127.0.0.1", port, fallback: false })
  const taken = (close: NodeServer.NodeServer["close"], port: number) =>
    Effect.gen(function* () {
      const waiting = yield* Effect.fork(NodeServer.listen(() => {}, { ...at(port), standbyMillis: 10_000 }))
      yield* Effect.sleep("50 millis")
      assert.isTrue(Option.isNone(yield* Fiber.poll(waiting)))
      yield* close
      return yield* Fiber.join(waiting)
    })

  it.scopedLive("is waited for by who stands by, and had within moments of being let go", () =>
    Effect.gen(function* () {
      const old = yield* NodeServer.listen(() => {}, { host: "127.0.0.1", fallback: true })
      const next = yield* taken(old.close, old.port)
      assert.strictEqual(next.port, old.port)
    })
  )

  it.scopedLive("is given up when it is not let go in time, and at once by who does not stand by", () =>
    Effect.gen(function* () {
      const { port } = yield* NodeServer.listen(() => {}, { host: "127.0.0.1", fallback: true })
      for (const address of [{ ...at(port), standbyMillis: 30 }, at(port)]) {
        const error = yield* Effect.flip(NodeServer.listen(() => {}, address))
        assert.strictEqual(error.code, "EADDRINUSE")
      }
    })
  )
})

describe("what is not HTTP", () => {
  layer(served(weather), { excludeTestServices: true })((it) => {
    it.effect("is 400, headers over 16 KiB are 431, both in JSON", () =>
      Effect.gen(function* () {
        const nonsense = yield* raw(["NONSENSE\r\n\r\n"])
        assert.strictEqual(statusOf(nonsense), 400)
        assert.include(nonsense, '"_tag":"InvalidRequest"')
        assert.strictEqual(statusOf(yield* raw(["GET /health HTTP/1.1\r\n\r\n"])), 400)
        const long = `GET /health HTTP/1.1\r\nHost: localhost\r\nX: ${"x".repeat(20_000)}\r\n\r\n`
        const refused = yield* raw([long])
        assert.strictEqual(statusOf(refused), 431)
        assert.include(refused, '"_tag":"InvalidRequest"')
      })
    )
  })
})
