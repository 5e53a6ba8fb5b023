// Several pipelines in one deployment.
import { FetchHttpClient, HttpApiSchema, HttpRouter, HttpServerResponse } from "@effect/platform"
import { assert, describe, it, layer } from "@effect/vitest"
import { Context, Effect, Layer, Redacted, Ref, Schema } from "effect"
import { App, Client, Errors, Pipeline } from "effect-deployers"
import { Entrypoint, Serve } from "effect-deployers/Server"
import * as Check from "../../../src/Server/Process/Check.js"
import { compile } from "../../../src/Snapshot/Spec.js"
import { key, newest, quiet, request, served } from "../Harness.js"
import { names, told } from "../Sse.js"

class Prices extends Context.Tag("test/Prices")<Prices, { readonly of: (item: string) => number }>() {}
class Place extends Context.Tag("test/Place")<Place, string>() {}

class Unknown extends Schema.TaggedError<Unknown>()(
  "Unknown",
  { item: Schema.String },
  HttpApiSchema.annotations({ status: 404 })
) {}

const price = Pipeline.make("price", {
  description: "The price of an item.",
  input: Schema.Struct({
    item: Schema.String,
    count: Schema.optionalWith(Schema.Int, { default: () => 1 })
  }),
  output: Schema.Struct({ total: Schema.Number, at: Schema.Date, place: Schema.String }),
  error: Unknown,
  check: { input: { item: "pen" }, expect: { total: 3 } },
  run: ({ count, item }) =>
    Effect.gen(function* () {
      if (item === "ghost") return yield* new Unknown({ item })
      const prices = yield* Prices
      return { total: count * prices.of(item), at: new Date(0), place: yield* Place }
    })
})

const stock = Pipeline.make("stock", {
  input: Schema.Struct({ item: Schema.String }),
  output: Schema.Struct({ place: Schema.String }),
  run: () => Effect.map(Place, (place) => ({ place }))
})

let built = 0
const PricesLive = Layer.sync(Prices, () => {
  built += 1
  return { of: (item) => item.length }
})

const priceProvided = price.pipe(Pipeline.provide(Layer.merge(PricesLive, Layer.succeed(Place, "the shop"))))
const stockProvided = stock.pipe(Pipeline.provide(Layer.merge(PricesLive, Layer.succeed(Place, "the store"))))
const hello = HttpRouter.empty.pipe(HttpRouter.get("/hello", HttpServerResponse.text("hello")))

const shop = Pipeline.group("shop", [priceProvided, stockProvided], { description: "A shop." }).pipe(
  Pipeline.withApp(App.routes(hello, { access: "public" }))
)

const authorized = { authorization: `Bearer ${key}` }
const ask = (path: string, parameters: unknown, headers: Record<string, string> = {}, more: object = {}) =>
  request(path, { json: { parameters, ...more }, headers: { ...authorized, ...headers } })

describe("several pipelines in one deployment", () => {
  layer(served(shop, { key }), { excludeTestServices: true })((it) => {
    it.effect("have a path each, and their own parameters, outputs and layers", () =>
      Effect.gen(function* () {
        const priced = yield* ask("/price/invoke", { item: "pen", count: 2 })
        assert.deepStrictEqual(
          [priced.status, priced.json["outputs"]],
          [200, { total: 6, at: "1970-01-01T00:00:00.000Z", place: "the shop" }]
        )
        const stocked = yield* ask("/stock/invoke", { item: "pen" })
        assert.deepStrictEqual([stocked.status, stocked.json["outputs"]], [200, { place: "the store" }])
        assert.strictEqual(built, 1)
      })
    )
    it.effect("ask for the key, and answer at no other path or method", () =>
      Effect.gen(function* () {
        assert.strictEqual((yield* request("/price/invoke", { json: { parameters: { item: "pen" } } })).status, 401)
        assert.strictEqual((yield* ask("/nothing/invoke", { item: "pen" })).status, 404)
        assert.strictEqual((yield* request("/price/invoke", { headers: authorized })).status, 405)
        assert.strictEqual((yield* request("/hello")).text, "hello")
      })
    )
    it.effect("refuse parameters with the paths that the caller wrote", () =>
      Effect.gen(function* () {
        const wrong = yield* ask("/price/invoke", { item: 7, other: true })
        assert.strictEqual(wrong.status, 400)
        const issues = wrong.json["issues"] as ReadonlyArray<{ readonly path: string }>
        assert.deepStrictEqual(issues.map(({ path }) => path).sort(), ["parameters.item", "parameters.other"])
        const none = yield* request("/price/invoke", { json: {}, headers: authorized })
        assert.deepStrictEqual(
          [none.status, none.json["issues"]],
          [400, [{ path: "parameters", reason: "is missing" }]]
        )
        assert.strictEqual((yield* request("/price/invoke", { json: "{", headers: authorized })).status, 400)
      })
    )
    it.effect("fail with their own failures", () =>
      Effect.gen(function* () {
        const { json, status } = yield* ask("/price/invoke", { item: "ghost" })
        assert.deepStrictEqual([status, json["_tag"]], [404, "Unknown"])
      })
    )
    it.effect("record their runs in one store, by their names", () =>
      Effect.gen(function* () {
        yield* ask("/price/invoke", { item: "pen" })
        const run = yield* newest
        assert.match(run.name, /^price-\d+$/)
        assert.deepStrictEqual(run.parameters, { pipeline: "price", parameters: { item: "pen", count: 1 } })
        yield* ask("/stock/invoke", { item: "pen" })
        const { json } = yield* request("/runs?limit=2", { headers: authorized })
        assert.match(json.runs.map((it) => it["name"]).join(), /^stock-\d+,price-\d+$/)
        yield* ask("/stock/invoke", { item: "pen" }, {}, { runName: "mine" })
        assert.strictEqual((yield* newest).name, "mine")
      })
    )
    it.effect("answer in every mode", () =>
      Effect.gen(function* () {
        const accepted = yield* ask("/price/invoke", { item: "pen" }, { prefer: "respond-async" })
        assert.deepStrictEqual(
          [accepted.status, accepted.headers.get("location")],
          [202, `/runs/${accepted.json.runId}`]
        )
        const stream = yield* ask("/price/invoke", { item: "pen" }, { accept: "text/event-stream" })
        assert.deepStrictEqual(names(told(stream.text)), ["run_started", "run_finished"])
        const keyed = { "idempotency-key": "one" }
        const first = yield* ask("/price/invoke", { item: "pen" }, keyed)
        const again = yield* ask("/price/invoke", { item: "pen" }, keyed)
        assert.deepStrictEqual([again.status, again.text], [200, first.text])
        assert.strictEqual((yield* ask("/stock/invoke", { item: "pen" }, keyed)).status, 409)
      })
    )
    it.effect("can be invoked by the path of the group, too", () =>
      Effect.gen(function* () {
        const { json, status } = yield* ask("/invoke", { pipeline: "stock", parameters: { item: "pen" } })
        assert.deepStrictEqual([status, json["outputs"]], [200, { place: "the store" }])
        assert.strictEqual((yield* ask("/invoke", { pipeline: "other", parameters: {} })).status, 400)
      })
    )
    it.effect("are in one document, each with its schemas", () =>
      Effect.gen(function* () {
        const { json } = yield* request("/openapi.json")
        const paths = json["paths"] as Record<string, Record<string, Operation>>
        const { post } = paths["/price/invoke"] ?? {}
        assert.deepStrictEqual([post?.tags, post?.security], [["price"], [{ bearer: [] }]])
        assert.include(JSON.stringify(post?.requestBody), '"count"')
        assert.include(JSON.stringify(post?.responses), '"total"')
        assert.containsAllKeys(post?.responses, ["200", "400", "401", "404", "429", "503"])
        assert.property(paths, "/stock/invoke")
        assert.property(paths, "/invoke")
        assert.strictEqual((yield* request("/")).status, 200)
      })
    )
    it.effect("have a typed client each", () =>
      Effect.gen(function* () {
        const { url } = yield* Serve.Served
        const ref = { url, authKey: Redacted.make(key) }
        const { invoke } = Client.make(price, { ...ref, pipeline: "price" })
        assert.deepStrictEqual((yield* invoke({ item: "pen" })).at, new Date(0))
        assert.deepStrictEqual(yield* Effect.flip(invoke({ item: "ghost" })), new Unknown({ item: "ghost" }))
        const named = Client.make(stock, "shop/stock")
        const table = Client.layerStatic({ shop: ref })
        assert.deepStrictEqual(yield* Effect.provide(named.invoke({ item: "pen" }), table), { place: "the store" })
        const { input } = yield* Effect.provide(Client.schema("shop/price"), table)
        assert.deepStrictEqual(Object.keys(input["properties"] as object), ["item", "count"])
        const error = yield* Effect.flip(Effect.provide(Client.invoke("shop/price", { item: 7 }), table))
        assert.deepStrictEqual(
          error instanceof Errors.DeploymentInvalidParameters && error.issues.map(({ path }) => path),
          ["item"]
        )
      }).pipe(Effect.provide(FetchHttpClient.layer))
    )
  })
  layer(
    served(shop, {
      key,
      serving: { rootUrlPath: "/svc", apiUrlPath: "/v1", invokeUrlPath: "/run", publicEndpoints: ["invoke"] }
    }),
    { excludeTestServices: true }
  )("whose paths have moved", (it) => {
    it.effect("answer there", () =>
      Effect.gen(function* () {
        const { status } = yield* request("/svc/v1/price/run", { json: { parameters: { item: "pen" } } })
        assert.strictEqual(status, 200)
        assert.strictEqual((yield* ask("/price/invoke", { item: "pen" })).status, 404)
        const { json } = yield* request("/svc/openapi.json")
        const paths = json["paths"] as Record<string, Record<string, Operation>>
        assert.deepStrictEqual(paths["/svc/v1/price/run"]?.["post"]?.security, [])
      })
    )
  })
  const seen = Ref.unsafeMake<ReadonlyArray<string>>([])
  const watched = shop.pipe(
    Pipeline.withApp(
      App.middleware(
        (app) =>
          Effect.zipRight(
            Ref.update(seen, (all) => [...all, "seen"]),
            app
          ),
        { on: ["invoke"] }
      )
    )
  )
  layer(served(watched, { key }), { excludeTestServices: true })("with a middleware for invoke", (it) => {
    it.effect("are seen by it", () =>
      Effect.gen(function* () {
        const { json, status } = yield* ask("/price/invoke", { item: "pen" })
        assert.deepStrictEqual([status, (json["outputs"] as { total: number }).total], [200, 3])
        yield* ask("/invoke", { pipeline: "stock", parameters: { item: "pen" } })
        assert.lengthOf(yield* Ref.get(seen), 2)
      })
    )
  })
})

describe("a group", () => {
  it.effect("is what a module deploys that exports its pipelines, too", () =>
    Effect.gen(function* () {
      const line = yield* Entrypoint.describe({ module: { priceProvided, shop, stockProvided }, file: "shop.ts" })
      const { export: name } = JSON.parse(line)
      // An application makes another pipeline of the group, whose pipelines are the same.
      assert.strictEqual(name, "shop")
    })
  )
  it.effect("has names once, which fit into a path", () =>
    Effect.gen(function* () {
      for (const names of [["price", "price"], ["a b"], [""], ["a/b"]]) {
        const members = names.map((name) => ({ ...stockProvided, name }))
        const error = yield* Effect.flip(compile(Pipeline.group("group", members)))
        assert.deepStrictEqual([error._tag, error.path], ["PipelineSchemaUnsupported", "pipeline"])
      }
    })
  )
  it.effect("runs the checks of its pipelines", () =>
    Effect.gen(function* () {
      const checked = (given: Pipeline.Any) =>
        Effect.scoped(
          Effect.flatMap(Layer.build(Layer.orDie(given.layer)), Check.make(given, { check: { timeoutMillis: 5_000 } }))
        )
      yield* checked(shop)
      const wrong = {
        ...priceProvided,
        check: { timeoutMillis: 5_000, example: { input: { item: "pen" }, expect: { total: 4 } } }
      }
      const error = yield* Effect.flip(checked(Pipeline.group("shop", [stockProvided, wrong])))
      assert.include(error.message, "output.total is 3 instead of 4")
      const run = () => Effect.flatMap(Place, (place) => Effect.fail(new Error(place)))
      const failing = {
        ...stockProvided,
        check: { timeoutMillis: 5_000, run: run as unknown as Pipeline.Check["run"] }
      }
      const failure = yield* Effect.flip(checked(Pipeline.group("shop", [priceProvided, failing])))
      assert.include(failure.message, "the store")
    }).pipe(Effect.provide(quiet))
  )
})

interface Operation {
  readonly tags: ReadonlyArray<string>
  readonly security?: unknown
  readonly requestBody?: unknown
  readonly responses: Record<string, unknown>
}
