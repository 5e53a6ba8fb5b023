// The request of a run, as its pipeline reads it, and the response, as its pipeline sets it.
import { FetchHttpClient } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Option, Schema } from "effect"
import { Client, Errors, Pipeline, Run } from "effect-deployers"
import { Serve } from "effect-deployers/Server"
import { invoke, key, newest, request, served, stored } from "../Harness.js"
import { follow, told } from "../Sse.js"

const Asked = Schema.Struct({
  method: Schema.NullOr(Schema.String),
  path: Schema.NullOr(Schema.String),
  headers: Schema.Record({ key: Schema.String, value: Schema.String }),
  caller: Schema.NullOr(Schema.Struct({ keyId: Schema.String, scopes: Schema.Array(Schema.String) })),
  requestId: Schema.NullOr(Schema.String),
  remoteAddress: Schema.NullOr(Schema.String)
})

const asked = Effect.map(Run.request, ({ headers, ...parts }) => ({
  method: Option.getOrNull(parts.method),
  path: Option.getOrNull(parts.path),
  headers,
  caller: Option.getOrNull(parts.caller),
  requestId: Option.getOrNull(parts.requestId),
  remoteAddress: Option.getOrNull(parts.remoteAddress)
}))

const asking = (before: Effect.Effect<unknown> = Effect.void) =>
  Pipeline.make("asking", { input: Schema.Struct({}), output: Asked, run: () => Effect.zipRight(before, asked) })

const outputsOf = (json: { readonly [key: string]: unknown }) => json["outputs"] as typeof Asked.Type

describe("Run.request", () => {
  it.live("has method, path, headers, key, id and address of the request", () =>
    Effect.gen(function* () {
      const headers = {
        authorization: `Bearer ${key}`,
        cookie: "session=secret",
        "x-tenant": "north",
        "x-request-id": "r-1"
      }
      const { json, text } = yield* request("/invoke?dry=1", { json: { parameters: {} }, headers })
      const { headers: seen, ...parts } = outputsOf(json)
      assert.deepStrictEqual(parts, {
        method: "POST",
        path: "/invoke",
        caller: { keyId: "key-1", scopes: ["admin"] },
        requestId: "r-1",
        remoteAddress: "127.0.0.1"
      })
      assert.deepInclude(seen, { "x-tenant": "north", authorization: Run.redacted, cookie: Run.redacted })
      assert.notInclude(text, key)
      assert.notInclude(text, "secret")
    }).pipe(Effect.provide(served(asking(), { key })))
  )

  it.live("names no caller where no key is asked for, and the id that the service gave", () =>
    Effect.gen(function* () {
      const { headers, json } = yield* invoke({})
      assert.isNull(outputsOf(json).caller)
      assert.strictEqual(outputsOf(json).requestId, headers.get("x-request-id"))
    }).pipe(Effect.provide(served(asking())))
  )

  it.live("has the address and the path in front of a trusted proxy", () =>
    Effect.gen(function* () {
      const headers = { "x-forwarded-for": "203.0.113.7", "x-forwarded-prefix": "/shop" }
      const { json } = yield* invoke({}, {}, { headers })
      assert.deepInclude(outputsOf(json), { remoteAddress: "203.0.113.7", path: "/shop/invoke" })
    }).pipe(Effect.provide(served(asking(), { serving: { trustedProxies: ["loopback"] } })))
  )

  it.live("is there for a run that goes on without its caller, with a key, and that is followed", () =>
    Effect.gen(function* () {
      const release = yield* Deferred.make<void>()
      yield* Effect.gen(function* () {
        const later = { prefer: "respond-async", "x-tenant": "later" }
        const { json } = yield* invoke({}, {}, { headers: later })
        const { json: keyed } = yield* invoke({}, {}, { headers: { ...later, "idempotency-key": "a" } })
        const body = { method: "POST", body: '{"parameters":{}}' }
        const headers = { accept: "text/event-stream", "content-type": "application/json", "x-tenant": "now" }
        const { rest } = yield* follow("/invoke", { ...body, headers })
        yield* Deferred.succeed(release, undefined)
        const events = yield* rest
        assert.strictEqual(outputsOf(events.at(-1)?.data ?? {}).headers["x-tenant"], "now")
        for (const { runId } of [json, keyed]) {
          const ended = yield* Effect.repeat(request(`/runs/${runId}`), {
            until: ({ json }) => json["status"] === "succeeded"
          })
          assert.strictEqual(outputsOf(ended.json).headers["x-tenant"], "later")
        }
      }).pipe(Effect.scoped, Effect.provide(served(asking(Deferred.await(release)))))
    })
  )

  it.effect("has no parts outside a service", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* Pipeline.run(asking(), {}), {
        method: null,
        path: null,
        headers: {},
        caller: null,
        requestId: null,
        remoteAddress: null
      })
    })
  )
})

class NoStock extends Schema.TaggedError<NoStock>()("NoStock", {}) {}

const order = Pipeline.make("order", {
  input: Schema.Struct({ item: Schema.String }),
  output: Schema.Struct({ order: Schema.Int }),
  error: Schema.Union(NoStock, Errors.ResponseRefused),
  run: ({ item }) =>
    Effect.gen(function* () {
      yield* Run.respond({ status: 203, headers: { "X-Item": item, "x-shelf": "1" } })
      yield* Run.respond({ status: 201, headers: { location: "/orders/7", "X-Shelf": "2" } })
      if (item === "none") return yield* new NoStock()
      return { order: 7 }
    })
})

const response = { status: 201, headers: { "x-item": "tea", "x-shelf": "2", location: "/orders/7" } }

describe("Run.respond", () => {
  it.live("sets the status and headers of the response, and the record has them", () =>
    Effect.gen(function* () {
      const { headers, json, status } = yield* invoke({ item: "tea" })
      assert.strictEqual(status, 201)
      assert.deepStrictEqual(json["outputs"], { order: 7 })
      assert.strictEqual(headers.get("content-type"), "application/json; charset=utf-8")
      for (const [name, value] of Object.entries(response.headers)) assert.strictEqual(headers.get(name), value)
      assert.deepStrictEqual((yield* stored(json.metadata.runId)).response, response)
      assert.deepStrictEqual((yield* request(`/runs/${json.metadata.runId}`)).json["response"], response)
    }).pipe(Effect.provide(served(order)))
  )

  it.live("is given again to a caller that repeats the request with its key", () =>
    Effect.gen(function* () {
      const keyed = { headers: { "idempotency-key": "a" } }
      yield* invoke({ item: "tea" }, {}, keyed)
      const { headers, status } = yield* invoke({ item: "tea" }, {}, keyed)
      assert.deepStrictEqual([status, headers.get("idempotency-replayed")], [201, "true"])
      for (const [name, value] of Object.entries(response.headers)) assert.strictEqual(headers.get(name), value)
    }).pipe(Effect.provide(served(order)))
  )

  it.live("has no effect on a run that fails", () =>
    Effect.gen(function* () {
      const { headers, status } = yield* invoke({ item: "none" })
      assert.deepStrictEqual([status, headers.get("location")], [422, null])
      assert.isUndefined((yield* newest).response)
    }).pipe(Effect.provide(served(order)))
  )

  it.live("is in the last event of the run, and not on record for a run without data", () =>
    Effect.gen(function* () {
      const { text } = yield* invoke({ item: "tea" }, {}, { headers: { accept: "text/event-stream" } })
      assert.deepStrictEqual(told(text).at(-1)?.data["response"], response)
      const { json, status } = yield* invoke({ item: "tea" }, { skipArtifacts: true })
      assert.strictEqual(status, 201)
      assert.isUndefined((yield* stored(json.metadata.runId)).response)
    }).pipe(Effect.provide(served(order)))
  )

  it.live("refuses what the service decides, as a typed failure", () =>
    Effect.gen(function* () {
      const { json, status } = yield* invoke({ item: "tea\nset-cookie: a" })
      assert.deepStrictEqual([status, json["_tag"]], [500, "ResponseRefused"])
      assert.deepInclude(json["error"], { field: "headers.X-Item" })
    }).pipe(Effect.provide(served(order)))
  )

  it.live("leaves the outputs of a typed client as they are", () =>
    Effect.gen(function* () {
      const { url } = yield* Serve.Served
      const client = Client.make(order, { url })
      assert.deepStrictEqual(yield* client.invoke({ item: "tea" }), { order: 7 })
      const error = yield* Effect.flip(client.invoke({ item: "none" }))
      assert.instanceOf(error, NoStock)
    }).pipe(Effect.provide(FetchHttpClient.layer), Effect.provide(served(order)))
  )
})

describe("the parts of a response that Run.respond refuses", () => {
  const refusals: ReadonlyArray<readonly [name: string, options: Run.RespondOptions, field: string]> = [
    ...[100, 199, 202, 204, 205, 206, 300, 404, 500, 200.5, Number.NaN].map(
      (status) => [`the status ${status}`, { status }, "status"] as const
    ),
    ...[
      "content-type",
      "Content-Length",
      "x-request-id",
      "Access-Control-Allow-Origin",
      "Connection",
      "bad name",
      ""
    ].map((name) => [`the header "${name}"`, { headers: { [name]: "x" } }, `headers.${name}`] as const),
    ["a line break in a value", { headers: { a: "b\r\nc: d" } }, "headers.a"],
    ["a character beyond ASCII", { headers: { a: "ä" } }, "headers.a"],
    ["more than 8 KiB", { headers: { a: "x".repeat(8_192) } }, "headers"]
  ]
  for (const [name, options, field] of refusals) {
    it.effect(name, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(Run.respond(options))
        assert.strictEqual(error._tag, "ResponseRefused")
        assert.strictEqual(error.field, field)
        assert.include(error.message, field)
      })
    )
  }

  it.effect("and permits the others", () =>
    Effect.forEach([200, 201, 203, 226, 299], (status) => Run.respond({ status, headers: { "Set-Cookie": "a=b" } }))
  )
})
