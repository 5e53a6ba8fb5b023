// The export of a service to a collector of OpenTelemetry that decodes what it gets.
import { FetchHttpClient, HttpClient } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Layer, Metric, Schema } from "effect"
import { Pipeline, Step, Telemetry } from "effect-deployers"
import { Server } from "effect-deployers/Server"
import { ask } from "./Server/Ask.js"
import { memory, quiet } from "./Server/Harness.js"
import * as Receiver from "./Server/Run/Receiver.js"

/** By a name that the compiler does not follow: the exporter is no dependency of the library. */
const exporterOf = (name: string) =>
  Effect.promise(() => import(name) as Promise<{ readonly layerJson: Telemetry.Otlp }>)

const counted = Metric.counter("telemetry_counted", { incremental: true })

/** Calls the collector, so that the headers of its call are seen, too. */
const pipelineOf = (otlp: Telemetry.Otlp, url: string) =>
  Pipeline.make("named", {
    input: Schema.Struct({}),
    output: Schema.String,
    run: () =>
      Effect.gen(function* () {
        yield* Metric.increment(counted)
        yield* Effect.logInfo("a line for the collector")
        return yield* call({ url: `${url}/called` })
      })
  }).pipe(Pipeline.provide(Layer.merge(Telemetry.layer(otlp, { serviceName: "named" }), FetchHttpClient.layer)))

const call = Step.make("call", {
  input: Schema.Struct({ url: Schema.String }),
  output: Schema.String,
  run: ({ url }) =>
    Effect.gen(function* () {
      const client = Telemetry.withTraceState(yield* HttpClient.HttpClient)
      yield* Effect.orDie(client.get(url))
      return "called"
    })
})

const traceId = "0af7651916cd43dd8448eb211c80319c"
const headersOf = (flags: string) => ({
  traceparent: `00-${traceId}-b7ad6b7169203331-${flags}`,
  tracestate: "vendor=one,other=two"
})

type Exported = ReadonlyMap<string | undefined, ReadonlyArray<Receiver.Received>>

/** One run, and what the collector got until the service has closed. */
const exported = (variables: Record<string, string>, requestHeaders: Record<string, string> = headersOf("01")) =>
  Effect.scoped(
    Effect.gen(function* () {
      const { layerJson } = yield* exporterOf("@effect/opentelemetry/Otlp")
      const collector = yield* Receiver.make()
      const given = new Map([["OTEL_EXPORTER_OTLP_ENDPOINT", collector.url], ...Object.entries(variables)])
      if (given.get("OTEL_EXPORTER_OTLP_ENDPOINT") === "") given.delete("OTEL_EXPORTER_OTLP_ENDPOINT")
      const received: Array<Receiver.Received> = []
      const answer = Effect.map(collector.next, (request) => {
        received.push(request)
        request.respond(200)
      })
      yield* Effect.forkScoped(Effect.forever(answer))
      const status = yield* Effect.scoped(
        Effect.gen(function* () {
          const app = yield* Server.httpApp(pipelineOf(layerJson, collector.url))
          const { status } = yield* ask(app, "/invoke", { json: { parameters: {} }, headers: requestHeaders })
          return status
        })
      ).pipe(Effect.provide(Layer.merge(memory(), quiet)), Effect.withConfigProvider(ConfigProvider.fromMap(given)))
      assert.strictEqual(status, 200)
      return new Map(
        received.map(({ path }) => [path, received.filter((other) => other.path === path)])
      ) satisfies Exported
    })
  )

interface OtlpSpan {
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
}

const spansOf = (all: Exported): ReadonlyArray<OtlpSpan> =>
  (all.get("/v1/traces") ?? []).flatMap(({ body }) =>
    (
      JSON.parse(body) as {
        readonly resourceSpans: ReadonlyArray<{
          readonly scopeSpans: ReadonlyArray<{ readonly spans: ReadonlyArray<OtlpSpan> }>
        }>
      }
    ).resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))
  )

const textOf = (all: Exported, path: string) => (all.get(path) ?? []).map(({ body }) => body).join("\n")

describe("a collector of OpenTelemetry", () => {
  it.live("gets the spans, the log and the metrics of runs, with the headers of the settings", () =>
    Effect.gen(function* () {
      const all = yield* exported({
        OTEL_EXPORTER_OTLP_HEADERS: "x-api-key=top%20secret,x-other=two",
        OTEL_SERVICE_NAME: "books"
      })
      const spans = spansOf(all)
      const run = spans.find(({ name }) => name === "run named")
      const step = spans.find(({ name }) => name === "step call")
      assert.deepInclude(run, { traceId, parentSpanId: "b7ad6b7169203331" })
      assert.deepStrictEqual([step?.traceId, step?.parentSpanId], [traceId, run?.spanId])
      assert.include(textOf(all, "/v1/traces"), '"stringValue":"books"')
      assert.include(textOf(all, "/v1/logs"), "a line for the collector")
      assert.include(textOf(all, "/v1/metrics"), "telemetry_counted")
      const [first] = all.get("/v1/traces") ?? []
      assert.deepInclude(first?.headers, { "x-api-key": "top secret", "x-other": "two" })
      const [called] = all.get("/called") ?? []
      assert.include(called?.headers["traceparent"], traceId)
      assert.strictEqual(called?.headers["tracestate"], "vendor=one,other=two")
    })
  )

  it.live.each([
    [{ OTEL_TRACES_SAMPLER: "always_on" }, headersOf("00"), true],
    [{ OTEL_TRACES_SAMPLER: "always_off" }, headersOf("01"), false],
    [{}, headersOf("00"), false],
    [{ OTEL_TRACES_SAMPLER: "parentbased_always_off" }, {}, false],
    [{ OTEL_TRACES_SAMPLER: "parentbased_always_off" }, headersOf("01"), true],
    [{ OTEL_TRACES_SAMPLER: "traceidratio", OTEL_TRACES_SAMPLER_ARG: "0" }, headersOf("01"), false],
    [{ OTEL_TRACES_SAMPLER: "parentbased_traceidratio", OTEL_TRACES_SAMPLER_ARG: "1" }, {}, true]
  ] as const)("gets the traces that the sampler %j chooses", ([variables, headers, isExported]) =>
    Effect.gen(function* () {
      const all = yield* exported(variables, headers)
      assert.strictEqual(spansOf(all).length > 0, isExported)
      const [called] = all.get("/called") ?? []
      if ("traceparent" in headers) assert.include(called?.headers["traceparent"], traceId)
    })
  )

  it.live.each([{ OTEL_EXPORTER_OTLP_ENDPOINT: "" }, { OTEL_SDK_DISABLED: "true" }])(
    "gets nothing with %j",
    (variables) =>
      Effect.gen(function* () {
        const all = yield* exported(variables)
        assert.deepStrictEqual([...all.keys()], ["/called"])
      })
  )

  it.live("whose URL is none keeps the service from starting", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(exported({ OTEL_EXPORTER_OTLP_ENDPOINT: "collector" }))
      assert.strictEqual(error._tag, "WarmUpFailed")
      assert.include(error.message, "OTEL_EXPORTER_OTLP_ENDPOINT")
    })
  )
})
