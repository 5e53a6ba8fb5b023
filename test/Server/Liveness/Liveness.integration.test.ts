import { writeFileSync } from "node:fs"
import * as Net from "node:net"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import type { Health } from "../../../src/Contract/Responses.js"
import { ask, eventually, relaySocketOf, type Service, scoped, start, urlOf } from "../Cluster/Service.js"

const declarations =
  'export { first as pipeline } from "./test/pipelines/computing.js"\nimport { first as pipeline } from "./test/pipelines/computing.js"'

/** A service with a liveness thread. */
const served = Effect.gen(function* () {
  const service = yield* start({ workers: 1, trustedProxies: ["127.0.0.2"] }, declarations, {}, { atDoor: true })
  const url = yield* urlOf(service)
  yield* saysHealthIsAnswered(service)
  return { service, url }
})

const saysHealthIsAnswered = ({ log }: Service) =>
  eventually(Effect.filterOrFail(Effect.sync(log), (text) => text.includes("Health is answered while a step computes")))

/** Blocks the event loop; `end` lets the run end, and returns its status. */
const block = ({ service, url }: { readonly service: Service; readonly url: string }, name: string) =>
  Effect.gen(function* () {
    const file = `${service.folder}/${name}`
    const run = yield* Effect.fork(ask(url, "/invoke", { parameters: { until: file } }))
    // A connection that was accepted just before the step began waits for it.
    const health = Effect.timeout(ask(url, "/health"), "1 second")
    yield* eventually(Effect.filterOrFail(health, ({ text }) => text.includes("blockedMillis")))
    return {
      end: Effect.zipRight(
        Effect.sync(() => writeFileSync(file, "")),
        Effect.map(Fiber.join(run), ({ status }) => status)
      )
    }
  })

const fetched = (url: string) =>
  Effect.promise(async () => {
    const response = await fetch(url)
    return {
      status: response.status,
      connection: response.headers.get("connection"),
      json: (await response.json()) as Health
    }
  })

/** Sends text over a connection of its own, in parts, and returns everything that comes back. */
const raw = (url: string, parts: ReadonlyArray<string>, address = "127.0.0.1") =>
  Effect.async<string, Error>((resume) => {
    const { port } = new URL(url)
    let received = ""
    const socket = Net.connect({ host: "127.0.0.1", port: Number(port), localAddress: address })
    const [first = "", ...others] = parts
    socket.setNoDelay(true)
    socket.write(first, () => setImmediate(() => socket.write(others.join(""))))
    socket.on("data", (data) => {
      received += data
    })
    socket.once("error", (error) => resume(Effect.fail(error)))
    socket.once("close", () => resume(Effect.succeed(received)))
    return Effect.sync(() => socket.destroy())
  })

/** The same over a connection that a door relays, and that the service has taken. */
const relayed = (service: Service, text: string, address: string) =>
  Effect.async<string, Error>((resume) => {
    let received = ""
    const socket = Net.connect({ path: relaySocketOf(service) })
    socket.write(`PROXY TCP4 ${address} 127.0.0.1 4711 8000\r\n`)
    socket.once("data", () => socket.write(text))
    socket.on("data", (data) => {
      received += data
    })
    socket.once("error", (error) => resume(Effect.fail(error)))
    socket.once("close", () => resume(Effect.succeed(received)))
    return Effect.sync(() => socket.destroy())
  })

const accepted = (prefix: string) => {
  const body = JSON.stringify({ parameters: { until: "" } })
  return [
    "POST /invoke HTTP/1.1",
    "Host: 127.0.0.1",
    // A slow machine may connect after the step has ended, where the service keeps a connection.
    "Connection: close",
    "Content-Type: application/json",
    `Content-Length: ${body.length}`,
    "Prefer: respond-async",
    `X-Forwarded-Prefix: ${prefix}`,
    "",
    body
  ].join("\r\n")
}

const blocked = { name: "eventLoop", status: "fail" } as const

describe("a service whose step computes without a pause", () => {
  it.live("answers health meanwhile, every other request right after, and ends after its run", () =>
    scoped(
      Effect.gen(function* () {
        const it = yield* served
        const { url } = it
        const before = yield* ask(url, "/health")
        assert.deepStrictEqual([before.status, before.headers.connection], [200, "close"])
        const { end } = yield* block(it, "first")

        for (const path of ["/health", "/health/ready", "/health?why"]) {
          const { connection, json, status } = yield* fetched(url + path)
          assert.deepStrictEqual([status, connection, json.status], [503, "close", "live"])
          assert.isAbove(Number(json.blockedMillis), 0)
          assert.deepInclude(json.checks, { name: "store", status: "pass" })
          const check = json.checks.at(-1)
          assert.deepInclude(check, blocked)
          assert.match(check?.reason ?? "", /^The event loop has been blocked for \d+ ms/)
        }
        const live = yield* fetched(`${url}/health/live`)
        assert.deepStrictEqual([live.status, live.json.status], [200, "live"])
        const many = yield* Effect.all(
          Array.from({ length: 50 }, () => ask(url, "/health")),
          { concurrency: "unbounded" }
        )
        assert.isTrue(many.every(({ status, text }) => status === 503 && JSON.parse(text).status === "live"))
        const head = yield* raw(url, ["HEAD /health HT", "TP/1.1\r\nHost: localhost\r\nX-Request-", "Id: mine\r\n\r\n"])
        assert.match(head, /^HTTP\/1\.1 503 .*x-request-id: mine\r\n.*\r\n\r\n$/is)
        const old = yield* raw(url, ["GET /health/live HTTP/1.0\r\n\r\n"])
        assert.match(old, /^HTTP\/1\.1 200 .*"live"/s)

        // So does a caller at the door of a container, by its own address.
        const atDoor = (text: string, address: string) => relayed(it.service, text, address)
        const asked = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
        assert.match(yield* atDoor(asked, "127.0.0.3"), /^\nHTTP\/1\.1 503 .*"blockedMillis"/s)

        const invoke = (padding: number) =>
          ask(url, "/invoke", { parameters: { until: "", padding: "x".repeat(padding) } })
        const [head1 = "", body] = accepted("/p").split("\r\n\r\n")
        const waiting = yield* Effect.fork(
          Effect.all(
            {
              small: invoke(1),
              large: invoke(500_000),
              stream: ask(url, "/invoke", { parameters: { until: "" } }),
              parts: raw(url, [
                head1.slice(0, 3),
                `${head1.slice(3)}\r\n`,
                `\r\n${body?.slice(0, 4)}`,
                body?.slice(4) ?? ""
              ]),
              trusted: raw(url, [accepted("/p")], "127.0.0.2"),
              stranger: raw(url, [accepted("/p")], "127.0.0.3"),
              trustedAtDoor: atDoor(accepted("/p"), "127.0.0.2"),
              strangerAtDoor: atDoor(accepted("/p"), "127.0.0.3"),
              unknown: ask(url, "/healthy"),
              foreign: raw(url, ["GET /health HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n"]),
              doubled: raw(url, [
                "GET /health HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\nConnection: close\r\n\r\n"
              ]),
              bodied: raw(url, [
                "GET /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
              ]),
              posted: raw(url, [
                "POST /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
              ]),
              garbage: raw(url, ["GET /health\x01\r\n\r\n"])
            },
            { concurrency: "unbounded" }
          )
        )
        // The requests wait: none is answered before the run ends, which this request is.
        assert.strictEqual((yield* ask(url, "/health")).status, 503)
        assert.isNull(waiting.unsafePoll())
        assert.strictEqual(yield* end, 200)
        const got = yield* Fiber.join(waiting)
        assert.deepStrictEqual(
          [got.small.status, got.large.status, got.stream.status, got.unknown.status],
          [200, 200, 200, 404]
        )
        assert.match(got.parts, /^HTTP\/1\.1 202 /)
        assert.match(got.trusted, /\r\nlocation: \/p\/runs\//i)
        assert.match(got.stranger, /\r\nlocation: \/runs\//i)
        assert.match(got.trustedAtDoor, /\r\nlocation: \/p\/runs\//i)
        assert.match(got.strangerAtDoor, /\r\nlocation: \/runs\//i)
        assert.match(got.foreign, /^HTTP\/1\.1 400 /)
        assert.match(got.doubled, /^HTTP\/1\.1 400 /)
        assert.match(got.bodied, /^HTTP\/1\.1 200 /)
        assert.match(got.posted, /^HTTP\/1\.1 405 /)
        assert.match(got.garbage, /^HTTP\/1\.1 400 /)
        const after = yield* eventually(Effect.filterOrFail(ask(url, "/health"), ({ status }) => status === 200))
        assert.notInclude(after.text, "blockedMillis")

        const second = yield* block(it, "second")
        it.service.primary.kill("SIGTERM")
        assert.strictEqual((yield* ask(url, "/health/live")).status, 200)
        assert.strictEqual(yield* second.end, 200)
        assert.deepStrictEqual(yield* it.service.ended, { code: 143, signal: null })
      })
    )
  )
})
