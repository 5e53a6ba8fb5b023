import * as Net from "node:net"
import { HttpApiClient } from "@effect/platform"
import { assert, describe, expect, it, layer } from "@effect/vitest"
import { Context, Deferred, Effect, Exit, Fiber, Layer, Ref, Schema, Scope } from "effect"
import { Pipeline, Settings } from "effect-deployers"
import { Api, Serve } from "effect-deployers/Server"
import * as Metrics from "../../../src/Server/Run/Metrics.js"
import * as Ids from "../../../src/Store/Ids.js"
import type { RunStore } from "../../../src/Store/RunStore.js"
import { invoke, memory, newest, quiet, request, served } from "../Harness.js"
import { manifestTest } from "../Manifest.js"
import { CityUnknown, makeLatch, waiting, weather } from "../Pipelines.js"

const serving = Schema.decodeSync(Settings.Serving)({})

describe("info, health and metrics", () => {
  layer(served(weather), { excludeTestServices: true })((it) => {
    it.effect("info says what is deployed", () =>
      Effect.gen(function* () {
        yield* invoke({ city: "x" })
        const { json, status } = yield* request("/info")
        assert.strictEqual(status, 200)
        expect(json).toMatchObject({
          deployment: { id: "00000000-0000-7000-8000-00000000d000", name: "test" },
          generation: 1,
          snapshot: { name: "weather@1", version: 1 },
          pipeline: {
            name: "weather",
            description: "Reports the weather.",
            input: { type: "object", required: ["city"] },
            output: { type: "object", required: ["summary"] },
            error: { anyOf: expect.any(Array) }
          },
          paths: { invoke: "/invoke", runs: "/runs", run: "/runs/:id" },
          authEnabled: false,
          counts: { succeeded: 1, failed: 0 }
        })
        assert.isNumber(json["uptimeMillis"])
      })
    )
    it.effect("health is ready", () =>
      Effect.gen(function* () {
        for (const path of ["/health", "/health/ready"]) {
          const { json, status } = yield* request(path)
          assert.strictEqual(status, 200)
          assert.strictEqual(json["status"], "ready")
        }
        const live = yield* request("/health/live")
        assert.deepStrictEqual<unknown>([live.status, live.json], [200, { status: "live", checks: [] }])
      })
    )
    it.effect("metrics are Prometheus text", () =>
      Effect.gen(function* () {
        yield* invoke({ city: "Atlantis" })
        const { headers, text } = yield* request("/metrics")
        assert.strictEqual(headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8")
        const lines = text.trimEnd().split("\n")
        const families = lines.filter((line) => line.startsWith("# TYPE ")).map((line) => line.split(" ")[2])
        assert.strictEqual(new Set(families).size, families.length)
        // The metrics of Effect are those of the process: the code of other tests may have some, too.
        for (const line of lines) {
          assert.match(line, /^(# (HELP|TYPE) \w+ .+|\w+(\{(\w+="[^"]*",?)+\})? -?[\d.e+-]+)$/)
        }
        assert.include(lines, 'deployers_runs_total{status="succeeded"} 1')
        assert.include(lines, 'deployers_runs_total{status="failed"} 1')
        assert.include(lines, "deployers_run_duration_seconds_count 2")
        assert.include(lines, 'deployers_run_duration_seconds_bucket{le="+Inf"} 2')
        assert.include(lines, "deployers_ready 1")
        for (const name of [
          "process_cpu_seconds_total",
          "process_resident_memory_bytes",
          "process_start_time_seconds"
        ]) {
          assert.isAbove(Number(lines.find((line) => line.startsWith(`deployers_${name} `))?.split(" ")[1]), 0, name)
        }
      })
    )
  })
  layer(served(weather), { excludeTestServices: true })((it) => {
    it.effect("metrics are OpenMetrics for callers that prefer it", () =>
      Effect.gen(function* () {
        const open = "application/openmetrics-text;version=1.0.0"
        const as = (accept: string) => request("/metrics", { headers: { accept } })
        for (const accept of [open, `${open};q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1`]) {
          const { headers, text } = yield* as(accept)
          assert.match(headers.get("content-type") ?? "", /^application\/openmetrics-text; ?version=1\.0\.0/)
          assert.match(text, /\n# TYPE deployers_runs counter\ndeployers_runs_total\{status="succeeded"\} \d+\n/)
          assert.isTrue(text.endsWith("\n# EOF\n"))
        }
        for (const accept of ["*/*", "text/plain", `text/plain;q=0.9,${open};q=0.5`, `${open};q=0`]) {
          const { headers, text } = yield* as(accept)
          assert.match(headers.get("content-type") ?? "", /^text\/plain/, accept)
          assert.notInclude(text, "# EOF")
        }
      })
    )
    it.effect("F37: metrics have the same series after many paths, names and methods", () =>
      Effect.gen(function* () {
        const seriesOf = Effect.map(request("/metrics"), ({ text }) =>
          Array.from(text.matchAll(/^deployers_\S+(?= )/gm), ([series]) => series)
        )
        const before = yield* seriesOf
        assert.isNotEmpty(before)
        for (let i = 0; i < 20; i++) {
          yield* request(`/nope-${i}?q=${i}`, { method: i % 2 === 0 ? "GET" : "PROPFIND" })
          yield* request(`/runs/${i}`, { headers: { "user-agent": `caller-${i}`, "x-request-id": `id-${i}` } })
          yield* invoke({ city: i % 3 === 0 ? "Bug" : `City ${i}` }, { runName: `run ${i}` })
        }
        assert.deepStrictEqual(yield* seriesOf, before)
      })
    )
  })
  it.effect("the duration histogram is cumulative", () =>
    Effect.gen(function* () {
      const metrics = yield* Metrics.Metrics
      for (const millis of [0.5, 1, 3, 700, 1_000_000]) metrics.ended("succeeded", millis)
      const text = Metrics.render(metrics.read(), {
        inFlight: 0,
        queued: 0,
        isReady: true,
        workers: 1,
        user: [],
        workerRestarts: 0,
        process: {
          cpuSeconds: 0,
          residentBytes: 0,
          heapUsedBytes: 0,
          heapTotalBytes: 0,
          startTimeSeconds: 0,
          eventLoopLag: { meanSeconds: 0, p99Seconds: 0, maxSeconds: 0 }
        }
      })
      const counts = [...text.matchAll(/_bucket\{le="(.+)"\} (\d+)/g)].map(([, le, count]) => [le, Number(count)])
      assert.deepStrictEqual(counts[0], ["0.001", 2])
      assert.deepStrictEqual(counts[1], ["0.005", 3])
      assert.deepStrictEqual(counts.at(-2), ["300", 4])
      assert.deepStrictEqual(counts.at(-1), ["+Inf", 5])
      assert.include(text, "deployers_run_duration_seconds_sum 1000.7045\n")
    }).pipe(Effect.provide(Metrics.layer))
  )
})

describe("the contract", () => {
  it("is an OpenAPI 3.1 document with the pipeline's own schemas", () => {
    const document = Api.toOpenApi(weather, serving)
    assert.strictEqual(document.openapi, "3.1.0")
    assert.strictEqual(document.info.title, "weather")
    assert.deepStrictEqual(Object.keys(document.paths), [
      "/invoke",
      "/runs",
      "/runs/{id}",
      "/runs/{id}/cancel",
      "/runs/{id}/events",
      "/runs/{id}/socket",
      "/runs/{id}/logs",
      "/runs/{id}/signals/{name}",
      "/runs/{id}/retry",
      "/runs/{id}/artifacts",
      "/runs/{id}/artifacts/{step}",
      "/runs/{id}/output",
      "/sessions",
      "/sessions/{id}",
      "/schedules",
      "/schedules/{name}/pause",
      "/schedules/{name}/resume",
      "/schedules/{name}/fire",
      "/triggers",
      "/triggers/{name}/pause",
      "/triggers/{name}/resume",
      "/webhooks",
      "/webhooks/{id}/retry",
      "/health",
      "/health/live",
      "/health/ready",
      "/info",
      "/metrics",
      "/openapi.json",
      "/docs",
      "/proof",
      "/"
    ])
    const post = document.paths["/invoke"]?.post
    assert.deepStrictEqual(Object.keys(post?.responses ?? {}).sort(), [
      "200",
      "400",
      "401",
      "403",
      "404",
      "409",
      "413",
      "415",
      "422",
      "429",
      "500",
      "503",
      "504"
    ])
    expect(post?.requestBody?.content["application/json"]?.schema).toMatchObject({
      type: "object",
      required: ["parameters"],
      properties: { parameters: { type: "object", required: ["city"] } }
    })
    assert.deepStrictEqual(Object.keys(post?.responses[200]?.content ?? {}), ["application/json"])
    assert.include(String(post?.description), "text/event-stream")
    assert.notInclude(JSON.stringify(document), "HttpApiDecodeError")
    const unrecorded = Api.toOpenApi(weather, { ...serving, recording: "none" }).paths["/invoke"]?.post
    assert.include(String(post?.description), "respond-async")
    assert.notInclude(String(unrecorded?.description), "respond-async")
  })
  it("has a target for every reference", () => {
    const text = JSON.stringify(Api.toOpenApi(weather, serving))
    const document = JSON.parse(text)
    const names = [...text.matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name)
    assert.isAbove(names.length, 5)
    for (const name of names) assert.property(document.components.schemas, String(name))
  })
  it("marks what asks for a key, as the settings say", () => {
    const secured = (document: ReturnType<typeof Api.toOpenApi>) =>
      Object.entries(document.paths)
        .filter(([, item]) => Object.values(item).some(({ security }) => security.length > 0))
        .map(([path]) => path)
    assert.deepStrictEqual(secured(Api.toOpenApi(weather, serving)), [
      "/invoke",
      "/runs",
      "/runs/{id}",
      "/runs/{id}/cancel",
      "/runs/{id}/events",
      "/runs/{id}/socket",
      "/runs/{id}/logs",
      "/runs/{id}/signals/{name}",
      "/runs/{id}/retry",
      "/runs/{id}/artifacts",
      "/runs/{id}/artifacts/{step}",
      "/runs/{id}/output",
      "/sessions",
      "/sessions/{id}",
      "/schedules",
      "/schedules/{name}/pause",
      "/schedules/{name}/resume",
      "/schedules/{name}/fire",
      "/triggers",
      "/triggers/{name}/pause",
      "/triggers/{name}/resume",
      "/webhooks",
      "/webhooks/{id}/retry"
    ])
    const guarded = {
      ...serving,
      protectedEndpoints: ["info"] as const,
      disabledEndpoints: ["runs", "sessions", "schedules", "triggers", "webhooks"] as const
    }
    assert.deepStrictEqual(secured(Api.toOpenApi(weather, guarded)), ["/invoke", "/info"])
    assert.deepStrictEqual(secured(Api.toOpenApi(weather, { ...serving, protectedEndpoints: ["page"] })).at(-1), "/")
    assert.notProperty(Api.toOpenApi(weather, { ...serving, disabledEndpoints: ["page"] }).paths, "/")
    const open = Api.toOpenApi(weather, serving, { authEnabled: false })
    assert.deepStrictEqual([secured(open), open.components.securitySchemes], [[], {}])
    assert.notProperty(open.paths["/invoke"]?.post?.responses, "401")
  })
  layer(served(weather), { excludeTestServices: true })((it) => {
    it.effect("is what the service answers at /openapi.json", () =>
      Effect.gen(function* () {
        const { json } = yield* request("/openapi.json")
        assert.deepStrictEqual<unknown>(
          json,
          JSON.parse(JSON.stringify(Api.toOpenApi(weather, serving, { authEnabled: false })))
        )
      })
    )
    it.effect("gives a client that decodes outputs and failures", () =>
      Effect.gen(function* () {
        const client = yield* HttpApiClient.make(Api.make(weather, serving))
        const answer = yield* client.invoke.invoke({ payload: { parameters: { city: "Oslo", days: 1, unit: "C" } } })
        assert.strictEqual(answer.outputs.summary, "Oslo: 4C")
        const failure = yield* Effect.flip(
          client.invoke.invoke({ payload: { parameters: { city: "Atlantis", days: 1, unit: "C" } } })
        )
        assert.strictEqual(failure._tag, "CityUnknown")
        assert.instanceOf("error" in failure ? failure.error : undefined, CityUnknown)
        const { runs } = yield* client.runs.list({ urlParams: { limit: 1 } })
        assert.strictEqual(runs[0]?.status, "failed")
      })
    )
  })
})

class Model extends Context.Tag("test/Model")<Model, { readonly answer: number }>() {}

const warm = (events: Ref.Ref<ReadonlyArray<string>>, gate: Effect.Effect<void> = Effect.void) =>
  Pipeline.make("warm", {
    input: Schema.Struct({}),
    output: Schema.Number,
    run: () => Effect.map(Model, ({ answer }) => answer)
  }).pipe(
    Pipeline.provide(
      Layer.scoped(
        Model,
        Effect.acquireRelease(
          gate.pipe(Effect.zipRight(Ref.update(events, (all) => [...all, "built"])), Effect.as({ answer: 42 })),
          () => Ref.update(events, (all) => [...all, "released"])
        )
      )
    )
  )

/** A service that has not been warmed up, and the scope it lives in. */
const listening = (pipeline: Pipeline.Any, options?: Parameters<typeof manifestTest>[1]) =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const service = yield* Serve.make(pipeline, manifestTest(pipeline, options)).pipe(Scope.extend(scope))
    return { service, close: Scope.close(scope, Exit.void), ask: Effect.provideService(Serve.Served, service) }
  })

const withStore = <A, E>(effect: Effect.Effect<A, E, RunStore | Ids.Ids | Scope.Scope>) =>
  Effect.scoped(effect).pipe(Effect.provide([memory(), Ids.layer, quiet]))

describe("the life of a service", () => {
  it.live("warm state is built once, shared by runs and released at the end", () =>
    withStore(
      Effect.gen(function* () {
        const events = yield* Ref.make<ReadonlyArray<string>>([])
        const { ask, close, service } = yield* listening(warm(events))
        yield* service.warmUp
        const replies = yield* ask(
          Effect.all(
            Array.from({ length: 8 }, () => invoke({})),
            { concurrency: 8 }
          )
        )
        assert.isTrue(replies.every(({ json }) => json["outputs"] === 42))
        assert.deepStrictEqual(yield* Ref.get(events), ["built"])
        yield* service.drain
        yield* close
        assert.deepStrictEqual(yield* Ref.get(events), ["built", "released"])
      })
    )
  )
  it.live("before the warm state is built it lives, is not ready and takes no runs", () =>
    withStore(
      Effect.gen(function* () {
        const events = yield* Ref.make<ReadonlyArray<string>>([])
        const gate = yield* Deferred.make<void>()
        const { ask, close, service } = yield* listening(warm(events, Deferred.await(gate)))
        const warming = yield* Effect.fork(service.warmUp)
        const health = yield* ask(request("/health"))
        assert.deepStrictEqual([health.status, health.json["status"]], [503, "live"])
        assert.strictEqual((yield* ask(request("/health/live"))).status, 200)
        const refused = yield* ask(invoke({}))
        assert.deepStrictEqual([refused.status, refused.json["reason"]], [503, "starting"])
        yield* Deferred.succeed(gate, undefined)
        yield* warming
        assert.strictEqual((yield* ask(request("/health"))).status, 200)
        assert.strictEqual((yield* ask(invoke({}))).status, 200)
        yield* close
      })
    )
  )
  it.live("a warm state that cannot be built is an error with the reason", () =>
    withStore(
      Effect.gen(function* () {
        const events = yield* Ref.make<ReadonlyArray<string>>([])
        const { close, service } = yield* listening(warm(events, Effect.dieMessage("no such model")))
        const error = yield* Effect.flip(service.warmUp)
        assert.strictEqual(error._tag, "WarmUpFailed")
        assert.include(error.message, "no such model")
        assert.strictEqual(Serve.exitCodeOf(error), 70)
        yield* close
      })
    )
  )
  it.live("F19: draining lets runs in flight finish and is over at once when idle", () =>
    withStore(
      Effect.gen(function* () {
        const latch = yield* makeLatch
        const { ask, close, service } = yield* listening(waiting(latch))
        yield* service.warmUp
        const fiber = yield* Effect.fork(ask(invoke({})))
        yield* Deferred.await(latch.started)
        const draining = yield* Effect.fork(service.drain)
        yield* Effect.yieldNow()
        yield* Deferred.succeed(latch.release, undefined)
        const reply = yield* fiber
        assert.strictEqual(reply.status, 200)
        const [duration] = yield* Effect.timed(Fiber.join(draining))
        assert.isBelow(Number(duration.value._tag === "Millis" ? duration.value.millis : 0), 20_000)
        const gone = yield* Effect.exit(ask(invoke({})))
        assert.isTrue(Exit.isFailure(gone))
        yield* close
      })
    )
  )
  it.live(
    "F19: draining keeps the port: runs get 503 with Retry-After, all else is answered, and connections close",
    () =>
      withStore(
        Effect.gen(function* () {
          const latch = yield* makeLatch
          const { ask, close, service } = yield* listening(waiting(latch))
          yield* service.warmUp
          const running = yield* Effect.fork(ask(invoke({})))
          yield* Deferred.await(latch.started)
          const draining = yield* Effect.fork(service.drain)
          const refused = yield* Effect.repeat(ask(invoke({})), { until: ({ status }) => status === 503 })
          assert.deepStrictEqual([refused.json["_tag"], refused.json["reason"]], ["ServiceUnavailable", "draining"])
          assert.deepStrictEqual(
            [refused.headers.get("retry-after"), refused.headers.get("connection")],
            ["1", "close"]
          )
          const { json } = yield* ask(request("/runs"))
          const [run] = json.runs
          assert.strictEqual(run?.["status"], "running")
          for (const [path, status] of [
            [`/runs/${run?.id}`, 200],
            ["/health/live", 200],
            ["/health/ready", 503],
            ["/metrics", 200],
            ["/nothing", 404]
          ] as const) {
            const reply = yield* ask(request(path))
            assert.deepStrictEqual([path, reply.status, reply.headers.get("connection")], [path, status, "close"])
          }
          const events = yield* Effect.fork(ask(request(`/runs/${run?.id}/events`)))
          const cancelled = yield* ask(request(`/runs/${run?.id}/cancel`, { method: "POST" }))
          assert.strictEqual(cancelled.json["status"], "interrupted")
          assert.include((yield* events).text, "event: run_finished")
          // It was asked before the drain, and its answer still is the last one of its connection.
          assert.strictEqual((yield* running).headers.get("connection"), "close")
          yield* Fiber.join(draining)
          // The drain waits a second at most for the port, which a machine under load may exceed.
          yield* Effect.repeat(Effect.exit(ask(request("/health/live"))), { until: Exit.isFailure })
          yield* close
        })
      )
  )
  it.live("F19: a service that is draining closes a connection itself, also when its caller does not", () =>
    withStore(
      Effect.gen(function* () {
        const latch = yield* makeLatch
        const { ask, close, service } = yield* listening(waiting(latch))
        yield* service.warmUp
        const running = yield* Effect.fork(ask(invoke({})))
        yield* Deferred.await(latch.started)
        const draining = yield* Effect.fork(service.drain)
        yield* Effect.repeat(ask(invoke({})), { until: ({ status }) => status === 503 })
        const socket = Net.connect({ host: "127.0.0.1", port: service.port, allowHalfOpen: true })
        const received = yield* Effect.async<string>((resume) => {
          let text = ""
          socket.on("data", (chunk) => {
            text += String(chunk)
          })
          socket.once("end", () => resume(Effect.succeed(text)))
          socket.write("GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n")
        })
        socket.destroy()
        assert.match(received, /^HTTP\/1\.1 200 .*\r\nconnection: close\r\n/is)
        yield* Deferred.succeed(latch.release, undefined)
        assert.strictEqual((yield* running).status, 200)
        yield* Fiber.join(draining)
        yield* close
      })
    )
  )
  it.live("draining an idle service does not wait for clients that keep connections open", () =>
    withStore(
      Effect.gen(function* () {
        const { ask, close, service } = yield* listening(weather)
        yield* service.warmUp
        yield* ask(invoke({ city: "x" }))
        yield* service.drain
        assert.isTrue(Exit.isFailure(yield* Effect.exit(ask(invoke({ city: "x" })))))
        yield* close
      })
    )
  )
  it.live("F21: runs that do not finish in time are interrupted, recorded as shutdown and answered", () =>
    withStore(
      Effect.gen(function* () {
        const latch = yield* makeLatch
        const { ask, close, service } = yield* listening(waiting(latch), { serving: { drainTimeoutMillis: 50 } })
        yield* service.warmUp
        const fiber = yield* Effect.fork(ask(invoke({})))
        yield* Deferred.await(latch.started)
        yield* service.drain
        yield* Deferred.await(latch.interrupted)
        const { headers, json, status } = yield* fiber
        assert.deepStrictEqual([status, json["_tag"], json["reason"]], [503, "RunInterrupted", "shutdown"])
        const run = yield* newest
        assert.deepStrictEqual([run.status, run.cause], ["interrupted", "shutdown"])
        assert.isNotNull(headers)
        yield* close
      })
    )
  )
  it.live("F40: a taken port is replaced when that is allowed, else an error with exit code 69", () =>
    withStore(
      Effect.gen(function* () {
        const first = yield* listening(weather)
        const manifest = manifestTest(weather)
        const { port } = first.service
        const second = yield* Serve.make(weather, { ...manifest, listen: { host: "127.0.0.1", port, fallback: true } })
        assert.notStrictEqual(second.port, port)
        const error = yield* Effect.flip(
          Serve.make(weather, { ...manifest, listen: { host: "127.0.0.1", port, fallback: false } })
        )
        assert.strictEqual(error._tag, "ListenFailed")
        assert.include(error.message, `Port ${port} on 127.0.0.1 is taken`)
        assert.strictEqual(Serve.exitCodeOf(error), 69)
        yield* first.close
      })
    )
  )
  it.live("names the door of a manifest whose folder this program does not have, as in a container by hand", () =>
    withStore(
      Effect.gen(function* () {
        const { accept } = yield* Serve.make(weather, manifestTest(weather))
        const error = yield* Effect.flip(accept("/nowhere/door/1.sock"))
        assert.match(error.message, /socket \/nowhere\/door\/1\.sock of the deployment's door/)
        assert.include(error.message, 'leave "door" out of its manifest')
      }).pipe(Effect.scoped)
    )
  )
})
