// The pipeline as a tool, asked by the client of the official SDK.
import { assert, describe, it, layer } from "@effect/vitest"
import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js"
import type { CallToolResult } from "@modelcontextprotocol/sdk/types.js"
import { Deferred, Effect, Schema } from "effect"
import { Input, Pipeline } from "effect-deployers"
import { Serve } from "effect-deployers/Server"
import { key, request, served } from "../Harness.js"
import { makeLatch, waiting, weather } from "../Pipelines.js"

const authorized = { authorization: `Bearer ${key}` }

/** A client of its own; each of its requests asks for the URL again, which alternates between workers. */
const connect = (path = "/mcp", headers: Record<string, string> = authorized) =>
  Effect.gen(function* () {
    const service = yield* Serve.Served
    const client = new Client({ name: "test", version: "1" })
    const transport = new StreamableHTTPClientTransport(new URL(`http://service${path}`), {
      requestInit: { headers },
      fetch: (_, init) => fetch(`${service.url}${path}`, init)
    })
    yield* Effect.acquireRelease(
      Effect.promise(() => client.connect(transport as Parameters<typeof client.connect>[0])),
      () => Effect.promise(() => client.close())
    )
    return client
  })

const call = (client: Client, name: string, given: Record<string, unknown>) =>
  Effect.promise(() => client.callTool({ name, arguments: given })) as Effect.Effect<CallToolResult>

const errorOf = ({ _meta, content, isError, structuredContent }: CallToolResult) => {
  const error = _meta?.["effect-deployers/error"] as { readonly [name: string]: unknown }
  assert.isTrue(isError)
  assert.isUndefined(structuredContent)
  assert.deepStrictEqual(content, [{ type: "text", text: JSON.stringify(error) }])
  return error
}

describe("the pipeline as a tool", () => {
  layer(served(weather, { key }), { excludeTestServices: true })((it) => {
    it.scoped("has the schemas and the description of the pipeline", () =>
      Effect.gen(function* () {
        const client = yield* connect()
        assert.deepInclude(client.getServerVersion(), { name: "weather", version: "1" })
        assert.strictEqual(client.getInstructions(), "Reports the weather.")
        const { tools } = yield* Effect.promise(() => client.listTools())
        assert.deepStrictEqual(
          tools.map(({ description, name }) => [name, description]),
          [["weather", "Reports the weather."]]
        )
        assert.deepStrictEqual(tools[0]?.inputSchema.required, ["city"])
        assert.sameMembers(Object.keys(tools[0]?.inputSchema.properties ?? {}), ["city", "days", "unit"])
        assert.deepStrictEqual(tools[0]?.outputSchema?.required, ["summary"])
      })
    )
    it.scoped("runs as /invoke does, and the run is on record with its key", () =>
      Effect.gen(function* () {
        const client = yield* connect()
        yield* Effect.promise(() => client.listTools())
        const result = yield* call(client, "weather", { city: "Oslo" })
        assert.deepStrictEqual(result.structuredContent, { summary: "Oslo: 4C" })
        assert.deepStrictEqual(result.content, [{ type: "text", text: '{"summary":"Oslo: 4C"}' }])
        const run = yield* request(`/runs/${result._meta?.["effect-deployers/runId"]}`, { headers: authorized })
        assert.deepInclude(run.json, { status: "succeeded", parameters: { city: "Oslo", days: 1, unit: "C" } })
      })
    )
    it.scoped("fails with the typed failure, the problems of parameters, and an opaque id", () =>
      Effect.gen(function* () {
        const client = yield* connect()
        yield* Effect.promise(() => client.listTools())
        const unknown = errorOf(yield* call(client, "weather", { city: "Atlantis" }))
        assert.deepInclude(unknown, { _tag: "CityUnknown", message: "Atlantis is not a known city." })
        const wrong = errorOf(yield* call(client, "weather", { city: 4, days: 0 }))
        assert.strictEqual(wrong["_tag"], "InvalidRequest")
        assert.sameMembers(
          (wrong["issues"] as ReadonlyArray<{ readonly path: string }>).map(({ path }) => path),
          ["parameters.city", "parameters.days"]
        )
        const bug = errorOf(yield* call(client, "weather", { city: "Bug" }))
        assert.strictEqual(bug["_tag"], "InternalError")
        assert.notInclude(JSON.stringify(bug), "TOP-SECRET")
      })
    )
    it.scoped("reports the progress of its steps to a caller that asks for it", () =>
      Effect.gen(function* () {
        const client = yield* connect()
        const seen: Array<string> = []
        yield* Effect.promise(() =>
          client.callTool({ name: "weather", arguments: { city: "Oslo" } }, undefined, {
            onprogress: ({ message, progress }) => seen.push(`${progress} ${message}`)
          })
        )
        assert.deepStrictEqual(seen, [
          "1 forecast started",
          "2 forecast succeeded",
          "3 forecast#2 started",
          "4 forecast#2 succeeded",
          '5 {"progress":0.5}'
        ])
      })
    )
    it.scoped("is the only one: another name is an error of the protocol", () =>
      Effect.gen(function* () {
        const client = yield* connect()
        const error = yield* Effect.flip(Effect.tryPromise(() => client.callTool({ name: "other", arguments: {} })))
        assert.match(String(error.cause), /-32602.*no tool "other"; this service has weather/)
      })
    )
    it.effect("asks for the key, answers POST only, and refuses pages of other sites", () =>
      Effect.gen(function* () {
        const ping = { jsonrpc: "2.0", id: 1, method: "ping" }
        const accept = "application/json, text/event-stream"
        const ask = (headers: Record<string, string>) =>
          request("/mcp", { json: ping, headers: { accept, ...headers } })
        const keyless = yield* ask({})
        assert.deepStrictEqual([keyless.status, keyless.headers.get("www-authenticate")], [401, "Bearer"])
        const pong = yield* ask(authorized)
        assert.deepStrictEqual([pong.status, pong.headers.get("content-type")], [200, "text/event-stream"])
        assert.include(pong.text, '{"result":{},"jsonrpc":"2.0","id":1}')
        for (const method of ["GET", "DELETE"]) {
          assert.strictEqual((yield* request("/mcp", { method, headers: authorized })).status, 405, method)
        }
        for (const origin of ["http://evil.example", "null", "https://app.example.com.evil.example"]) {
          assert.strictEqual((yield* ask({ ...authorized, origin })).status, 403, origin)
        }
        const { url } = yield* Serve.Served
        const own = yield* Effect.promise(() =>
          fetch(`${url}/mcp`, {
            method: "POST",
            body: JSON.stringify(ping),
            headers: { ...authorized, accept, "content-type": "application/json", origin: url }
          })
        )
        assert.strictEqual(own.status, 200)
      })
    )
    it.effect("refuses messages that are none, and bodies beyond the limit", () =>
      Effect.gen(function* () {
        const headers = { ...authorized, accept: "application/json, text/event-stream" }
        const none = yield* request("/mcp", { json: { hello: 1 }, headers })
        assert.strictEqual(none.status, 400)
        assert.include(none.text, '"jsonrpc":"2.0"')
        const large = yield* request("/mcp", { json: { text: "x".repeat(1_100_000) }, headers })
        assert.strictEqual(large.status, 413)
        assert.strictEqual((yield* request("/mcp", { json: {}, headers: authorized })).status, 406)
      })
    )
  })
  it.scopedLive("ends with its caller: a cancelled call and a closed connection interrupt the run", () =>
    Effect.gen(function* () {
      for (const [way, cause] of [
        ["abort", "cancelled"],
        ["close", "disconnected"]
      ] as const) {
        const latch = yield* makeLatch
        const pipeline = waiting(latch)
        yield* Effect.gen(function* () {
          const client = yield* connect("/mcp", {})
          const controller = new AbortController()
          const calling = yield* Effect.fork(
            Effect.either(
              Effect.tryPromise(() =>
                client.callTool({ name: pipeline.name, arguments: {} }, undefined, { signal: controller.signal })
              )
            )
          )
          yield* Deferred.await(latch.started)
          if (way === "abort") controller.abort("enough")
          else yield* Effect.promise(() => client.close())
          yield* Deferred.await(latch.interrupted)
          assert.strictEqual((yield* calling.await)._tag, "Success")
          const { json } = yield* Effect.repeat(request("/runs?limit=1"), {
            until: ({ json }) => json.runs[0]?.["status"] !== "running"
          })
          const [run = {}] = json.runs as ReadonlyArray<{ readonly [name: string]: unknown }>
          assert.deepStrictEqual([run["status"], run["cause"]], ["interrupted", cause])
        }).pipe(Effect.provide(served(pipeline)))
      }
    })
  )
})

class Order extends Schema.Class<Order>("Order")({ item: Schema.String, note: Schema.Unknown, more: Schema.Unknown }) {}

const price = Pipeline.make("price.of", {
  description: "The price of an item.",
  input: Order,
  output: Schema.Number,
  run: ({ item }) => Effect.succeed(item.length)
})
const words = Pipeline.make("price_of", {
  input: Schema.Union(Schema.String, Schema.Array(Schema.String)),
  output: Schema.Array(Schema.String),
  run: (given) => Effect.succeed([given].flat())
})
const sizes = Pipeline.make("sizes", {
  input: Schema.Struct({ table: Input.file({ maxBytes: 100 }) }),
  output: Schema.Struct({ name: Schema.String, size: Schema.Number }),
  run: ({ table }) => Effect.succeed({ name: table.name, size: table.size })
})

describe("the pipelines of a group as tools", () => {
  const group = Pipeline.group("shop", [price, words, sizes], {
    settings: { mcpUrlPath: "/tools", cors: { origins: ["https://app.example.com"] }, about: { version: "7" } }
  })
  layer(served(group), { excludeTestServices: true })((it) => {
    it.scoped("have names that clients accept, and take and return objects", () =>
      Effect.gen(function* () {
        const client = yield* connect("/tools", { origin: "https://app.example.com" })
        assert.strictEqual(client.getServerVersion()?.version, "7")
        const { tools } = yield* Effect.promise(() => client.listTools())
        assert.deepStrictEqual(
          tools.map(({ name }) => name),
          ["price_of", "price_of_2", "sizes"]
        )
        assert.sameMembers(tools[0]?.inputSchema.required ?? [], ["item", "note", "more"])
        const given = { item: "pen", note: null, more: [1] }
        assert.deepStrictEqual((yield* call(client, "price_of", given)).structuredContent, { outputs: 3 })
        const listed = yield* call(client, "price_of_2", { parameters: ["a", "b"] })
        assert.deepStrictEqual(listed.structuredContent, { outputs: ["a", "b"] })
        const wrong = errorOf(yield* call(client, "price_of", { item: 1, note: 1, more: 1 }))
        assert.include(JSON.stringify(wrong["issues"]), '"path":"parameters.item"')
        const file = { data: Buffer.from("a,b").toString("base64"), contentType: "text/csv", name: "t.csv" }
        const sized = yield* call(client, "sizes", { table: file })
        assert.deepStrictEqual(sized.structuredContent, { name: "t.csv", size: 3 })
      })
    )
  })
  layer(served(group, { serving: { disabledEndpoints: ["mcp"] } }), { excludeTestServices: true })((it) => {
    it.effect("are none when the endpoint is off", () =>
      Effect.gen(function* () {
        assert.strictEqual((yield* request("/tools", { json: {} })).status, 404)
      })
    )
  })
})
