import { fileURLToPath } from "node:url"
import { HttpClient, HttpClientRequest } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import {
  Chunk,
  Config,
  Context,
  Deferred,
  Effect,
  Fiber,
  Layer,
  Option,
  Redacted,
  Schema,
  Stream,
  TestClock
} from "effect"
import { Client, Deployer, Pipeline, Run, Snapshot, Step } from "effect-deployers"
import { SecretStore } from "effect-deployers/Store"
import { InMemoryDeployer, InMemoryEngine, VirtualTime } from "effect-deployers/Testing"
import { weather } from "../../examples/weather.js"

const example = fileURLToPath(new URL("../../examples/weather.ts", import.meta.url))

class Refused extends Schema.TaggedError<Refused>()("Refused", { who: Schema.String }) {}

const nap = Step.make("nap", {
  input: Schema.Number,
  output: Schema.Number,
  run: (seconds) => Effect.as(Effect.sleep(`${seconds} seconds`), seconds)
})

const sleeper = Pipeline.make("sleeper", {
  input: Schema.Struct({ seconds: Schema.Number }),
  output: Schema.Struct({ slept: Schema.Number }),
  error: Refused,
  settings: { requestTimeoutMillis: 100_000 },
  run: ({ seconds }) =>
    seconds < 0
      ? Effect.fail(new Refused({ who: "sleeper" }))
      : Effect.gen(function* () {
          yield* Run.publish({ text: "good night" })
          yield* Effect.logInfo("sleeping")
          return { slept: yield* nap(seconds) }
        })
})

const provision = (pipeline: Pipeline.Any, options: Deployer.ProvisionOptions) =>
  Effect.gen(function* () {
    const deployer = yield* Deployer.Deployer
    return yield* deployer.provision(yield* InMemoryDeployer.snapshot(pipeline), options)
  })

describe("the in-memory world", () => {
  it.effect("deploys a file and calls it: outputs, typed failures, records, health and metrics", () =>
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      const deployment = yield* deployer.getOrCreate(yield* Snapshot.fromFile(example), { name: "weather" })
      assert.strictEqual(deployment.status, "running")
      const client = Client.make(weather, "weather")
      assert.deepStrictEqual(yield* client.invoke({ city: "Oslo" }), { summary: "Oslo: 28°C", temperature: 28 })
      assert.strictEqual((yield* Effect.flip(client.invoke({ city: "Atlantis" })))._tag, "CityUnknown")
      const untyped = yield* Client.invoke("weather", { city: "Oslo", unit: "F" })
      assert.deepInclude(untyped.metadata, { runIndex: 3, runName: "weather-3", snapshotName: "weather@1" })
      const { runs } = yield* Client.runs("weather")
      assert.deepStrictEqual(
        runs.map(({ index, status }) => [index, status]),
        [
          [3, "succeeded"],
          [2, "failed"],
          [1, "succeeded"]
        ]
      )
      const run = yield* Client.run("weather", untyped.metadata.runId)
      assert.deepStrictEqual(
        run.steps?.map(({ name, status }) => [name, status]),
        [["forecast", "succeeded"]]
      )
      assert.strictEqual((yield* Client.health("weather")).status, "ready")
      assert.include(yield* Client.metrics("weather"), 'deployers_runs_total{status="succeeded"} 2')
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("answers over HTTP as a service does: key, statuses, headers, OpenAPI", () =>
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      const { url = "" } = yield* provision(weather, { name: "weather" })
      const key = Redacted.value((yield* deployer.authKey("weather")) ?? Redacted.make(""))
      const post = (body: unknown, token?: string) =>
        HttpClientRequest.post(`${url}/invoke`).pipe(
          HttpClientRequest.bodyUnsafeJson(body),
          token === undefined ? (same) => same : HttpClientRequest.bearerToken(token),
          HttpClient.execute,
          Effect.flatMap((response) =>
            Effect.map(response.text, (text) => ({ ...response, text, status: response.status }))
          )
        )
      assert.strictEqual((yield* post({ parameters: { city: "Oslo" } })).status, 401)
      assert.strictEqual((yield* post({ parameters: { city: "Oslo" } }, "wrong")).status, 401)
      const invalid = yield* post({ parameters: { city: 7 } }, key)
      assert.strictEqual(invalid.status, 400)
      assert.include(invalid.text, "parameters.city")
      assert.strictEqual((yield* post({ parameters: { city: "Atlantis" } }, key)).status, 404)
      const health = yield* HttpClient.get(`${url}/health/ready`)
      assert.strictEqual(health.headers["x-content-type-options"], "nosniff")
      const unknown = yield* Effect.flip(HttpClient.get("http://127.0.0.1:1/health"))
      assert.deepInclude({ ...unknown }, { _tag: "RequestError", reason: "Transport" })
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("a run follows TestClock: start, events, cancel", () =>
    Effect.gen(function* () {
      yield* provision(sleeper, { name: "sleeper" })
      const client = Client.make(sleeper, "sleeper")
      const runId = yield* client.start({ seconds: 8 })
      const seen = yield* Client.events("sleeper", runId).pipe(
        Stream.map(({ event }) => event),
        Stream.runCollect,
        Effect.fork
      )
      yield* eventually(Client.run("sleeper", runId), ({ steps = [] }) => steps.length === 1)
      yield* TestClock.adjust("8 seconds")
      assert.deepStrictEqual(Chunk.toReadonlyArray(yield* Fiber.join(seen)), [
        "run_started",
        "message",
        "step_started",
        "step_finished",
        "run_finished"
      ])
      assert.deepInclude(yield* Client.run("sleeper", runId), {
        status: "succeeded",
        executionTimeMillis: 8_000,
        outputs: { slept: 8 }
      })
      const second = yield* client.start({ seconds: 8 })
      const cancelling = yield* Effect.fork(Client.cancel("sleeper", second))
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(cancelling)
      assert.deepInclude(yield* Client.run("sleeper", second), { status: "interrupted", cause: "cancelled" })
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.live("a run follows virtual time, and so does its deadline", () =>
    Effect.gen(function* () {
      const time = yield* VirtualTime.VirtualTime
      yield* provision(sleeper, { name: "sleeper" })
      const client = Client.make(sleeper, "sleeper")
      assert.deepStrictEqual(yield* client.invoke({ seconds: 8 }), { slept: 8 })
      assert.strictEqual(yield* time.elapsed, 8_000)
      const events = yield* Stream.runCollect(client.stream({ seconds: 1 }))
      assert.strictEqual(Chunk.size(events), 5)
      const error = yield* Effect.flip(client.invoke({ seconds: 200 }))
      assert.strictEqual(error._tag, "RunTimedOut")
    }).pipe(Effect.provide(InMemoryDeployer.layer), VirtualTime.run)
  )

  it.live("the runs of a deployment outlive its generations and a crash, and are gone with it", () =>
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      const engine = yield* InMemoryEngine.InMemoryEngine
      const statuses = Effect.map(Client.runs("sleeper"), ({ runs }) =>
        runs.map(({ cause, index, status }) => [index, status, cause])
      )
      const { id } = yield* provision(sleeper, { name: "sleeper" })
      yield* Client.make(sleeper, "sleeper").invoke({ seconds: 1 })
      yield* provision(sleeper, { name: "sleeper", settings: { environment: { COLOUR: "red" } } })
      const calling = yield* Effect.fork(Effect.flip(Client.make(sleeper, "sleeper").invoke({ seconds: 9 })))
      yield* Effect.sleep("1 second")
      yield* engine.crash(`${id}/2`)
      assert.strictEqual((yield* Fiber.join(calling))._tag, "DeploymentHttpError")
      assert.strictEqual((yield* deployer.refresh("sleeper")).status, "error")
      yield* deployer.reconcile
      assert.deepStrictEqual(yield* statuses, [
        [2, "interrupted", "lost"],
        [1, "succeeded", undefined]
      ])
      yield* deployer.delete("sleeper")
      yield* provision(sleeper, { name: "sleeper" })
      assert.deepStrictEqual(yield* statuses, [])
    }).pipe(Effect.provide(InMemoryDeployer.layer), VirtualTime.run)
  )

  it.live("a caller that leaves interrupts its run, and a deployment that stops lets its runs finish", () =>
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      yield* provision(sleeper, { name: "sleeper", settings: { serving: { drainTimeoutMillis: 240_000 } } })
      const client = Client.make(sleeper, "sleeper")
      yield* Effect.timeoutOption(client.invoke({ seconds: 2 }), "1 second")
      yield* Effect.yieldNow()
      const [left] = (yield* Client.runs("sleeper")).runs
      assert.deepInclude(left, { status: "interrupted", cause: "disconnected" })
      const calling = yield* Effect.fork(client.invoke({ seconds: 2 }))
      yield* Effect.sleep("1 second")
      const stopping = yield* Effect.fork(deployer.deprovision("sleeper"))
      yield* Effect.sleep("100 millis")
      assert.strictEqual((yield* Effect.flip(client.invoke({ seconds: 1 })))._tag, "DeploymentHttpError")
      assert.deepStrictEqual(yield* Fiber.join(calling), { slept: 2 })
      assert.strictEqual((yield* Fiber.join(stopping)).status, "absent")
    }).pipe(Effect.provide(InMemoryDeployer.layer), VirtualTime.run)
  )

  it.effect("warm state is built once from settings and secrets, and released at the end", () =>
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      const said: Array<string> = []
      class Voice extends Context.Tag("Voice")<Voice, string>() {}
      const voice = Layer.scoped(
        Voice,
        Effect.acquireRelease(
          Effect.map(
            Effect.all([Config.string("COLOUR"), Config.redacted("TOKEN")]),
            ([colour, token]) => `${colour} ${Redacted.value(token)}`
          ),
          (voice) => Effect.sync(() => said.push(`released ${voice}`))
        )
      )
      const speaking = Pipeline.make("speaking", {
        input: Schema.Struct({}),
        output: Schema.String,
        run: () =>
          Effect.all([Voice, Config.option(Config.string("PATH"))]).pipe(
            Effect.map(([voice, path]) => `${voice} ${Option.isSome(path)}`),
            Effect.orDie
          )
      }).pipe(Pipeline.provide(voice))
      yield* Effect.flatMap(SecretStore.SecretStore, (secrets) => secrets.set("TOKEN", Redacted.make("s3cret")))
      const settings = { environment: { COLOUR: "green" }, secrets: ["TOKEN"] }
      yield* provision(speaking, { name: "speaking", settings })
      assert.strictEqual(yield* Client.make(speaking, "speaking").invoke({}), "green s3cret false")
      yield* deployer.deprovision("speaking")
      assert.deepStrictEqual(said, ["released green s3cret"])
      const error = yield* Effect.flip(provision(speaking, { name: "mute" }))
      assert.strictEqual(error._tag, "DeploymentProvisionFailed")
      assert.include(error.message, 'The warm state of pipeline \\"speaking\\" could not be built')
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("warm state that takes long is waited for", () =>
    Effect.gen(function* () {
      const open = yield* Deferred.make<void>()
      const slow = weather.pipe(Pipeline.provide(Layer.effectDiscard(Deferred.await(open))))
      const provisioning = yield* Effect.fork(provision(slow, { name: "slow" }))
      const engine = yield* InMemoryEngine.InMemoryEngine
      yield* eventually(
        Effect.sync(() => engine.instances.size),
        (size) => size === 1
      )
      yield* Deferred.succeed(open, undefined)
      assert.strictEqual((yield* Fiber.join(provisioning)).status, "running")
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("the log of a deployment has what its runs logged, with the run's id", () =>
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      yield* provision(sleeper, { name: "sleeper" })
      const runId = yield* Client.make(sleeper, "sleeper").start({ seconds: 1 })
      yield* eventually(Client.run("sleeper", runId), ({ steps = [] }) => steps.length === 1)
      const lines = Chunk.toReadonlyArray(yield* Stream.runCollect(deployer.logs("sleeper")))
      const line = lines.find(({ text }) => text.includes('"message":"sleeping"'))
      assert.include(line?.text, `"runId":"${runId}"`)
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )
})

/** Until the fibers of a service have gone on; they wait for nothing but each other. */
const eventually = <A, E, R>(effect: Effect.Effect<A, E, R>, until: (value: A) => boolean): Effect.Effect<A, E, R> =>
  Effect.repeat(Effect.zipLeft(effect, Effect.yieldNow()), { until, times: 10_000 })
