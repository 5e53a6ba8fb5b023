import { assert, describe, layer } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { Pipeline, Run, Session } from "effect-deployers"
import { request, served } from "../Harness.js"

const history = Session.make("history", Schema.Array(Schema.String))
const brief = Session.make("brief", Schema.String, { ttl: "1 minute", maxBytes: 20 })
const renamed = Session.make("history", Schema.Array(Schema.Struct({ text: Schema.String })))

const chat = Pipeline.make("chat", {
  input: Schema.Struct({ text: Schema.String, as: Schema.optional(Schema.String) }),
  output: Schema.Struct({ messages: Schema.Array(Schema.String), session: Schema.optional(Schema.String) }),
  error: Session.AnyError,
  session: ({ as }) => as,
  run: ({ text }) =>
    Effect.gen(function* () {
      if (text === "renamed") yield* renamed.get
      if (text.startsWith("brief ")) yield* brief.set(text.slice(6))
      const messages = yield* history.update((known = []) => [...known, text])
      const session = yield* Run.session
      return session === undefined ? { messages } : { messages, session }
    })
})

const say = (text: string, session?: string, extra: Record<string, unknown> = {}, headers = {}) =>
  request("/invoke", {
    json: { parameters: { text, ...extra } },
    headers: session === undefined ? headers : { "session-id": session, ...headers }
  })

const messagesOf = ({ json }: { readonly json: unknown }) =>
  (json as { readonly outputs: { readonly messages: ReadonlyArray<string> } }).outputs.messages

describe("sessions over HTTP", () => {
  layer(served(chat), { excludeTestServices: true })((it) => {
    it.effect("keep state across the runs of one session, and apart from others", () =>
      Effect.gen(function* () {
        yield* say("hello", "one")
        yield* say("hi", "two")
        const again = yield* say("again", "one")
        assert.deepStrictEqual(again.json["outputs"], { messages: ["hello", "again"], session: "one" })
        const run = yield* request(`/runs/${again.json.metadata.runId}`)
        assert.strictEqual(run.json["session"], "one")
        const { json } = yield* request("/runs?session=one")
        assert.deepStrictEqual(
          json.runs.map(({ session }) => session),
          ["one", "one"]
        )
      })
    )
    it.effect("are named by a parameter, and by the header before it", () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(messagesOf(yield* say("a", undefined, { as: "param" })), ["a"])
        assert.deepStrictEqual(messagesOf(yield* say("b", "param", { as: "other" })), ["a", "b"])
      })
    )
    it.effect("follow an invocation with an idempotency key, with events and without a wait", () =>
      Effect.gen(function* () {
        yield* say("a", "modes", {}, { "idempotency-key": "first" })
        const conflict = yield* say("a", "elsewhere", {}, { "idempotency-key": "first" })
        assert.strictEqual(conflict.json["_tag"], "IdempotencyConflict")
        const followed = yield* say("b", "modes", {}, { accept: "text/event-stream" })
        assert.include(followed.text, '"messages":["a","b"]')
        const accepted = yield* say("c", "modes", {}, { prefer: "respond-async" })
        const ended = yield* Effect.repeat(request(`/runs/${accepted.json.runId}`), {
          until: ({ json }) => json["status"] !== "running" && json["status"] !== "queued"
        })
        assert.deepStrictEqual([ended.json["session"], ended.json["status"]], ["modes", "succeeded"])
      })
    )
    it.effect("are missing for a run without one: 400 with the remedy", () =>
      Effect.gen(function* () {
        const { json, status } = yield* say("hello")
        assert.deepStrictEqual([status, json["_tag"]], [400, "SessionMissing"])
        assert.include(String(json["message"]), "Session-Id")
      })
    )
    it.effect("have ids that a path can have; another one is refused before the run", () =>
      Effect.gen(function* () {
        for (const id of ["a/b", "a b", ".", "..", "-", "x".repeat(201), "?", "a%2Fb"]) {
          const { json, status } = yield* say("hello", id)
          assert.deepStrictEqual([status, json["_tag"]], [400, "InvalidRequest"], id)
          assert.deepInclude(JSON.stringify(json["issues"]), "Session-Id")
        }
        const { json, status } = yield* say("hello", undefined, { as: "a b" })
        assert.deepStrictEqual([status, json["_tag"]], [400, "InvalidRequest"])
        yield* say("hello", "ada@example.com")
        assert.strictEqual((yield* request("/sessions/ada@example.com")).status, 200)
        assert.strictEqual((yield* request("/sessions/ada%40example.com")).status, 200)
      })
    )
    it.effect("are listed by pages, described and deleted; their runs stay", () =>
      Effect.gen(function* () {
        for (const session of ["p1", "p2", "p3"]) yield* say("brief note", session)
        const ids = (page: { readonly json: unknown }) =>
          (page.json as { readonly sessions: ReadonlyArray<{ readonly id: string }> }).sessions.map(({ id }) => id)
        const first = yield* request("/sessions?limit=2&cursor=p")
        assert.deepStrictEqual(ids(first), ["p1", "p2"])
        assert.deepStrictEqual(ids(yield* request(`/sessions?limit=1&cursor=${first.json["nextCursor"]}`)), ["p3"])
        const { json } = yield* request("/sessions/p1")
        const states = json["states"] as ReadonlyArray<Record<string, unknown>>
        assert.deepStrictEqual(
          states.map(({ name, value }) => [name, value]),
          [
            ["brief", "note"],
            ["history", ["brief note"]]
          ]
        )
        assert.isString(states[0]?.["expiresAt"])
        assert.notProperty(states[1], "expiresAt")
        const removed = yield* request("/sessions/p1", { method: "DELETE" })
        assert.deepStrictEqual([removed.status, removed.text], [204, ""])
        for (const method of ["GET", "DELETE"]) {
          const { json, status } = yield* request("/sessions/p1", { method })
          assert.deepStrictEqual([status, json["_tag"]], [404, "SessionNotFound"])
        }
        assert.lengthOf((yield* request("/runs?session=p1")).json.runs, 1)
        assert.deepStrictEqual(messagesOf(yield* say("anew", "p1")), ["anew"])
      })
    )
    it.effect("refuse a query that does not fit, and other methods", () =>
      Effect.gen(function* () {
        for (const query of ["limit=0", "limit=x", "cursor=%20"]) {
          assert.strictEqual((yield* request(`/sessions?${query}`)).status, 400, query)
        }
        assert.strictEqual((yield* request("/runs?session=%20")).status, 400)
        const wrong = yield* request("/sessions/one", { method: "PUT" })
        assert.deepStrictEqual([wrong.status, wrong.headers.get("allow")], [405, "GET, HEAD, DELETE, OPTIONS"])
        const list = yield* request("/sessions", { method: "DELETE" })
        assert.deepStrictEqual([list.status, list.headers.get("allow")], [405, "GET, HEAD, OPTIONS"])
      })
    )
    it.effect("fail with the session and the field when a state has another shape", () =>
      Effect.gen(function* () {
        yield* say("old", "shape")
        const { json, status } = yield* say("renamed", "shape")
        assert.deepStrictEqual([status, json["_tag"]], [500, "SessionMisfit"])
        assert.include(String(json["message"]), "session shape")
        const large = yield* say(`brief ${"x".repeat(30)}`, "shape")
        assert.deepStrictEqual([large.status, large.json["_tag"]], [413, "SessionTooLarge"])
      })
    )
    it.effect("are in the OpenAPI document and in /info", () =>
      Effect.gen(function* () {
        const { paths } = (yield* request("/openapi.json")).json as unknown as {
          readonly paths: Record<string, Record<string, { readonly parameters?: ReadonlyArray<{ name: string }> }>>
        }
        assert.deepStrictEqual(Object.keys(paths["/sessions/{id}"] ?? {}).sort(), ["delete", "get"])
        assert.include(JSON.stringify(paths["/invoke"]?.["post"]?.parameters), "session-id")
        assert.deepInclude((yield* request("/info")).json["paths"], { sessions: "/sessions", session: "/sessions/:id" })
      })
    )
  })

  layer(served(chat, { serving: { recording: "none" } }), { excludeTestServices: true })((it) => {
    it.effect("need records: without them a state is unavailable, and there are no endpoints", () =>
      Effect.gen(function* () {
        const { json, status } = yield* say("hello", "one")
        assert.deepStrictEqual([status, json["_tag"]], [503, "SessionUnavailable"])
        assert.strictEqual((yield* request("/sessions")).status, 404)
      })
    )
  })

  layer(served(chat, { serving: { sessionsUrlPath: "/conversations", disabledEndpoints: ["runs"] } }), {
    excludeTestServices: true
  })((it) => {
    it.effect("are below another path if the settings say so", () =>
      Effect.gen(function* () {
        yield* say("hello", "one")
        assert.strictEqual((yield* request("/conversations/one")).status, 200)
        assert.strictEqual((yield* request("/sessions/one")).status, 404)
      })
    )
  })
})
