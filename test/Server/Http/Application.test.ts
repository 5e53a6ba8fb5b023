// What a pipeline serves besides itself: endpoints, routes, middleware and hooks.
import {
  FetchHttpClient,
  HttpApiEndpoint,
  HttpApiGroup,
  HttpApiSchema,
  HttpMiddleware,
  HttpRouter,
  HttpServerRequest,
  HttpServerResponse
} from "@effect/platform"
import { assert, describe, it, layer } from "@effect/vitest"
import { Context, Effect, Exit, Layer, Redacted, Ref, Schema, Scope } from "effect"
import { App, Client, Pipeline, Run } from "effect-deployers"
import { Serve, Server } from "effect-deployers/Server"
import { digest } from "../../../src/Server/Http/BearerAuth.js"
import * as Ids from "../../../src/Store/Ids.js"
import { asApp, invoke, key, memory, newest, quiet, request, served } from "../Harness.js"

class Model extends Context.Tag("test/Model")<Model, { readonly name: string; readonly factor: number }>() {}

class TooLarge extends Schema.TaggedError<TooLarge>()(
  "TooLarge",
  { max: Schema.Number },
  HttpApiSchema.annotations({ status: 409 })
) {}

class Odd extends Schema.TaggedError<Odd>()("Odd", { x: Schema.Number }) {}

const base = Pipeline.make("doubling", {
  input: Schema.Struct({ x: Schema.Number }),
  output: Schema.Struct({ y: Schema.Number, requestId: Schema.optional(Schema.String) }),
  error: Odd,
  run: ({ x }) =>
    Effect.gen(function* () {
      if (x % 2 === 1) return yield* new Odd({ x })
      const { factor } = yield* Model
      const info = yield* Run.info
      return { y: x * factor, ...(info?.requestId === undefined ? {} : { requestId: info.requestId }) }
    })
})

const models = HttpApiGroup.make("models")
  .add(HttpApiEndpoint.get("current", "/model").addSuccess(Schema.Struct({ name: Schema.String })))
  .add(
    HttpApiEndpoint.put("scale", "/model/:id")
      .setPath(Schema.Struct({ id: Schema.NumberFromString }))
      .setPayload(Schema.Struct({ by: Schema.Number }))
      .addSuccess(Schema.Number)
      .addError(TooLarge)
  )

const twice = HttpApiGroup.make("twice").add(
  HttpApiEndpoint.post("twice", "/twice")
    .setPayload(Schema.Struct({ x: Schema.Number }))
    .addSuccess(Schema.Struct({ first: Schema.Number, second: Schema.Number }))
    .addError(Odd)
)

/** Replaces a default endpoint by its method and path. */
const info = HttpApiGroup.make("about").add(HttpApiEndpoint.get("info", "/info").addSuccess(Schema.Literal("mine")))

const open = HttpRouter.empty.pipe(
  HttpRouter.get(
    "/hello/:name",
    Effect.map(HttpRouter.params, ({ name }) => HttpServerResponse.unsafeJson({ name }))
  ),
  HttpRouter.post(
    "/echo",
    Effect.flatMap(HttpServerRequest.HttpServerRequest, (it) => Effect.map(it.text, HttpServerResponse.text))
  ),
  HttpRouter.get("/bug", Effect.dieMessage("TOP-SECRET")),
  HttpRouter.get("/fails", Effect.fail(new Error("TOP-SECRET"))),
  HttpRouter.get("/runs/export", HttpServerResponse.text("exported")),
  HttpRouter.get(
    "/model-name",
    Effect.map(Model, ({ name }) => HttpServerResponse.text(name))
  ),
  HttpRouter.mountApp("/tools", HttpRouter.empty.pipe(HttpRouter.get("/a", HttpServerResponse.text("tool a"))))
)

const reading = HttpRouter.empty.pipe(HttpRouter.get("/report", HttpServerResponse.text("report")))
const changing = HttpRouter.empty.pipe(HttpRouter.post("/reset", HttpServerResponse.text("reset")))

const application = App.make(
  App.endpoints(models, (handlers) =>
    handlers
      .handle("current", () => Effect.map(Model, ({ name }) => ({ name })))
      .handle("scale", ({ path, payload }) =>
        payload.by > 10 ? new TooLarge({ max: 10 }) : Effect.map(Model, ({ factor }) => factor * payload.by + path.id)
      )
  ),
  App.endpoints(twice, (handlers) =>
    handlers.handle("twice", ({ payload: { x } }) =>
      Effect.gen(function* () {
        const first = yield* App.invoke(base, { x })
        const second = yield* App.invoke(base, { x: first.y }, { runName: "second" })
        return { first: first.y, second: second.y }
      }).pipe(
        Effect.catchTags({
          InternalError: Effect.die,
          InvalidRequest: Effect.die,
          RunContinues: Effect.die,
          RunDiverged: Effect.die,
          RunInterrupted: Effect.die,
          RunLimitExceeded: Effect.die,
          RunNotRecovered: Effect.die,
          RunTimedOut: Effect.die,
          ServiceInMaintenance: Effect.die,
          ServiceUnavailable: Effect.die,
          StepTimedOut: Effect.die,
          TooManyRuns: Effect.die
        })
      )
    )
  ),
  App.endpoints(info, (handlers) => handlers.handle("info", () => Effect.succeed("mine" as const)), {
    access: "public"
  }),
  App.routes(open, { access: "public" }),
  App.routes(reading, { access: "read" }),
  App.routes(changing, { access: "admin" })
)

const provided = Pipeline.provide(Layer.succeed(Model, { name: "two", factor: 2 }))
const doubling = base.pipe(Pipeline.withApp(application), provided)

const authorized = { authorization: `Bearer ${key}` }

describe("endpoints of one's own", () => {
  layer(served(doubling, { key }), { excludeTestServices: true })((it) => {
    const rows: ReadonlyArray<
      readonly [
        what: string,
        path: string,
        init: RequestInit & { json?: unknown },
        keyed: boolean,
        status: number,
        text: string
      ]
    > = [
      ["a typed endpoint with the warm state", "/model", {}, true, 200, '{"name":"two"}'],
      ["a typed endpoint with a path and a body", "/model/3", { json: { by: 4 }, method: "PUT" }, true, 200, "11"],
      ["a typed failure", "/model/3", { json: { by: 11 }, method: "PUT" }, true, 409, '{"max":10,"_tag":"TooLarge"}'],
      ["a replaced default endpoint", "/info", {}, false, 200, '"mine"'],
      ["a route with a parameter", "/hello/Ada", {}, false, 200, '{"name":"Ada"}'],
      ["a route with a query", "/hello/Ada?x=1", {}, false, 200, '{"name":"Ada"}'],
      ["a route beside a pattern of the default ones", "/runs/export", {}, false, 200, "exported"],
      ["a route with the warm state", "/model-name", {}, false, 200, "two"],
      ["a mounted app", "/tools/a", {}, false, 200, "tool a"],
      ["a body", "/echo", { json: { a: 1 } }, false, 200, '{"a":1}'],
      ["a route for readers", "/report", {}, true, 200, "report"],
      ["a route for administrators", "/reset", { method: "POST" }, true, 200, "reset"]
    ]
    for (const [what, path, init, keyed, status, text] of rows) {
      it.effect(`answer: ${what}`, () =>
        Effect.gen(function* () {
          const bare = yield* ask(path, init)
          if (keyed) assert.strictEqual(bare.status, 401)
          else assert.deepStrictEqual([bare.status, bare.text], [status, text])
          const reply = yield* ask(path, init, authorized)
          assert.deepStrictEqual([reply.status, reply.text], [status, text])
          assert.strictEqual(reply.headers.get("x-content-type-options"), "nosniff")
          assert.isNotNull(reply.headers.get("x-request-id"))
        })
      )
    }
    it.effect("leave the default endpoints as they are", () =>
      Effect.gen(function* () {
        assert.strictEqual((yield* invoke({ x: 2 }, {}, { headers: authorized })).status, 200)
        assert.strictEqual((yield* request("/invoke", { json: { parameters: { x: 2 } } })).status, 401)
        assert.strictEqual((yield* request("/runs", { headers: authorized })).status, 200)
        assert.strictEqual((yield* request("/health")).status, 200)
      })
    )
    it.effect("refuse other methods with those that there are", () =>
      Effect.gen(function* () {
        const replies = yield* Effect.forEach(["/model", "/info", "/runs/export"], (path) =>
          request(path, { method: "DELETE", headers: authorized })
        )
        assert.deepStrictEqual(
          replies.map(({ status }) => status),
          [405, 405, 405]
        )
        assert.strictEqual(replies[0]?.headers.get("allow"), "GET, HEAD, OPTIONS")
      })
    )
    it.effect("answer HEAD without a body", () =>
      Effect.gen(function* () {
        const { status, text } = yield* request("/hello/Ada", { method: "HEAD" })
        assert.deepStrictEqual([status, text], [200, ""])
      })
    )
    it.effect("answer requests that do not fit as the default ones do", () =>
      Effect.gen(function* () {
        const { json, status } = yield* request("/model/x", { json: { by: "y" }, method: "PUT", headers: authorized })
        assert.deepStrictEqual([status, json["_tag"]], [400, "InvalidRequest"])
      })
    )
    it.effect("take no body over the limit", () =>
      Effect.gen(function* () {
        const { json, status } = yield* request("/echo", { json: { text: "x".repeat(2_000_000) } })
        assert.deepStrictEqual([status, json["_tag"]], [413, "PayloadTooLarge"])
        assert.strictEqual((yield* request("/echo", { json: { text: "x".repeat(1_000_000) } })).status, 200)
      })
    )
    it.effect("say nothing of a bug but its id", () =>
      Effect.gen(function* () {
        for (const path of ["/bug", "/fails"]) {
          const { json, status, text } = yield* request(path)
          assert.deepStrictEqual([status, json["_tag"]], [500, "InternalError"], path)
          assert.notInclude(text, "SECRET")
        }
      })
    )
    it.effect("take no path that only looks like theirs", () =>
      Effect.gen(function* () {
        for (const path of ["/Model", "/model/", "//model", "/report/", "/tools", "/hello/a/b"]) {
          const { status } = yield* request(path)
          assert.include([401, 404, 405], status, path)
        }
      })
    )
    it.effect("run the pipeline as recorded runs of the request", () =>
      Effect.gen(function* () {
        const reply = yield* request("/twice", {
          json: { x: 4 },
          headers: { ...authorized, "x-request-id": "from-outside" }
        })
        assert.deepStrictEqual([reply.status, reply.text], [200, '{"first":8,"second":16}'])
        const run = yield* newest
        assert.deepStrictEqual([run.name, run.status, run.parameters], ["second", "succeeded", { x: 8 }])
        assert.deepInclude(run.outputs, { y: 16, requestId: "from-outside" })
        const failed = yield* request("/twice", { json: { x: 3 }, headers: authorized })
        assert.deepStrictEqual([failed.status, failed.json["_tag"]], [500, "Odd"])
        assert.strictEqual((yield* newest).status, "failed")
      })
    )
    it.effect("are in the document, with what they ask for", () =>
      Effect.gen(function* () {
        const { json } = yield* request("/openapi.json")
        const paths = json["paths"] as Record<string, Record<string, Operation>>
        assert.deepStrictEqual(Object.keys(paths["/model/{id}"] ?? {}), ["put"])
        assert.deepStrictEqual(paths["/model"]?.["get"]?.security, [{ bearer: [] }])
        assert.containsAllKeys(paths["/model/{id}"]?.["put"]?.responses, ["200", "400", "401", "409"])
        assert.deepStrictEqual(paths["/info"]?.["get"]?.tags, ["about"])
        assert.notProperty(paths["/info"]?.["get"]?.responses, "401")
        assert.property(paths, "/invoke")
        assert.include(
          (json["tags"] as ReadonlyArray<{ name: string }>).map(({ name }) => name),
          "models"
        )
      })
    )
    it.effect("have a typed client, which asks the service for its proof", () =>
      Effect.gen(function* () {
        const { url } = yield* Serve.Served
        const client = yield* Client.endpoints(models, { url, authKey: Redacted.make(key) })
        assert.deepStrictEqual(yield* client.current({}), { name: "two" })
        assert.strictEqual(yield* client.scale({ path: { id: 1 }, payload: { by: 3 } }), 7)
        const failure = yield* Effect.flip(client.scale({ path: { id: 1 }, payload: { by: 30 } }))
        assert.deepStrictEqual(failure, new TooLarge({ max: 10 }))
        const wrong = yield* Client.endpoints(models, { url, authKey: Redacted.make(key.replace("k", "x")) })
        assert.strictEqual((yield* Effect.flip(wrong.current({})))._tag, "ServiceNotProven")
        const without = yield* Client.endpoints(models, { url })
        assert.strictEqual((yield* Effect.flip(without.current({})))._tag, "Unauthorized")
      }).pipe(Effect.provide(FetchHttpClient.layer))
    )
  })
  layer(served(doubling, { serving: { rootUrlPath: "/svc", apiUrlPath: "/api" } }), { excludeTestServices: true })(
    "below a root path",
    (it) => {
      it.effect("answer there, and ask for no key where the service has none", () =>
        Effect.gen(function* () {
          assert.strictEqual((yield* request("/svc/model")).text, '{"name":"two"}')
          assert.strictEqual((yield* request("/svc/hello/Ada")).status, 200)
          assert.strictEqual((yield* request("/svc/tools/a")).text, "tool a")
          assert.strictEqual((yield* request("/model")).status, 404)
          assert.strictEqual((yield* request("/svc/api/info")).json["deployment"] !== undefined, true)
          const { url } = yield* Serve.Served
          const client = yield* Client.endpoints(models, { url, serving: { rootUrlPath: "/svc" } })
          assert.deepStrictEqual(yield* client.current({}), { name: "two" })
          const { json } = yield* request("/svc/openapi.json")
          assert.property(json["paths"], "/svc/model")
        }).pipe(Effect.provide(FetchHttpClient.layer))
      )
    }
  )
  it.live("ask for the scope of their key", () =>
    Effect.gen(function* () {
      const scopes = ["invoke", "read", "admin"] as const
      const keyOf = (scope: string) => `${scope}-${"k".repeat(30)}`
      const manifest = yield* Server.manifest(doubling)
      const keys = scopes.map((scope) => ({ id: scope, digest: digest(keyOf(scope)), scopes: [scope] }))
      const { url, warmUp } = yield* Serve.make(doubling, { ...manifest, keys, authKeyDigests: [] })
      yield* warmUp
      const status = (path: string, method: string, scope: string) =>
        Effect.promise(() =>
          fetch(`${url}${path}`, { method, headers: { authorization: `Bearer ${keyOf(scope)}` } }).then(
            (it) => it.status
          )
        )
      const rows = [
        ["/model", "GET", [200, 403, 200]],
        ["/report", "GET", [403, 200, 200]],
        ["/reset", "POST", [403, 403, 200]],
        ["/hello/Ada", "GET", [200, 200, 200]]
      ] as const
      for (const [path, method, expected] of rows) {
        assert.deepStrictEqual(
          yield* Effect.forEach(scopes, (scope) => status(path, method, scope)),
          [...expected],
          path
        )
      }
    }).pipe(Effect.scoped, Effect.provide([memory(), quiet, Ids.layer]))
  )
})

describe("middleware", () => {
  class Log extends Context.Tag("test/Log")<Log, Ref.Ref<ReadonlyArray<string>>>() {}
  const noting = (name: string) => (app: Parameters<Parameters<typeof App.middleware>[0]>[0]) =>
    Effect.gen(function* () {
      const { method, url } = yield* HttpServerRequest.HttpServerRequest
      yield* Effect.flatMap(
        Log,
        Ref.update((all) => [...all, `${name} ${method} ${url}`])
      )
      return HttpServerResponse.setHeader(yield* app, `x-${name}`, "yes")
    })
  const log = Ref.unsafeMake<ReadonlyArray<string>>([])
  const seen = Effect.zipLeft(Ref.get(log), Ref.set(log, []))
  const wrapped = base.pipe(
    Pipeline.withApp(
      App.make(
        App.middleware(noting("outer")),
        App.middleware(noting("inner"), { on: ["invoke", "endpoints"] }),
        App.middleware(
          HttpMiddleware.make((app) =>
            Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ headers }) =>
              headers["x-refuse"] === undefined ? app : HttpServerResponse.text("refused", { status: 418 })
            )
          ),
          { on: ["invoke"] }
        ),
        App.middleware((app) => Effect.zipRight(Effect.fail(new Error("TOP-SECRET")), app), { on: ["metrics"] }),
        App.routes(open, { access: "public" })
      )
    ),
    Pipeline.provide(Layer.succeed(Log, log)),
    provided
  )
  layer(served(wrapped, { key }), { excludeTestServices: true })((it) => {
    it.effect("sees the requests for its targets, in its order", () =>
      Effect.gen(function* () {
        yield* seen
        const run = yield* invoke({ x: 2 }, {}, { headers: authorized })
        assert.deepStrictEqual([run.status, run.json["success"]], [200, true])
        assert.deepStrictEqual([run.headers.get("x-outer"), run.headers.get("x-inner")], ["yes", "yes"])
        assert.deepStrictEqual(yield* seen, ["outer POST /invoke", "inner POST /invoke"])
        yield* request("/hello/Ada")
        assert.deepStrictEqual(yield* seen, ["outer GET /hello/Ada", "inner GET /hello/Ada"])
        const runs = yield* request("/runs", { headers: authorized })
        assert.deepStrictEqual([runs.headers.get("x-outer"), runs.headers.get("x-inner")], ["yes", null])
        assert.deepStrictEqual(yield* seen, ["outer GET /runs"])
      })
    )
    it.effect("may answer in the place of a run", () =>
      Effect.gen(function* () {
        const { status, text } = yield* invoke({ x: 2 }, {}, { headers: { ...authorized, "x-refuse": "1" } })
        assert.deepStrictEqual([status, text], [418, "refused"])
      })
    )
    it.effect("sees the other modes of a run, too", () =>
      Effect.gen(function* () {
        const stream = yield* invoke({ x: 2 }, {}, { headers: { ...authorized, accept: "text/event-stream" } })
        assert.include(stream.text, "event: run_finished")
        assert.strictEqual(stream.headers.get("x-outer"), "yes")
        const accepted = yield* invoke({ x: 2 }, {}, { headers: { ...authorized, prefer: "respond-async" } })
        assert.deepStrictEqual([accepted.status, accepted.headers.get("x-outer")], [202, "yes"])
      })
    )
    it.effect("sees no request without the key, and none for health", () =>
      Effect.gen(function* () {
        yield* seen
        assert.strictEqual((yield* request("/runs")).status, 401)
        for (const path of ["/health", "/health/live", "/health/ready"]) {
          assert.strictEqual((yield* request(path)).headers.get("x-outer"), null)
        }
        assert.deepStrictEqual(yield* seen, [])
      })
    )
    it.effect("that fails is answered with the id of its error", () =>
      Effect.gen(function* () {
        const { json, status, text } = yield* request("/metrics")
        assert.deepStrictEqual([status, json["_tag"]], [500, "InternalError"])
        assert.notInclude(text, "SECRET")
      })
    )
  })
})

describe("what starts and ends with a service", () => {
  const hook = (events: Ref.Ref<ReadonlyArray<string>>, name: string, ending: Effect.Effect<void> = Effect.void) =>
    Layer.scopedDiscard(
      Effect.acquireRelease(
        Ref.update(events, (all) => [...all, `${name} starts`]),
        () =>
          Effect.zipRight(
            Ref.update(events, (all) => [...all, `${name} ends`]),
            ending
          )
      )
    )
  const building = (pipeline: Pipeline.Any, scope: Scope.CloseableScope) =>
    asApp
      ? Effect.asVoid(Scope.extend(Server.httpApp(pipeline), scope))
      : Effect.asVoid(Layer.buildWithScope(Server.layer(pipeline), scope))

  it.scopedLive("runs in order, with the warm state, and a failure at the end skips nothing", () =>
    Effect.gen(function* () {
      const events = yield* Ref.make<ReadonlyArray<string>>([])
      const pipeline = base.pipe(
        Pipeline.withApp(
          App.make(
            App.layer(Layer.unwrapEffect(Effect.map(Model, ({ name }) => hook(events, name)))),
            App.layer(hook(events, "broken", Effect.dieMessage("a failure at the end"))),
            App.layer(hook(events, "last"))
          )
        ),
        Pipeline.provide(
          Layer.provideMerge(Layer.succeed(Model, { name: "model", factor: 2 }), hook(events, "warm state"))
        )
      )
      const scope = yield* Scope.make()
      yield* building(pipeline, scope)
      const started = ["warm state starts", "model starts", "broken starts", "last starts"]
      assert.deepStrictEqual(yield* Ref.get(events), started)
      yield* Effect.exit(Scope.close(scope, Exit.void))
      const ended = ["last ends", "broken ends", "model ends", "warm state ends"]
      assert.deepStrictEqual(yield* Ref.get(events), [...started, ...ended])
    }).pipe(Effect.provide([memory(), quiet]))
  )
  it.scopedLive("keeps a service from starting when it fails", () =>
    Effect.gen(function* () {
      const failing = base.pipe(Pipeline.withApp(App.layer(Layer.fail("the cache is not there"))), provided)
      const error = yield* Effect.flip(building(failing, yield* Scope.make()))
      assert.strictEqual(error._tag, "WarmUpFailed")
      assert.include(error.message, "the cache is not there")
    }).pipe(Effect.provide([memory(), quiet]))
  )
})

interface Operation {
  readonly tags: ReadonlyArray<string>
  readonly security?: unknown
  readonly responses: Record<string, unknown>
}

const ask = (path: string, init: RequestInit & { json?: unknown }, headers: Record<string, string> = {}) =>
  request(path, { ...init, headers })
