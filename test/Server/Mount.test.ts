// Pipelines in one's own program: beside own routes and endpoints, with own middleware, logger, configuration and tracer.
import { createServer } from "node:http"
import {
  HttpApi,
  HttpApiBuilder,
  HttpApiEndpoint,
  HttpApiGroup,
  type HttpApp,
  HttpLayerRouter,
  HttpMiddleware,
  HttpRouter,
  HttpServer,
  HttpServerResponse
} from "@effect/platform"
import { NodeHttpServer } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import {
  Config,
  ConfigProvider,
  Context,
  Deferred,
  Effect,
  Exit,
  Layer,
  Logger,
  Redacted,
  Ref,
  Schema,
  Scope,
  Tracer
} from "effect"
import { Pipeline, Step } from "effect-deployers"
import * as ServerModule from "effect-deployers/Server"
import { Serve, Server } from "effect-deployers/Server"
import { Runs } from "effect-deployers/Store"
import { ask } from "./Ask.js"
import { invoke, memory, newest, quiet } from "./Harness.js"
import { makeLatch, waiting, weather } from "./Pipelines.js"

class Greeting extends Context.Tag("test/Greeting")<Greeting, string>() {}

const greet = Step.make("greet", {
  input: Schema.String,
  output: Schema.String,
  run: (name) =>
    Effect.zipRight(
      Effect.logInfo("in a step"),
      Effect.map(Greeting, (greeting) => `${greeting} ${name}`)
    )
})

const greeter = Pipeline.make("greeter", {
  input: Schema.Struct({ name: Schema.String }),
  output: Schema.String,
  run: ({ name }) => Effect.withSpan(greet(name), "greeting")
}).pipe(Pipeline.provide(Layer.effect(Greeting, Config.string("GREETING"))))

const broken = Pipeline.make("broken", {
  input: Schema.Struct({}),
  output: Schema.Void,
  run: () => Effect.dieMessage("a bug")
})

/** Each server gets a store of its own. */
const ownStore = Layer.fresh(Runs.layerMemory)

const mounted = Effect.gen(function* () {
  const first = yield* Server.httpApp(greeter, { name: "mine" }).pipe(Effect.provide(yield* Layer.build(ownStore)))
  const second = yield* Server.httpApp(broken, {
    authKeys: [Redacted.make("secret")],
    serving: { apiUrlPath: "/api" }
  }).pipe(Effect.provide(yield* Layer.build(ownStore)))
  return HttpRouter.empty.pipe(
    HttpRouter.get("/", HttpServerResponse.text("my own page")),
    HttpRouter.mountApp("/greeter", first),
    HttpRouter.mountApp("/deep/broken", second),
    Effect.catchTag("RouteNotFound", () => HttpServerResponse.text("my own 404", { status: 404 })),
    HttpMiddleware.make(Effect.map(HttpServerResponse.setHeader("x-own", "yes")))
  )
})

const hello = (app: HttpApp.Default, init: RequestInit = {}) =>
  ask(app, "/greeter/invoke", { json: { parameters: { name: "Ada" } }, ...init })

const greetingSet = Layer.setConfigProvider(ConfigProvider.fromMap(new Map([["GREETING", "Hello,"]])))

describe("two pipelines beside own routes", () => {
  it.scopedLive("answer under their paths, each with its settings and its store", () =>
    Effect.gen(function* () {
      const app = yield* mounted
      assert.strictEqual((yield* ask(app, "/")).text, "my own page")
      assert.strictEqual((yield* ask(app, "/elsewhere")).text, "my own 404")
      const greeted = yield* hello(app)
      assert.deepStrictEqual([greeted.status, greeted.json["outputs"]], [200, "Hello, Ada"])
      assert.deepInclude(greeted.json.metadata, { deploymentName: "mine", pipelineName: "greeter" })
      assert.strictEqual(greeted.headers.get("x-own"), "yes")
      const refused = yield* ask(app, "/deep/broken/api/invoke", { json: { parameters: {} } })
      assert.deepStrictEqual([refused.status, refused.headers.get("www-authenticate")], [401, "Bearer"])
      const headers = { authorization: "Bearer secret" }
      const failed = yield* ask(app, "/deep/broken/api/invoke", { json: { parameters: {} }, headers })
      assert.deepStrictEqual([failed.status, failed.json["_tag"]], [500, "InternalError"])
      const ofFirst = yield* ask(app, "/greeter/runs")
      const ofSecond = yield* ask(app, "/deep/broken/api/runs", { headers })
      assert.deepStrictEqual(
        [ofFirst, ofSecond].map(({ json }) => json.runs.map((run) => run["status"])),
        [["succeeded"], ["failed"]]
      )
      assert.strictEqual((yield* ask(app, "/greeter/nope")).json["_tag"], "NotFound")
    }).pipe(Effect.provide([greetingSet, quiet]))
  )
  it.scopedLive("name paths with the path of their mount", () =>
    Effect.gen(function* () {
      const app = yield* mounted
      const later = yield* hello(app, { headers: { prefer: "respond-async" } })
      assert.deepStrictEqual([later.status, later.headers.get("location")], [202, `/greeter/runs/${later.json.runId}`])
      const document = yield* ask(app, "/greeter/openapi.json")
      assert.deepStrictEqual(document.json["servers"], [{ url: "/greeter" }])
      assert.include((yield* ask(app, "/deep/broken/docs")).text, 'data-openapi="/deep/broken/openapi.json"')
      for (const page of ["/greeter", "/greeter/", "/greeter?x=1"]) {
        assert.include((yield* ask(app, page)).text, "&#34;invoke&#34;:&#34;/greeter/invoke&#34;", page)
      }
    }).pipe(Effect.provide([greetingSet, quiet]))
  )
  it.scopedLive("log, configure and trace with what the program has", () =>
    Effect.gen(function* () {
      const lines = yield* Ref.make<ReadonlyArray<string>>([])
      const spans = yield* Ref.make<ReadonlyArray<string>>([])
      const logger = Logger.make(({ message }) => Effect.runSync(Ref.update(lines, (all) => [...all, String(message)])))
      const tracer = yield* Effect.tracer
      const recording = Tracer.make({
        context: tracer.context,
        span: (name, ...rest) => {
          Effect.runSync(Ref.update(spans, (all) => [...all, name]))
          return tracer.span(name, ...rest)
        }
      })
      yield* Effect.flatMap(mounted, hello).pipe(
        Effect.provide([greetingSet, Logger.replace(Logger.defaultLogger, logger), Layer.setTracer(recording)])
      )
      assert.include(yield* Ref.get(lines), "in a step")
      assert.include(yield* Ref.get(spans), "greeting")
    })
  )
  it.scopedLive("stream events through the program's own server and middleware", () =>
    Effect.gen(function* () {
      const app = yield* mounted
      const server = yield* NodeHttpServer.make(() => createServer(), { host: "127.0.0.1", port: 0 })
      yield* server.serve(app)
      const url = server.address._tag === "TcpAddress" ? `http://127.0.0.1:${server.address.port}` : ""
      const { headers, text } = yield* Effect.promise(async () => {
        const response = await fetch(`${url}/greeter/invoke`, {
          method: "POST",
          headers: { "content-type": "application/json", accept: "text/event-stream" },
          body: '{"parameters":{"name":"Ada"}}'
        })
        return { headers: response.headers, text: await response.text() }
      })
      assert.deepStrictEqual([headers.get("content-type"), headers.get("x-own")], ["text/event-stream", "yes"])
      assert.include(text, "event: run_finished\n")
    }).pipe(Effect.provide([greetingSet, quiet]))
  )
})

describe("beside one's own HttpApi", () => {
  const api = HttpApi.make("mine").add(
    HttpApiGroup.make("own").add(HttpApiEndpoint.get("ping", "/ping").addSuccess(Schema.String))
  )
  const own = HttpApiBuilder.group(api, "own", (handlers) => handlers.handle("ping", () => Effect.succeed("pong")))

  it.scopedLive("a mount answers, and so do the endpoints", () =>
    Effect.gen(function* () {
      const { dispose, handler } = HttpApiBuilder.toWebHandler(
        Layer.mergeAll(
          Layer.provide(HttpApiBuilder.api(api), own),
          Layer.provide(Server.mount("/weather", weather), [ownStore, quiet]),
          HttpServer.layerContext
        )
      )
      yield* Effect.addFinalizer(() => Effect.promise(dispose))
      const get = (path: string, init?: RequestInit) =>
        Effect.promise(() => handler(new Request(`http://localhost${path}`, init)).then((it) => it.text()))
      assert.strictEqual(yield* get("/ping"), '"pong"')
      const headers = { "content-type": "application/json" }
      const run = yield* get("/weather/invoke", { method: "POST", headers, body: '{"parameters":{"city":"Oslo"}}' })
      assert.include(run, '"success":true')
    })
  )
  it.scopedLive("a mount answers on an HttpLayerRouter", () =>
    Effect.gen(function* () {
      const { dispose, handler } = HttpLayerRouter.toWebHandler(
        Layer.mergeAll(
          HttpLayerRouter.add("GET", "/ping", HttpServerResponse.text("pong")),
          Layer.provide(Server.mountLayerRouter("/weather", weather), [ownStore, quiet])
        ),
        { disableLogger: true }
      )
      yield* Effect.addFinalizer(() => Effect.promise(dispose))
      const get = (path: string) =>
        Effect.promise(() => handler(new Request(`http://localhost${path}`)).then((it) => it.text()))
      assert.strictEqual(yield* get("/ping"), "pong")
      assert.include(yield* get("/weather/health"), '"status":"ready"')
      assert.include(yield* get("/weather"), "&#34;invoke&#34;:&#34;/weather/invoke&#34;")
      assert.include(yield* get("/weather/nope"), '"_tag":"NotFound"')
    })
  )
})

describe("the settings of a server", () => {
  const issues = (settings: unknown) =>
    Effect.map(Effect.flip(Server.manifest(weather, settings as Server.ServerSettings)), (error) =>
      error.issues.map(({ path }) => path)
    )
  it.effect("are refused with the name of the field", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* issues({ port: 70_000 }), ["port"])
      assert.deepStrictEqual(yield* issues({ name: "", host: 1 }), ["name", "host"])
      assert.deepStrictEqual(yield* issues({ prot: 1 }), ["prot"])
      assert.deepStrictEqual(yield* issues({ serving: { maxBodyBytes: 0 } }), ["serving.maxBodyBytes"])
      assert.deepStrictEqual(yield* issues({ serving: { workers: 2 } }), ["serving.workers"])
      assert.deepStrictEqual(yield* issues({ authKeys: [Redacted.make("has space")] }), ["authKeys.0"])
    })
  )
  it.effect("have a default each", () =>
    Effect.gen(function* () {
      const { authKeyDigests, deployment, generation, listen, snapshot } = yield* Server.manifest(weather)
      assert.deepStrictEqual(
        [deployment, generation, listen.host, snapshot.id, authKeyDigests],
        [{ id: "weather", name: "weather" }, 1, "127.0.0.1", "weather@1", []]
      )
    })
  )
  it("can be imported both ways", () => {
    assert.strictEqual(ServerModule.Server.httpApp, ServerModule.httpApp)
  })
})

describe("a server on a port of its own", () => {
  it.scopedLive("serves until its scope closes, which drains it and releases its warm state", () =>
    Effect.gen(function* () {
      const latch = yield* makeLatch
      const scope = yield* Scope.make()
      const served = yield* Layer.buildWithScope(
        Server.layer(waiting(latch), { serving: { drainTimeoutMillis: 50 } }),
        scope
      )
      const caller = yield* Effect.fork(Effect.provide(invoke({}), served))
      yield* Deferred.await(latch.started)
      yield* Scope.close(scope, Exit.void)
      const { json, status } = yield* caller
      assert.deepStrictEqual([status, json["reason"]], [503, "shutdown"])
      assert.strictEqual((yield* newest).cause, "shutdown")
    }).pipe(Effect.provide([memory(), quiet]))
  )
  it.scopedLive("says which port is taken", () =>
    Effect.gen(function* () {
      const first = Context.get(yield* Layer.build(Server.layer(weather)), Serve.Served)
      const error = yield* Effect.flip(Layer.build(Server.layer(weather, { port: first.port })))
      assert.strictEqual(error._tag === "ListenFailed" && error.port, first.port)
    }).pipe(Effect.provide([memory(), quiet]))
  )
})
