// The pipelines of a group in detail: files, elements, limits of callers, schedules, and what a group refuses.
import { FetchHttpClient, HttpRouter, HttpServerResponse } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Chunk, Effect, Either, Schema, Stream } from "effect"
import { App, Client, Errors, File, Input, Pipeline } from "effect-deployers"
import { Serve } from "effect-deployers/Server"
import { newest, request, served } from "../Harness.js"
import { names, told } from "../Sse.js"

const Scanned = Schema.Struct({ name: Schema.String, size: Schema.Int, onDisk: Schema.Boolean, text: Schema.String })

const scan = Pipeline.make("scan", {
  input: Schema.Struct({ page: Input.file({ maxBytes: 100 }), copies: Schema.optional(Schema.Int) }),
  output: Scanned,
  run: ({ page }) =>
    Effect.map(page.bytes, (bytes) => ({
      name: page.name,
      size: page.size,
      onDisk: page.path._tag === "Some",
      text: new TextDecoder().decode(bytes)
    }))
})

const count = Pipeline.stream("count", {
  input: Schema.Struct({ to: Schema.Int }),
  output: Schema.Int,
  run: ({ to }) => Stream.range(1, to)
})

const plain = Pipeline.make("plain", {
  input: Schema.Struct({ text: Schema.String }),
  output: Schema.String,
  run: ({ text }) => Effect.succeed(text)
})

const office = Pipeline.group("office", [scan, count, plain])

const form = (file: Blob, name: string, fields: Record<string, string> = {}) => {
  const body = new FormData()
  body.append("page", file, name)
  for (const [key, value] of Object.entries(fields)) body.append(key, value)
  return body
}

const page = { name: "a.txt", size: 5, onDisk: true, text: "hello" }

describe("a pipeline of a group", () => {
  it.live("takes files in a form, with the limits and the paths of its own parameters", () =>
    Effect.gen(function* () {
      const send = (body: FormData, headers: Record<string, string> = {}) =>
        request("/scan/invoke", { method: "POST", body, headers })
      const sent = yield* send(form(new Blob(["hello"]), "a.txt", { copies: "2" }))
      assert.deepStrictEqual([sent.status, sent.json["outputs"]], [200, page])
      const run = yield* newest
      assert.deepInclude((run.parameters as { parameters: object }).parameters, { copies: 2 })
      assert.strictEqual(sent.json.metadata["pipelineName"], "scan")
      const large = yield* send(form(new Blob(["x".repeat(101)]), "a.txt"))
      assert.deepStrictEqual([large.status, large.json["_tag"]], [413, "PayloadTooLarge"])
      const wrong = yield* send(form(new Blob(["hello"]), "a.txt", { copies: "many" }))
      assert.deepStrictEqual(
        (wrong.json["issues"] as ReadonlyArray<{ path: string }>).map(({ path }) => path),
        ["parameters.copies"]
      )
      const keyed = { "idempotency-key": "form" }
      const first = yield* send(form(new Blob(["hello"]), "a.txt"), keyed)
      assert.strictEqual((yield* send(form(new Blob(["hello"]), "a.txt"), keyed)).text, first.text)
      assert.strictEqual((yield* send(form(new Blob(["other"]), "a.txt"), keyed)).status, 409)
      const inJson = yield* request("/scan/invoke", { json: { parameters: { page: "data:text/plain,hello" } } })
      assert.deepStrictEqual(inJson.json["outputs"], { ...page, name: "file" })
      const other = yield* request("/plain/invoke", { method: "POST", body: form(new Blob(["x"]), "x") })
      assert.strictEqual(other.status, 415)
    }).pipe(Effect.provide(served(office)))
  )

  it.live("sends its elements as lines and as events, and its list to other callers", () =>
    Effect.gen(function* () {
      const ask = (headers: Record<string, string>, extra: object = {}) =>
        request("/count/invoke", { json: { parameters: { to: 3 }, ...extra }, headers })
      const lines = yield* ask({ accept: "application/x-ndjson" })
      assert.strictEqual(lines.headers.get("content-type"), "application/x-ndjson")
      const parsed = lines.text
        .trim()
        .split("\n")
        .map((line): Record<string, object> => JSON.parse(line))
      assert.deepStrictEqual(parsed.slice(0, 3), [1, 2, 3].map((element) => ({ element })) as never)
      assert.deepInclude(parsed[3]?.["finished"], { status: "succeeded" })
      assert.notProperty(parsed[3]?.["finished"], "outputs")
      const events = told((yield* ask({ accept: "text/event-stream" })).text)
      assert.deepStrictEqual(names(events), ["run_started", "element", "element", "element", "run_finished"])
      assert.notProperty(events.at(-1)?.data, "outputs")
      assert.deepStrictEqual((yield* ask({})).json["outputs"], [1, 2, 3] as never)
      const bare = yield* ask({ accept: "text/event-stream" }, { skipArtifacts: true })
      assert.strictEqual(bare.status, 400)
      const none = yield* request("/plain/invoke", {
        json: { parameters: { text: "a" } },
        headers: { accept: "application/x-ndjson" }
      })
      assert.strictEqual(none.json["outputs"], "a" as never)
      const { json } = yield* request("/openapi.json")
      const paths = json["paths"] as Record<string, Record<string, object>>
      assert.property(paths["/count/invoke"]?.["post"], "x-stream")
      assert.include(JSON.stringify(paths["/scan/invoke"]), "multipart/form-data")
    }).pipe(Effect.provide(served(office)))
  )

  it.live("has a typed client, with files and elements", () =>
    Effect.gen(function* () {
      const { url } = yield* Serve.Served
      const file = yield* File.fromBytes(new TextEncoder().encode("hello"), { name: "a.txt" })
      assert.deepStrictEqual(yield* Client.make(scan, { url, pipeline: "scan" }).invoke({ page: file }), page)
      const elements = yield* Stream.runCollect(Client.make(count, { url, pipeline: "count" }).stream({ to: 3 }))
      assert.deepStrictEqual(Chunk.toReadonlyArray(elements), [1, 2, 3])
    }).pipe(Effect.provide(FetchHttpClient.layer), Effect.provide(served(office)))
  )
})

const refusal = (make: () => unknown) => {
  const error = Either.flip(Either.try({ try: make, catch: (error) => error })).pipe(Either.getOrThrow)
  assert.instanceOf(error, Errors.PipelineGroupInvalid)
  return error
}

describe("a group", () => {
  it("refuses a pipeline with an application, and two schedules of one name", () => {
    const hello = HttpRouter.empty.pipe(HttpRouter.get("/hello", HttpServerResponse.text("hello")))
    const withApp = plain.pipe(Pipeline.withApp(App.routes(hello, { access: "public" })))
    const app = refusal(() => Pipeline.group("office", [withApp]))
    assert.deepStrictEqual([app.group, app.pipeline, app.field], ["office", "plain", "app"])
    assert.include(app.message, "Pipeline.withApp after Pipeline.group")
    const nightly = { cron: "0 3 * * *" } as const
    const one = plain.pipe(Pipeline.schedule("nightly", { ...nightly, input: { text: "a" } }))
    const two = count.pipe(Pipeline.schedule("nightly", { ...nightly, input: { to: 1 } }))
    const schedules = refusal(() => Pipeline.group("office", [one, two]))
    assert.deepStrictEqual([schedules.pipeline, schedules.field], ["count", "schedules"])
    assert.include(schedules.message, 'a schedule "nightly", and so has "plain"')
    const renamed = count.pipe(Pipeline.schedule("weekly", { ...nightly, input: { to: 1 } }))
    assert.deepStrictEqual(
      Pipeline.group("office", [one, renamed]).schedules.map(({ name }) => name),
      ["nightly", "weekly"]
    )
  })
})
