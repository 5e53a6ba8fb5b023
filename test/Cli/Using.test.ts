// First impressions of commands: what a person reads after a failure, in a narrow terminal and in a log.
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option, Schema } from "effect"
import { Errors, Pipeline } from "effect-deployers"
import { iris } from "../../examples/iris.js"
import { report } from "../../src/Cli/Failure.js"
import { Input, Output, run } from "../../src/Cli/index.js"
import * as LogText from "../../src/Cli/Output/LogText.js"
import { type Records, StoredRuns } from "../../src/Cli/StoredRuns.js"
import { exampleOf } from "../../src/Client/Example.js"
import { Endpoints } from "../../src/Client.js"
import * as Fixtures from "../../src/Conformance/StoreSuite/Fixtures.js"
import { compile } from "../../src/Snapshot/Spec.js"
import { cli, json, World, worldWith } from "./support.js"

class CityUnknown extends Schema.TaggedError<CityUnknown>()("CityUnknown", { city: Schema.String }) {}

const weather = Pipeline.make("weather", {
  input: Schema.Struct({
    city: Schema.String,
    unit: Schema.optionalWith(Schema.Literal("C", "F"), { default: () => "C" as const }),
    days: Schema.optionalWith(Schema.Int, { default: () => 3 })
  }),
  output: Schema.String,
  error: CityUnknown,
  run: ({ city }) =>
    city === "Atlantis"
      ? Effect.fail(new CityUnknown({ city }))
      : city === "nowhere"
        ? Effect.dieMessage("a bug")
        : Effect.succeed(city)
})

const deploy = (name: string, ...more: ReadonlyArray<string>) => cli(["deploy", "weather.ts", "--name", name, ...more])

describe("a failure of invoke", () => {
  it.live("is named by its tag, and a bug by its id with the command that shows the log", () =>
    Effect.gen(function* () {
      yield* deploy("weather")
      const failed = yield* cli(["invoke", "weather", "--city", "Atlantis"])
      assert.strictEqual(failed.exitCode, 1)
      assert.include(failed.stderr, 'The run of "weather" failed with CityUnknown: ')
      const bug = yield* cli(["invoke", "weather", "--city", "nowhere"])
      const [, id = ""] = /Id: ([0-9a-f-]{36})/.exec(bug.stderr) ?? []
      assert.include(bug.stderr, `hint: \`deployers logs weather | grep ${id}\` shows the details.`)
      const asJson = json(yield* cli(["invoke", "weather", "--city", "nowhere", "--json"]))
      assert.strictEqual(asJson["_tag"], "InternalError")
      assert.match(String(asJson["id"]), /^[0-9a-f-]{36}$/)
    }).pipe(Effect.provide(worldWith(weather)))
  )

  it.live("of wrong options is a line for each of them", () =>
    Effect.gen(function* () {
      yield* deploy("weather")
      const said = yield* cli(["invoke", "weather", "--unit", "K", "--days", "many"])
      assert.include(said.stderr, "Give --unit one of C, F.\nGive --days as a whole number.\n")
    }).pipe(Effect.provide(worldWith(weather)))
  )
})

it.live("the help of invoke and the example of deploy show defaults", () =>
  Effect.gen(function* () {
    const { stdout } = yield* deploy("weather")
    assert.include(stdout, "deployers invoke weather --city string --unit C --days 3")
    const help = yield* cli(["invoke", "weather", "--help"])
    assert.match(help.stdout, /--unit C \| F\n +\(optional\) Default: "C"\./)
    assert.match(help.stdout, /--days integer\n.*\(optional\) Default: 3\./)
  }).pipe(Effect.provide(worldWith(weather)))
)

describe("deploy", () => {
  it.effect("shows its progress from the first moment", () =>
    Effect.gen(function* () {
      const { stderr } = yield* deploy("early")
      assert.match(stderr, /^ +0ms {2}bundling weather\.ts\n +0ms {2}the bundle is ready: weather@1\n/)
    }).pipe(Effect.provide(World))
  )

  it.effect("with a secret that is not there leaves no row", () =>
    Effect.gen(function* () {
      const refused = yield* deploy("keyed", "--auth", "secret:NOPE", "--json")
      assert.deepStrictEqual([refused.exitCode, json(refused)["_tag"]], [1, "SecretNotFound"])
      assert.deepStrictEqual(json(yield* cli(["list", "--json"])), { deployments: [] })
    }).pipe(Effect.provide(World))
  )

  it("shows the lines of a crash once, for people", () => {
    const logs = [
      '{"timestamp":"2026-11-30T14:33:31.266Z","level":"ERROR","message":"no model\\n  at m.ts:3","fiberId":"#1"}'
    ]
    const error = new Errors.DeploymentProvisionFailed({ name: "weather", reason: "it exits with 1", logs })
    assert.strictEqual(
      LogText.lines(false, report(error).message),
      [
        'Deployment "weather" could not be provisioned: it exits with 1.',
        "Last log lines:",
        "  2026-11-30T14:33:31.266Z  ERROR  no model",
        "      at m.ts:3"
      ].join("\n")
    )
  })
})

describe("a line of a log", () => {
  it("has time, level, message and fields on a terminal", () => {
    const entry = {
      timestamp: "t",
      level: "INFO",
      message: ["a", { b: 1 }],
      runId: "r",
      spans: {},
      n: 2,
      fiberId: "#1"
    }
    assert.strictEqual(LogText.line(false, JSON.stringify(entry)), 't  INFO   a {"b":1}  runId=r  n=2')
    assert.include(LogText.line(true, JSON.stringify({ ...entry, level: "WARN" })), "\u001b[33mWARN \u001b[0m")
  })

  it("in another format stays, and cannot control the terminal", () => {
    for (const text of ["plain", "{", '{"a":1}', '["timestamp"]']) assert.strictEqual(LogText.line(false, text), text)
    const hostile = { timestamp: "t", level: "INFO", message: "\u001b[31m", "\u001b": "\u001b" }
    assert.notInclude(LogText.line(false, JSON.stringify(hostile)), "\u001b")
  })
})

it.effect("list fits a terminal of 80 columns", () =>
  Effect.gen(function* () {
    yield* deploy("a-name-of-the-forty-characters-that-fit-it")
    yield* deploy("weather-of-the-northern-islands-and-seas")
    const captured = Output.capture({ isInteractive: true, columns: 80 })
    yield* Effect.provide(run(["list"]), Layer.merge(captured.layer, Input.layerTest({})))
    const lines = (yield* captured.stdout).trimEnd().split("\n")
    assert.isAtMost(Math.max(...lines.map(({ length }) => length)), 80)
    assert.match(lines[0] ?? "", /^NAME +STATUS +URL/)
  }).pipe(Effect.provide(World))
)

it.effect("the example of iris fits its parameters, for the form and the documents", () =>
  Effect.gen(function* () {
    const { input } = yield* compile(iris)
    const parameters = yield* Schema.decodeUnknown(iris.input)(exampleOf(input))
    assert.property(yield* Pipeline.run(iris, parameters), "species")
  })
)

describe("the runs of a deployment that does not answer", () => {
  const Stopped = Layer.succeed(Endpoints, {
    resolve: (deployment) => Effect.fail(new Errors.DeploymentHttpError({ deployment, reason: "it is not running" }))
  })

  const records: Records = {
    list: () => Effect.succeed({ runs: [Fixtures.summary(1)], nextCursor: undefined }),
    find: (id) => Effect.succeed(Option.liftPredicate(Fixtures.run(1), (run) => run.id === id))
  }

  it.effect("come from its records, or the failure stays", () =>
    Effect.gen(function* () {
      yield* deploy("stopped")
      assert.include((yield* cli(["runs", "stopped"])).stderr, "it is not running")
      const recorded = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
        Effect.provideService(effect, StoredRuns, { open: () => Effect.succeedSome(records) })
      const listed = yield* recorded(cli(["runs", "stopped"]))
      assert.include(listed.stdout, "weather-1")
      assert.include(listed.stderr, '"stopped" does not answer')
      const { id } = Fixtures.run(1)
      for (const more of [[], ["--deployment", "stopped"]]) {
        const found = json(yield* recorded(cli(["run", "describe", id, "--json", ...more])))
        assert.deepInclude(found, { id, status: "succeeded", outputs: { summary: "ok" } })
      }
      const none = yield* recorded(cli(["run", "describe", Fixtures.run(2).id, "--json"]))
      assert.deepStrictEqual([none.exitCode, json(none)["_tag"]], [1, "RunNotFound"])
    }).pipe(Effect.provide(Layer.merge(World, Stopped)))
  )
})
