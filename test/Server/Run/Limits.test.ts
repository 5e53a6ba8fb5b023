// The limits of what a run returns and records: a run that exceeds one fails with an error that names it.
import { FetchHttpClient, HttpApiSchema } from "@effect/platform"
import { assert, describe, layer } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { Client, Errors, Pipeline, Run, Settings, Step } from "effect-deployers"
import { Serve } from "effect-deployers/Server"
import { invoke, request, served, stored } from "../Harness.js"
import { told } from "../Sse.js"

class Heavy extends Schema.TaggedError<Heavy>()(
  "Heavy",
  { data: Schema.String },
  HttpApiSchema.annotations({ status: 409 })
) {
  override get message() {
    return "It is heavy."
  }
}

class Wordy extends Schema.TaggedError<Wordy>()("Wordy", { words: Schema.Number }) {
  override get message() {
    return "word ".repeat(this.words)
  }
}

const step = Step.make("step", {
  input: Schema.Number,
  output: Schema.String,
  run: (bytes) => Effect.succeed("x".repeat(bytes))
})

const failing = Step.make("failing", {
  input: Schema.Number,
  output: Schema.String,
  error: Heavy,
  run: (bytes) => Effect.fail(new Heavy({ data: "x".repeat(bytes) }))
})

/** A list whose elements count how often they are read. */
const counting = (length: number) => {
  const reads = { count: 0 }
  const element = {
    get value() {
      reads.count++
      return "a text of some length"
    }
  }
  return { reads, list: new Array(length).fill(element) }
}

let reads = { count: 0 }

const repeat = (times: number, effect: Effect.Effect<unknown, Heavy>) =>
  Effect.repeatN(effect, times - 1).pipe(Effect.as("done"))

const kinds: Readonly<Record<string, (size: number) => Effect.Effect<unknown, Heavy | Wordy>>> = {
  text: (size) => Effect.succeed("x".repeat(size)),
  euros: (size) => Effect.succeed("€".repeat(size)),
  escapes: (size) => Effect.succeed("\u0001".repeat(size)),
  numbers: (size) => Effect.succeed(new Array(size).fill(0.1)),
  names: (size) => Effect.succeed({ ["x".repeat(size)]: 1 }),
  counted: (size) =>
    Effect.sync(() => {
      const { list, reads: ofList } = counting(size)
      reads = ofList
      return list
    }),
  heavy: (size) => Effect.fail(new Heavy({ data: "x".repeat(size) })),
  wordy: (size) => Effect.fail(new Wordy({ words: size })),
  step: (size) => Effect.as(step(size), "done"),
  steps: (size) => repeat(size, step(10)),
  largeSteps: (size) => repeat(size, step(900)),
  failing: (size) => Effect.as(Effect.ignore(failing(size)), "done"),
  event: (size) => Effect.as(Run.publish({ text: "x".repeat(size) }), "done"),
  events: (size) => repeat(size, Run.publish(1)),
  caught: (size) => Effect.as(Effect.exit(step(size)), "done"),
  other: () =>
    Effect.die(
      new Errors.RunLimitExceeded({
        message: "TOP-SECRET",
        runId: "another",
        limit: "maxOutputBytes",
        maximum: 1,
        actual: 2
      })
    )
}

const definition = {
  input: Schema.Struct({ kind: Schema.String, size: Schema.Number }),
  error: Schema.Union(Heavy, Wordy),
  run: ({ kind, size }: { readonly kind: string; readonly size: number }) => (kinds[kind] ?? Effect.succeed)(size)
}

/** Its outputs pass through the compiled schema, and those of `dated` through a schema with a transformation. */
const pipeline = Pipeline.make("bounded", { ...definition, output: Schema.Unknown })

const dated = Pipeline.make("dated", {
  ...definition,
  output: Schema.Union(Schema.Date, Schema.Unknown)
})

const limits = {
  maxOutputBytes: 1_000,
  maxErrorBytes: 1_000,
  maxEventBytes: 1_000,
  maxRunBytes: 5_000,
  maxStepsPerRun: 20,
  maxEventsPerRun: 50
} as const

const ask = (kind: string, size: number, extra: Record<string, unknown> = {}) => invoke({ kind, size }, extra)

/** Expects that the run fails at a limit, in its answer and in its record. */
const failsAt = (limit: keyof typeof limits, actual: number, [kind, size]: readonly [string, number]) =>
  Effect.gen(function* () {
    const { json, status, text } = yield* ask(kind, size)
    assert.strictEqual(status, 500, kind)
    assert.deepInclude(json, { _tag: "RunLimitExceeded", limit, maximum: limits[limit], actual }, kind)
    assert.include(String(json["message"]), `${actual}`)
    assert.include(String(json["message"]), `the serving setting ${limit} permits ${limits[limit]}`)
    const run = yield* stored(json.runId)
    assert.strictEqual(run.status, "failed")
    assert.isUndefined(run.outputs)
    assert.deepStrictEqual<unknown>(run.error, json)
    assert.isBelow(text.length, 1_000)
    return run
  })

const passes = ([kind, size]: readonly [string, number], status = 200) =>
  Effect.gen(function* () {
    const answer = yield* ask(kind, size)
    assert.strictEqual(answer.status, status, `${kind} ${size}`)
    return answer
  })

describe.each([pipeline, dated])("F30: the limits of pipeline $name", (served_) => {
  layer(served(served_, { serving: limits }), { excludeTestServices: true })((it) => {
    it.effect("fail a run with larger outputs, to the byte", () =>
      Effect.gen(function* () {
        yield* passes(["text", 998])
        yield* failsAt("maxOutputBytes", 1_001, ["text", 999])
        yield* passes(["euros", 332])
        yield* failsAt("maxOutputBytes", 1_001, ["euros", 333])
        yield* passes(["escapes", 166])
        yield* failsAt("maxOutputBytes", 1_004, ["escapes", 167])
        yield* passes(["numbers", 249])
        yield* failsAt("maxOutputBytes", 1_001, ["numbers", 250])
        yield* passes(["names", 994])
        yield* failsAt("maxOutputBytes", 1_001, ["names", 995])
      })
    )
    it.effect("end the measurement of outputs that are far larger", () =>
      Effect.gen(function* () {
        const { json, status } = yield* ask("counted", 1_000_000)
        assert.deepStrictEqual([status, json["limit"]], [500, "maxOutputBytes"])
        assert.isBelow(reads.count, 100)
      })
    )
    it.effect("replace a larger failure by one with its tag", () =>
      Effect.gen(function* () {
        yield* passes(["heavy", 300], 409)
        for (const kind of ["heavy", "wordy"]) {
          const { json, status } = yield* ask(kind, 100_000)
          assert.strictEqual(status, 500)
          assert.deepInclude(json, { _tag: "RunLimitExceeded", limit: "maxErrorBytes" })
          assert.strictEqual(String(json["failureTag"]).toLowerCase(), kind)
          const run = yield* stored(json.runId)
          assert.deepStrictEqual<unknown>([run.status, run.error], ["failed", json])
        }
      })
    )
    it.effect("fail a step with larger outputs, and the run with it", () =>
      Effect.gen(function* () {
        yield* passes(["step", 998])
        const { error, steps = [] } = yield* failsAt("maxEventBytes", 1_001, ["step", 999])
        assert.deepStrictEqual(
          steps.map(({ name, status }) => [name, status]),
          [["step", "failed"]]
        )
        assert.deepStrictEqual(steps[0]?.error, error)
        assert.isUndefined(steps[0]?.outputs)
        yield* passes(["caught", 999])
      })
    )
    it.effect("replace a larger failure of a step, and the run continues", () =>
      Effect.gen(function* () {
        const small = yield* stored((yield* passes(["failing", 100])).json.metadata.runId)
        assert.deepStrictEqual<unknown>(small.steps?.[0]?.error, { _tag: "Heavy", data: "x".repeat(100) })
        const large = yield* stored((yield* passes(["failing", 5_000])).json.metadata.runId)
        assert.deepInclude(large.steps?.[0]?.error, {
          _tag: "RunLimitExceeded",
          limit: "maxErrorBytes",
          failureTag: "Heavy"
        })
      })
    )
    it.effect("fail a run that publishes a larger message", () =>
      Effect.gen(function* () {
        yield* passes(["event", 989])
        const { id } = yield* failsAt("maxEventBytes", 1_001, ["event", 990])
        const events = told((yield* request(`/runs/${id}/events`)).text)
        assert.deepStrictEqual(
          events.map(({ event }) => event),
          ["run_started", "run_finished"]
        )
      })
    )
    it.effect("fail a run with more steps, more events, or more data of both", () =>
      Effect.gen(function* () {
        yield* passes(["steps", 20])
        const { steps } = yield* failsAt("maxStepsPerRun", 21, ["steps", 21])
        assert.strictEqual(steps?.length, 20)
        yield* passes(["events", 49])
        yield* failsAt("maxEventsPerRun", 51, ["events", 50])
        yield* passes(["largeSteps", 5])
        yield* failsAt("maxRunBytes", 5_412, ["largeSteps", 6])
      })
    )
    it.effect("do not count data that is not recorded", () =>
      Effect.gen(function* () {
        for (const [kind, size] of [
          ["step", 5_000],
          ["event", 5_000],
          ["largeSteps", 10]
        ] as const) {
          assert.strictEqual((yield* ask(kind, size, { skipArtifacts: true })).status, 200, kind)
        }
        const { json, status } = yield* ask("text", 5_000, { skipArtifacts: true })
        assert.deepStrictEqual([status, json["_tag"]], [500, "RunLimitExceeded"])
        assert.deepStrictEqual<unknown>((yield* stored(json.runId)).error, { _tag: "RunLimitExceeded" })
      })
    )
    it.effect("are those of the run's own service", () =>
      Effect.gen(function* () {
        const { json, status, text } = yield* ask("other", 1)
        assert.deepStrictEqual([status, json["_tag"]], [500, "InternalError"])
        assert.notInclude(text, "TOP-SECRET")
      })
    )
    it.effect("are typed errors for clients, also of a run that goes on without its caller", () =>
      Effect.gen(function* () {
        const { url } = yield* Serve.Served
        const client = Client.make(served_, { url })
        const waited = yield* Effect.flip(client.invoke({ kind: "text", size: 5_000 }))
        const started = yield* client.start({ kind: "text", size: 5_000 })
        for (const error of [waited, yield* Effect.flip(client.awaitRun(started))]) {
          assert.instanceOf(error, Errors.RunLimitExceeded)
          assert.isTrue(Errors.isRunError(error))
          assert.deepInclude({ ...error }, { limit: "maxOutputBytes", actual: 5_002 })
        }
      }).pipe(Effect.provide(FetchHttpClient.layer))
    )
  })
})

describe("a list of runs", () => {
  layer(served(pipeline), { excludeTestServices: true })((it) => {
    it.effect("stays small for runs with large outputs and the longest names", () =>
      Effect.gen(function* () {
        yield* Effect.forEach(Array.from({ length: 100 }), () => ask("text", 100_000, { runName: "€".repeat(200) }), {
          concurrency: 10
        })
        const { json, text } = yield* request("/runs?limit=100")
        assert.strictEqual(json.runs.length, 100)
        assert.isBelow(Buffer.byteLength(text), 120_000)
      })
    )
    it.effect("F30: 200 MB of outputs are never text under the default limits", () =>
      Effect.gen(function* () {
        const { maxOutputBytes } = Schema.decodeSync(Settings.Serving)({})
        const { json } = yield* ask("text", 200_000_000)
        assert.deepInclude(json, { limit: "maxOutputBytes", maximum: maxOutputBytes, actual: 200_000_002 })
      })
    )
  })
})
