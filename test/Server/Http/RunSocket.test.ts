// The WebSocket of a run: the events of the stream over HTTP, commands with the rights and the errors of their requests, and
// bounds for clients that do not behave.
import { assert, describe, it, layer } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Schema, TestClock, TestContext } from "effect"
import { Pipeline, Run } from "effect-deployers"
import { Serve } from "effect-deployers/Server"
import { Runs } from "effect-deployers/Store"
import type { KeyScope } from "../../../src/Contract/Keys.js"
import { protocol, protocolsOf } from "../../../src/Contract/RunSocket.js"
import { digest } from "../../../src/Server/Http/BearerAuth.js"
import * as Ids from "../../../src/Store/Ids.js"
import { asApp, invoke, key, memory, quiet, raw, request, served, statusOf } from "../Harness.js"
import { manifestTest } from "../Manifest.js"
import { makeLatch, waiting, weather } from "../Pipelines.js"
import * as Durable from "../Run/Durable/Durable.js"
import { connect, frame, framesOf, type Options, open, type Told } from "../SocketClient.js"
import { told } from "../Sse.js"

const later = { headers: { prefer: "respond-async" } }

const Approval = Schema.Struct({ by: Schema.String })

/** Publishes, and waits for an approval. */
const approved = Pipeline.make("approved", {
  input: Schema.Struct({}),
  output: Schema.String,
  run: () =>
    Effect.gen(function* () {
      yield* Run.publish({ progress: 0.5 })
      const { by } = yield* Run.waitFor("approval", Approval)
      return by
    })
})

const started = Effect.map(invoke({}, {}, later), ({ json }) => json.runId)

/** The run of the weather pipeline, which has ended. */
const ended = Effect.map(invoke({ city: "Oslo" }), ({ json }) => json.metadata.runId)

const none = "0190a0b0-c0d0-7e0f-8a0b-0c0d0e0f0a0b"

/** A socket of the run, which ends with the scope of the effect. */
const within = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.scoped(effect)

describe("GET /runs/{id}/socket", () => {
  layer(served(weather), { excludeTestServices: true })((it) => {
    it.effect("sends the events of a run with the ids and the data of the stream over HTTP, after every position", () =>
      within(
        Effect.gen(function* () {
          const id = yield* ended
          const events = told((yield* request(`/runs/${id}/events`)).text)
          assert.isAbove(events.length, 5)
          for (const after of [0, 1, events.length - 1, events.length, 10_000]) {
            const { refusal, rest } = yield* connect(`/runs/${id}/socket?after=${after}`)
            assert.isUndefined(refusal)
            const all = yield* rest
            assert.deepStrictEqual<unknown>(all.slice(0, -1), events.slice(after))
            assert.deepStrictEqual(all.at(-1), { closed: 1000 })
          }
        })
      )
    )

    for (const [what, path, options, status, tag] of [
      ["a run that does not exist", `/runs/${none}/socket`, {}, 404, "RunNotFound"],
      ["a position that is not a number", `/runs/${none}/socket?after=x`, {}, 400, "InvalidRequest"],
      ["a page of another origin", `/runs/${none}/socket`, { origin: "https://evil.example" }, 403, "OriginRefused"],
      ["other subprotocols", `/runs/${none}/socket`, { protocols: ["graphql-ws", protocol] }, 400, "InvalidRequest"],
      ["another version", `/runs/${none}/socket`, { protocolVersion: 8 }, 400, "InvalidRequest"]
    ] as const satisfies ReadonlyArray<readonly [string, string, Options, number, string]>) {
      it.effect(`refuses ${what} with an ordinary response`, () =>
        within(
          Effect.gen(function* () {
            const { refusal } = yield* connect(path, options)
            assert.deepStrictEqual([refusal?.status, JSON.parse(refusal?.text ?? "{}")._tag], [status, tag])
          })
        )
      )
    }

    it.effect("responds 426 to a request without an upgrade", () =>
      Effect.gen(function* () {
        const { headers, json, status } = yield* request(`/runs/${none}/socket`)
        assert.deepStrictEqual([status, json["_tag"], headers.get("upgrade")], [426, "UpgradeRequired", "websocket"])
      })
    )

    it.effect.skipIf(asApp)("and leaves a request alone that offers HTTP/2, as some clients always do", () =>
      Effect.gen(function* () {
        const body = JSON.stringify({ parameters: { city: "Oslo" } })
        const offer =
          "Host: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"
        const post = `POST /invoke HTTP/1.1\r\n${offer}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`
        const get = `GET /runs/${none}/socket HTTP/1.1\r\n${offer}\r\n`
        const answers = yield* Effect.forEach([post, get], (text) => raw([text]))
        assert.deepStrictEqual(answers.map(statusOf), [200, 426])
      })
    )

    it.effect("accepts a page of the service's own origin", () =>
      within(
        Effect.gen(function* () {
          const id = yield* ended
          const { url } = yield* Serve.Served
          const host = new URL(url).host
          const { refusal } = yield* connect(`/runs/${id}/socket`, { origin: url, headers: { host } })
          assert.isUndefined(refusal)
        })
      )
    )
  })

  layer(served(weather, { serving: { cors: { origins: ["https://app.example"] } } }), { excludeTestServices: true })(
    (it) => {
      it.effect("accepts a page of an origin of the setting cors, and no other", () =>
        within(
          Effect.gen(function* () {
            const id = yield* ended
            const [known, other] = yield* Effect.forEach(["https://app.example", "https://other.example"], (origin) =>
              connect(`/runs/${id}/socket`, { origin })
            )
            assert.isUndefined(known?.refusal)
            assert.strictEqual(other?.refusal?.status, 403)
          })
        )
      )
    }
  )

  layer(served(weather, { key }), { excludeTestServices: true })((it) => {
    for (const [what, query, options, status] of [
      ["no key", "", {}, 401],
      ["a key in the query", `?key=${key}`, {}, 401],
      ["a wrong key as a subprotocol", "", { protocols: protocolsOf("wrong") }, 401],
      ["a key as a subprotocol", "", { protocols: protocolsOf(key) }, undefined],
      ["a key in the header", "", { headers: { authorization: `Bearer ${key}` } }, undefined],
      [
        "a wrong key in the header, which counts before a subprotocol",
        "",
        { headers: { authorization: "Bearer wrong" }, protocols: protocolsOf(key) },
        401
      ]
    ] as const satisfies ReadonlyArray<readonly [string, string, Options, number | undefined]>) {
      it.effect(`asks for the key: ${what}`, () =>
        within(
          Effect.gen(function* () {
            const authorized = { headers: { authorization: `Bearer ${key}`, "content-type": "application/json" } }
            const body = JSON.stringify({ parameters: { city: "Oslo" } })
            const { json } = yield* request("/invoke", { method: "POST", body, ...authorized })
            const { refusal, socket } = yield* connect(`/runs/${json.metadata.runId}/socket${query}`, options)
            assert.strictEqual(refusal?.status, status)
            if (status === undefined) assert.strictEqual(socket.protocol, "protocols" in options ? protocol : "")
          })
        )
      )
    }
  })

  it.live("counts against maxStreams until it is closed", () =>
    Effect.gen(function* () {
      const latch = yield* makeLatch
      yield* Effect.gen(function* () {
        const { json } = yield* invoke({}, {}, later)
        yield* Deferred.await(latch.started)
        const path = `/runs/${json.runId}/socket`
        const first = yield* connect(path)
        assert.isUndefined(first.refusal)
        const { refusal } = yield* connect(path)
        assert.deepInclude(JSON.parse(refusal?.text ?? "{}"), { _tag: "ServiceUnavailable", reason: "streams" })
        first.socket.close()
        const open = Effect.filterOrFail(within(connect(path)), ({ refusal }) => refusal === undefined)
        yield* Effect.orDie(Durable.eventually(open))
      }).pipe(Effect.scoped, Effect.provide(served(waiting(latch), { serving: { maxStreams: 1 } })))
    })
  )
})

describe("commands over the socket", () => {
  layer(served(approved), { excludeTestServices: true })((it) => {
    it.effect("send a signal, which is acknowledged before the run ends", () =>
      within(
        Effect.gen(function* () {
          const id = yield* started
          const { rest, send, take } = yield* connect(`/runs/${id}/socket`)
          assert.deepStrictEqual(
            (yield* take(2)).map(({ event, id }) => [id, event]),
            [
              [1, "run_started"],
              [2, "message"]
            ]
          )
          yield* send({ signal: "approval", body: { by: "Ada" }, ref: 7 })
          const all = yield* rest
          assert.deepInclude(all, { accepted: "signal", ref: 7 })
          assert.deepInclude(all.at(-2)?.data ?? all.at(-3)?.data, { status: "succeeded", outputs: "Ada" })
          assert.deepStrictEqual(all.at(-1), { closed: 1000 })
        })
      )
    )

    it.effect("cancel the run", () =>
      within(
        Effect.gen(function* () {
          const id = yield* started
          const { rest, send, take } = yield* connect(`/runs/${id}/socket`)
          yield* take(1)
          yield* send({ cancel: true, ref: "stop" })
          const all = yield* rest
          assert.deepInclude(all, { accepted: "cancel", ref: "stop" })
          const finished = all.find(({ event }) => event === "run_finished")
          assert.deepInclude(finished?.data, { status: "interrupted", cause: "cancelled" })
        })
      )
    )

    for (const [what, message, expected] of [
      [
        "a body that the wait refuses",
        { signal: "approval", body: { by: 7 }, ref: 1 },
        { ref: 1, issues: [{ path: "by", reason: "must be a string" }] }
      ],
      ["text that is not JSON", "{", { message: "The body is not valid JSON." }],
      [
        "neither a signal nor cancel",
        { ref: 2 },
        { issues: [{ path: "", reason: 'must have either "signal" or "cancel"' }] }
      ],
      [
        "both",
        { signal: "a", cancel: true },
        { issues: [{ path: "", reason: 'must have either "signal" or "cancel"' }] }
      ],
      ["another member", { signal: "a", data: 1 }, { issues: [{ path: "data", reason: "is not expected" }] }],
      [
        "a member twice",
        '{"signal":"a","signal":"b"}',
        { issues: [{ path: "signal", reason: "is there twice; send each name once" }] }
      ],
      [
        "a long mark",
        { cancel: true, ref: "x".repeat(201) },
        { issues: [{ path: "ref", reason: "must be a number, or a text of at most 200 characters" }] }
      ]
    ] as const) {
      it.effect(`are refused with a typed error, and the connection stays: ${what}`, () =>
        within(
          Effect.gen(function* () {
            const id = yield* started
            const { reply, send, take } = yield* connect(`/runs/${id}/socket`)
            yield* take(2)
            const { ref, ...error } = "ref" in expected ? expected : { ref: undefined, ...expected }
            const refused = Effect.flatMap(Effect.zipRight(send(message), reply), (told) =>
              told.refused === undefined ? Effect.fail("accepted") : Effect.succeed(told)
            )
            const told = yield* Effect.orDie(Durable.eventually(refused))
            assert.deepInclude(told.refused, { _tag: "InvalidRequest", ...error })
            assert.strictEqual(told.ref, ref)
            yield* send({ cancel: true })
            assert.deepStrictEqual(yield* reply, { accepted: "cancel" })
          })
        )
      )
    }
  })

  const scoped = (scope: KeyScope) => ({ id: scope, digest: digest(`the-key-for-${scope}`), scopes: [scope] })
  const manifest = { ...manifestTest(approved), keys: [scoped("read"), scoped("admin")] }
  const ofKeys = Layer.scoped(
    Serve.Served,
    Effect.tap(Serve.make(approved, manifest), ({ warmUp }) => warmUp)
  ).pipe(Layer.provide([Runs.layerMemory, Ids.layer, quiet]))

  it.live("need a key with the scope of invocations, each time", () =>
    Effect.gen(function* () {
      const headers = { authorization: "Bearer the-key-for-admin", prefer: "respond-async" }
      const { json } = yield* invoke({}, {}, { headers })
      const { refusal, reply, send } = yield* connect(`/runs/${json.runId}/socket`, {
        protocols: protocolsOf("the-key-for-read")
      })
      assert.isUndefined(refusal)
      yield* send({ signal: "approval", body: { by: "Eve" }, ref: 1 })
      assert.deepInclude((yield* reply).refused, { _tag: "Forbidden", scope: "invoke" })
    }).pipe(Effect.scoped, Effect.provide(ofKeys))
  )
})

/** Publishes a number of messages of a size. */
const talking = Pipeline.make("talking", {
  input: Schema.Struct({ messages: Schema.Number, bytes: Schema.Number }),
  output: Schema.String,
  run: ({ bytes, messages }) =>
    Effect.as(
      Effect.forEach(
        Array.from({ length: messages }, (_, n) => n),
        (n) => Run.publish({ n, text: "x".repeat(bytes) }),
        {
          discard: true
        }
      ),
      "said"
    )
})

describe("a client that does not behave", () => {
  layer(served(approved, { serving: { maxBodyBytes: 1_000 } }), { excludeTestServices: true })((it) => {
    const text = 0x81
    const bytes = new TextEncoder()
    for (const [what, sent, code] of [
      ["a frame without a mask", frame(text, bytes.encode("{}"), 0), 1002],
      ["a reserved bit", frame(0xc1, bytes.encode("{}")), 1002],
      ["an unknown kind of frame", frame(0x83, bytes.encode("{}")), 1002],
      ["a control frame in parts", frame(0x09, bytes.encode("a")), 1002],
      ["a continuation of nothing", frame(0x80, bytes.encode("a")), 1002],
      ["text that is not UTF-8", frame(text, Uint8Array.of(0xc3, 0x28)), 1007],
      ["bytes in place of text", frame(0x82, bytes.encode("{}")), 1003],
      ["a message over the limit", frame(text, new Uint8Array(1_001)), 1009],
      [
        "a message over the limit in parts",
        Buffer.concat([frame(0x01, new Uint8Array(600).fill(97)), frame(0x80, new Uint8Array(600).fill(97))]),
        1009
      ],
      ["a close code that does not exist", frame(0x88, Uint8Array.of(0x03, 0xec)), 1002]
    ] as const) {
      it.effect(`is closed with ${code}: ${what}`, () =>
        within(
          Effect.gen(function* () {
            const id = yield* started
            const socket = yield* open(`/runs/${id}/socket`)
            socket.write(sent)
            const closing = (yield* framesOf(socket)).find(({ opcode }) => opcode === 8)
            assert.strictEqual(closing?.payload.readUInt16BE(0), code)
            assert.strictEqual((yield* request(`/runs/${id}`)).json["status"], "running")
          })
        )
      )
    }

    it.effect("may send a message in parts, with a ping in between that is answered", () =>
      within(
        Effect.gen(function* () {
          const id = yield* started
          const socket = yield* open(`/runs/${id}/socket`)
          const [first, second] = ['{"cancel":', "true}"]
          socket.write(
            Buffer.concat([
              frame(0x01, bytes.encode(first)),
              frame(0x89, bytes.encode("here")),
              frame(0x80, bytes.encode(second))
            ])
          )
          const frames = (yield* framesOf(socket)).map(({ opcode, payload }) => [opcode, payload.toString()])
          assert.deepInclude(frames, [0x0a, "here"])
          assert.deepInclude(frames, [1, '{"accepted":"cancel"}'])
        })
      )
    )
  })

  it.live("and reads nothing delays no other, and gets every event when it reads again", () =>
    Effect.gen(function* () {
      const waiting = yield* Effect.fork(invoke({ messages: 400, bytes: 20_000 }))
      const going = yield* Effect.repeat(request("/runs?limit=1"), { until: ({ json }) => json.runs.length === 1 })
      const path = `/runs/${going.json.runs[0]?.id}`
      const socket = yield* open(`${path}/socket`)
      assert.strictEqual((yield* Fiber.join(waiting)).status, 200)
      const { text } = yield* request(`${path}/events`)
      assert.lengthOf(told(text), 402)
      const frames = yield* framesOf(socket)
      const ids = frames.flatMap(({ opcode, payload }) => (opcode === 1 ? [JSON.parse(payload.toString()).id] : []))
      assert.deepStrictEqual(
        ids,
        Array.from({ length: 402 }, (_, n) => n + 1)
      )
    }).pipe(Effect.scoped, Effect.provide(served(talking)))
  )

  it.live("and shows no sign of life is given up after a minute, and one that replies to pings is not", () =>
    Effect.gen(function* () {
      const id = yield* started
      const silent = yield* Effect.fork(Effect.flatMap(open(`/runs/${id}/socket`), framesOf))
      const lively = yield* connect(`/runs/${id}/socket`)
      yield* lively.take(2)
      for (let beat = 0; beat < 6; beat++) {
        const asked = Effect.async<void>((resume) => {
          lively.socket.once("ping", () => resume(Effect.void))
        })
        const pinged = yield* Effect.fork(asked)
        yield* TestClock.adjust("15 seconds")
        yield* Fiber.join(pinged)
        yield* request(`/runs/${id}`)
      }
      const opcodes = (yield* Fiber.join(silent)).map(({ opcode }) => opcode)
      assert.deepStrictEqual(
        opcodes.filter((opcode) => opcode > 1),
        [9, 9, 9, 9]
      )
      yield* lively.send({ cancel: true })
      assert.deepStrictEqual(yield* lively.reply, { accepted: "cancel" })
    }).pipe(Effect.scoped, Effect.provide(served(approved)), Effect.provide(TestContext.TestContext))
  )

  it.live("and sends many commands before it reads gets every reply, in their order", () =>
    Effect.gen(function* () {
      const id = yield* started
      const socket = yield* open(`/runs/${id}/socket`)
      const count = 20_000
      const encoder = new TextEncoder()
      const commands = Array.from({ length: count }, (_, ref) =>
        frame(0x81, encoder.encode(JSON.stringify({ cancel: false, ref })))
      )
      socket.write(Buffer.concat([...commands, frame(0x81, encoder.encode('{"cancel":true}'))]))
      const replies = (yield* framesOf(socket)).flatMap(({ opcode, payload }) => {
        const told = opcode === 1 ? (JSON.parse(payload.toString()) as Told) : {}
        return told.refused === undefined ? [] : [told.refused["_tag"]]
      })
      assert.lengthOf(replies, count)
    }).pipe(Effect.scoped, Effect.provide(served(approved)))
  )
})

describe("a service that ends", () => {
  it.live("a run that goes on in the next version is followed there, without a gap", () =>
    Effect.gen(function* () {
      const settings = { recovery: "resume" } as const
      const first = yield* Durable.start(approved, settings)
      const [id, before] = yield* first.at(
        Effect.gen(function* () {
          const id = yield* started
          const { rest, take } = yield* connect(`/runs/${id}/socket`)
          const begun = yield* take(2)
          const draining = yield* Effect.fork(first.drain)
          const left = yield* rest
          yield* Fiber.join(draining)
          assert.deepStrictEqual(
            left.map(({ closed, event }) => event ?? closed),
            ["shutdown", 1001]
          )
          return [id, begun] as const
        }).pipe(Effect.scoped)
      )
      yield* first.kill
      const second = yield* Durable.start(approved, settings)
      yield* second.at(
        Effect.gen(function* () {
          const { rest, send } = yield* connect(`/runs/${id}/socket?after=${before.at(-1)?.id}`)
          yield* send({ signal: "approval", body: { by: "Bo" } })
          const all = yield* rest
          const last = all.find(({ event }) => event === "run_finished")
          assert.deepInclude(last?.data, { status: "succeeded", outputs: "Bo" })
          assert.deepStrictEqual(all.at(-1), { closed: 1000 })
        }).pipe(Effect.scoped)
      )
    }).pipe(Effect.scoped, Effect.provide(Layer.merge(memory(), quiet)))
  )

  it.live("closes the connections of runs in progress when their time is over", () =>
    Effect.gen(function* () {
      const latch = yield* makeLatch
      yield* Effect.gen(function* () {
        const { json } = yield* invoke({}, {}, later)
        yield* Deferred.await(latch.started)
        const { rest } = yield* connect(`/runs/${json.runId}/socket`)
        yield* Effect.flatMap(Serve.Served, ({ drain }) => drain)
        const all = yield* rest
        const last = all.find(({ event }) => event === "run_finished")
        assert.deepInclude(last?.data, { status: "interrupted", cause: "shutdown" })
        assert.deepStrictEqual(all.at(-1), { closed: 1000 })
      }).pipe(Effect.scoped, Effect.provide(served(waiting(latch), { serving: { drainTimeoutMillis: 20 } })))
    })
  )
})
