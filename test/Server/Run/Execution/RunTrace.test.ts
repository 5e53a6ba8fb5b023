// The spans of runs and steps, from the header of a caller to the calls that a step makes.
import { createServer, type IncomingHttpHeaders } from "node:http"
import { FetchHttpClient, HttpClient } from "@effect/platform"
import { assert, describe, it, layer } from "@effect/vitest"
import { Effect, Exit, Layer, Logger, Option, Schedule, Schema, Tracer } from "effect"
import { Client, Pipeline, Run, Step } from "effect-deployers"
import { Serve } from "effect-deployers/Server"
import { hasTracer } from "../../../../src/Internal/Spans.js"
import * as Log from "../../../../src/Server/Process/Log.js"
import { parentOf } from "../../../../src/Server/Run/Execution/RunTrace.js"
import { invoke, type Reply, served } from "../../Harness.js"

interface Recorded {
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  readonly parentId: string | undefined
  readonly attributes: Record<string, unknown>
  ended: "success" | "failure" | undefined
}

const spans: Array<Recorded> = []

const hex = (length: number) => Array.from({ length }, () => Math.floor(Math.random() * 15 + 1).toString(16)).join("")

/** A tracer that keeps its spans in memory. */
const collecting = Tracer.make({
  context: (run) => run(),
  span: (name, parent, context, links, startTime, kind) => {
    const attributes: Record<string, unknown> = {}
    const recorded: Recorded = {
      name,
      traceId: Option.match(parent, { onNone: () => hex(32), onSome: ({ traceId }) => traceId }),
      spanId: hex(16),
      parentId: Option.getOrUndefined(Option.map(parent, ({ spanId }) => spanId)),
      attributes,
      ended: undefined
    }
    spans.push(recorded)
    return {
      _tag: "Span",
      name,
      spanId: recorded.spanId,
      traceId: recorded.traceId,
      parent,
      context,
      status: { _tag: "Started", startTime },
      attributes: new Map(),
      links,
      sampled: true,
      kind,
      end: (_, exit) => {
        recorded.ended = Exit.isSuccess(exit) ? "success" : "failure"
      },
      attribute: (key, value) => {
        attributes[key] = value
      },
      event: () => {},
      addLinks: () => {}
    }
  }
})

const heard: Array<IncomingHttpHeaders> = []

/** Another service, which a step calls. */
const other = Effect.acquireRelease(
  Effect.async<{ readonly port: number; readonly close: () => void }>((resume) => {
    const server = createServer((request, response) => {
      heard.push(request.headers)
      response.end("{}")
    })
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      const port = typeof address === "object" && address !== null ? address.port : 0
      resume(Effect.succeed({ port, close: () => server.close() }))
    })
  }),
  ({ close }) => Effect.sync(close)
)

class Refused extends Schema.TaggedError<Refused>()("Refused", {}) {}

const calls = Step.make("calls", {
  input: Schema.Number,
  output: Schema.Number,
  run: (port) => Effect.as(Effect.scoped(Effect.orDie(HttpClient.get(`http://127.0.0.1:${port}/`))), port)
})

let attempts = 0

const flaky = Step.make("flaky", {
  input: Schema.Struct({ fails: Schema.Boolean }),
  output: Schema.Number,
  error: Refused,
  retry: Schedule.recurs(1),
  run: ({ fails }) => Effect.suspend(() => (fails || attempts++ === 0 ? new Refused() : Effect.succeed(attempts)))
})

const input = Schema.Struct({ port: Schema.optional(Schema.Number), fails: Schema.Boolean })

const untraced = Pipeline.make("traced", {
  input,
  output: Schema.Struct({ traceId: Schema.String }),
  error: Refused,
  run: ({ fails, port }) =>
    Effect.gen(function* () {
      attempts = 0
      if (port !== undefined) yield* calls(port)
      yield* flaky({ fails })
      const span = yield* Effect.option(Effect.currentParentSpan)
      return { traceId: Option.match(span, { onNone: () => "none", onSome: ({ traceId }) => traceId }) }
    })
}).pipe(Pipeline.provide(FetchHttpClient.layer))

const traced = untraced.pipe(Pipeline.provide(Layer.setTracer(collecting)))

const traceId = "0af7651916cd43dd8448eb211c80319c"
const callerId = "b7ad6b7169203331"
const traceparent = `00-${traceId}-${callerId}-01`

const named = (name: string) => spans.filter((span) => span.name === name)

const clear = Effect.sync(() => {
  spans.length = 0
  heard.length = 0
})

describe("the spans of a run", () => {
  layer(served(traced), { excludeTestServices: true })((it) => {
    it.scoped("continue the trace of the caller, and reach the services that a step calls", () =>
      Effect.gen(function* () {
        yield* clear
        const { port } = yield* other
        const headers = { traceparent }
        const { json, status } = yield* invoke({ fails: false, port }, { runName: "first" }, { headers })
        assert.deepStrictEqual([status, json["outputs"]], [200, { traceId }])
        const [run] = named("run traced")
        const [step] = named("step calls")
        const [client] = named("http.client GET")
        const [retried] = named("step flaky")
        const tries = named("attempt flaky")
        assert.deepStrictEqual(Array.from(new Set(spans.map((span) => span.traceId))), [traceId])
        assert.strictEqual(run?.parentId, callerId)
        assert.deepStrictEqual([step?.parentId, retried?.parentId], [run?.spanId, run?.spanId])
        assert.strictEqual(client?.parentId, step?.spanId)
        assert.deepStrictEqual(
          tries.map(({ attributes, ended, parentId }) => [attributes["deployers.step.attempt"], ended, parentId]),
          [
            [1, "failure", retried?.spanId],
            [2, "success", retried?.spanId]
          ]
        )
        assert.strictEqual(tries[0]?.attributes["error.type"], "Refused")
        const about = {
          "deployers.deployment.name": "test",
          "deployers.pipeline.name": "traced",
          "deployers.run.id": json.metadata.runId,
          "deployers.run.name": "first"
        }
        assert.deepInclude(run?.attributes, about)
        assert.deepInclude(step?.attributes, { ...about, "deployers.step.name": "calls" })
        assert.deepStrictEqual([run?.ended, retried?.ended], ["success", "success"])
        assert.strictEqual(heard[0]?.["traceparent"], `00-${traceId}-${client?.spanId}-01`)
      })
    )

    it.effect("are the same on every way to a run, and without a header the trace is a new one", () =>
      Effect.gen(function* () {
        yield* clear
        const b3 = `${traceId}-${callerId}-1`
        const finished = (reply: Reply) => reply.text
        const ways = [
          yield* invoke({ fails: false }, {}, { headers: { b3 } }),
          yield* invoke({ fails: false }, {}, { headers: { traceparent, "idempotency-key": "trace" } }),
          yield* invoke({ fails: false }, {}, { headers: { traceparent, accept: "text/event-stream" } })
        ]
        for (const way of ways) assert.include(finished(way), traceId)
        assert.deepStrictEqual(
          named("run traced").map(({ parentId }) => parentId),
          ways.map(() => callerId)
        )
        yield* clear
        const { json } = yield* invoke({ fails: false })
        const [run] = named("run traced")
        assert.isUndefined(run?.parentId)
        assert.deepStrictEqual(json["outputs"], { traceId: run?.traceId })
      })
    )

    it.effect("have the failure of a run, and the steps that fail with it", () =>
      Effect.gen(function* () {
        yield* clear
        assert.strictEqual((yield* invoke({ fails: true }, {}, { headers: { traceparent } })).status, 422)
        for (const name of ["run traced", "step flaky", "attempt flaky"]) {
          const [span] = named(name)
          assert.deepStrictEqual([span?.ended, span?.attributes["error.type"]], ["failure", "Refused"], name)
        }
      })
    )
  })
})

describe("a service without a tracer", () => {
  layer(served(untraced), { excludeTestServices: true })((it) => {
    it.scoped("makes spans for callers with a trace only, and carries their trace on", () =>
      Effect.gen(function* () {
        yield* clear
        const { port } = yield* other
        assert.deepStrictEqual((yield* invoke({ fails: false })).json["outputs"], { traceId: "none" })
        const { json } = yield* invoke({ fails: false, port }, {}, { headers: { traceparent } })
        assert.deepStrictEqual(json["outputs"], { traceId })
        assert.include(heard[0]?.["traceparent"], traceId)
      })
    )

    it.effect("gets the trace of a client with a span, and none from one without", () =>
      Effect.gen(function* () {
        const { url } = yield* Serve.Served
        const call = Effect.provide(Client.make(untraced, { url }).invoke({ fails: false }), FetchHttpClient.layer)
        assert.deepStrictEqual(yield* call, { traceId: "none" })
        const span = yield* Effect.makeSpan("caller")
        assert.deepStrictEqual(yield* Effect.withParentSpan(call, span), { traceId: span.traceId })
      })
    )
  })
})

describe("the span in the headers of a caller", () => {
  it("is one with the ids of a span", () => {
    const found = (headers: Record<string, string>) => parentOf(headers)?.spanId
    assert.strictEqual(found({ traceparent }), callerId)
    assert.strictEqual(found({ b3: `${traceId}-${callerId}` }), callerId)
    assert.strictEqual(found({ "x-b3-traceid": traceId, "x-b3-spanid": callerId }), callerId)
    assert.isFalse(parentOf({ traceparent: `00-${traceId}-${callerId}-00` })?.sampled)
    for (const wrong of ["", "00", `00-${traceId}-${"0".repeat(16)}-01`, `00-${"0".repeat(32)}-${callerId}-01`, "x"]) {
      assert.isUndefined(found({ traceparent: wrong }), wrong)
    }
    for (const wrong of ["0", "abc-def", `${traceId}-"}`, `${"0".repeat(32)}-${callerId}`]) {
      assert.isUndefined(found({ b3: wrong }), wrong)
    }
  })
})

describe("the log of a run", () => {
  it("has the ids of the current span", () => {
    const lines: Array<string> = []
    const collected = Logger.map(Log.logger, (line) => {
      lines.push(line)
    })
    Effect.logInfo("hello").pipe(
      Effect.withParentSpan(Tracer.externalSpan({ traceId, spanId: callerId })),
      Effect.zipLeft(Effect.logInfo("without")),
      Effect.provideService(Run.CurrentRun, {
        info: undefined,
        stepStarted: () => ({ ended: () => Effect.void }),
        published: () => Effect.void
      }),
      Effect.provide(Logger.replace(Logger.defaultLogger, collected)),
      Effect.runSync
    )
    assert.deepInclude(JSON.parse(lines[0] ?? "{}"), { message: "hello", traceId, spanId: callerId })
    assert.notProperty(JSON.parse(lines[1] ?? "{}"), "traceId")
  })

  it("knows a tracer of the program from the default one", () => {
    const found = Effect.map(Effect.getFiberRefs, hasTracer)
    assert.isFalse(Effect.runSync(found))
    assert.isTrue(Effect.runSync(Effect.withTracer(found, collecting)))
    assert.isFalse(Effect.runSync(found.pipe(Effect.withTracer(collecting), Effect.withTracerEnabled(false))))
  })
})
