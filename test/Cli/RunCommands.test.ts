// Commands about runs, against a pipeline that is really served.
import { FetchHttpClient, FileSystem } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Schedule, Schema, Stream } from "effect"
import { Client, Output, Pipeline, Run } from "effect-deployers"
import { Serve } from "effect-deployers/Server"
import { served } from "../Server/Harness.js"
import { makeLatch, waiting, weather } from "../Server/Pipelines.js"
import { cli, json, World } from "./support.js"

/** The world of the commands, in which every name leads to the served pipeline. */
const provided = (pipeline: Pipeline.Any, options?: Parameters<typeof served>[1]) =>
  Effect.provide(
    Layer.effect(
      Client.Endpoints,
      Effect.map(Serve.Served, ({ url }) => ({ resolve: (name: string) => Client.direct({ name, url }) }))
    ).pipe(
      Layer.provideMerge(served(pipeline, options)),
      (served) => Layer.merge(World, served),
      (world) => Layer.merge(world, FetchHttpClient.layer)
    )
  )

const deployed = cli(["deploy", "weather.ts", "--name", "weather"])

const letters = Pipeline.stream("letters", {
  input: Schema.Struct({ city: Schema.String }),
  output: Schema.Struct({ letter: Schema.String }),
  run: ({ city }) => Stream.map(Stream.fromIterable(city), (letter) => ({ letter }))
})

const lines = (text: string) => text.trim().split("\n")

describe("invoke --async", () => {
  it.live("prints the id, and the command that shows the run", () =>
    Effect.gen(function* () {
      yield* deployed
      const said = yield* cli(["invoke", "weather", "--async", "--city", "Oslo", "--run-name", "later"])
      assert.strictEqual(said.exitCode, 0)
      const id = said.stdout.trim()
      assert.include(said.stderr, `deployers run describe ${id}`)
      const asked = json(yield* cli(["invoke", "--json", "--async", "weather", "--city", "Rome"]))
      assert.deepStrictEqual(Object.keys(asked), ["runId"])
      const { url } = yield* Serve.Served
      assert.deepInclude(yield* Client.awaitRun({ url }, id), { name: "later", status: "succeeded" })
      const wrong = yield* cli(["invoke", "weather", "--async", "--json", "--days", "1"])
      assert.deepStrictEqual([wrong.exitCode, json(wrong)["_tag"]], [1, "DeploymentInvalidParameters"])
    }).pipe(provided(weather))
  )

  it.live("fails where runs are not recorded, and excludes --stream", () =>
    Effect.gen(function* () {
      yield* deployed
      const kept = yield* cli(["invoke", "weather", "--async", "--city", "Oslo"])
      assert.strictEqual(kept.exitCode, 1)
      assert.include(kept.stderr, "it records no runs")
      for (const other of ["--async", "--skip-artifacts"]) {
        const said = yield* cli(["invoke", "weather", "--stream", other, "--city", "Oslo"])
        assert.strictEqual(said.exitCode, 2)
        assert.include(said.stderr, `--stream and ${other} cannot be combined.`)
      }
    }).pipe(provided(weather, { serving: { recording: "none" } }))
  )
})

describe("invoke --stream", () => {
  it.live("shows the events of the run, then prints the outputs", () =>
    Effect.gen(function* () {
      yield* deployed
      const said = yield* cli(["invoke", "weather", "--stream", "--city", "Oslo", "--run-name", "seen"])
      assert.deepStrictEqual(JSON.parse(said.stdout), { summary: "Oslo: 4C" })
      const shown = lines(said.stderr).map((line) => line.replace(/^ *\S+ {2}/, ""))
      assert.match(shown[0] ?? "", /^seen started \([0-9a-f-]{36}\)$/)
      assert.deepStrictEqual(shown.slice(1, 7), [
        "forecast started",
        'forecast succeeded: {"celsius":4}',
        "forecast#2 started",
        'forecast#2 succeeded: {"celsius":5}',
        'message: {"progress":0.5}',
        "run succeeded"
      ])
      assert.match(shown[7] ?? "", /took .* shows its steps\.$/)
    }).pipe(provided(weather))
  )

  it.live("with --json prints one value, and the events as lines on stderr", () =>
    Effect.gen(function* () {
      yield* deployed
      const said = yield* cli(["invoke", "weather", "--stream", "--json", "--city", "Oslo"])
      const waited = json(yield* cli(["invoke", "weather", "--json", "--city", "Oslo"]))
      const streamed = json(said)
      assert.deepStrictEqual(Object.keys(streamed), Object.keys(waited))
      assert.deepStrictEqual(
        Object.keys(streamed["metadata"] as object).sort(),
        Object.keys(waited["metadata"] as object).sort()
      )
      assert.deepStrictEqual(streamed["outputs"], waited["outputs"])
      const events = lines(said.stderr).map((line) => JSON.parse(line))
      assert.deepInclude(events[0], { sequence: 1, event: "run_started" })
      assert.deepInclude(events.at(-1), { sequence: 7, event: "run_finished" })
    }).pipe(provided(weather))
  )

  it.live("prints the elements of a pipeline that streams as lines, with --json as the list of outputs", () =>
    Effect.gen(function* () {
      yield* deployed
      const said = yield* cli(["invoke", "weather", "--stream", "--city", "Oslo"])
      assert.strictEqual(said.exitCode, 0)
      assert.deepStrictEqual(
        lines(said.stdout).map((line) => JSON.parse(line)),
        [{ letter: "O" }, { letter: "s" }, { letter: "l" }, { letter: "o" }]
      )
      assert.include(said.stderr, "run succeeded")
      const asked = json(yield* cli(["invoke", "weather", "--stream", "--json", "--city", "Åb"]))
      assert.deepStrictEqual(asked["outputs"], [{ letter: "Å" }, { letter: "b" }])
      assert.deepStrictEqual(json(yield* cli(["invoke", "weather", "--json", "--city", "Åb"]))["outputs"], [
        { letter: "Å" },
        { letter: "b" }
      ])
    }).pipe(provided(letters))
  )

  it.live("fails like an invocation without a stream", () =>
    Effect.gen(function* () {
      yield* deployed
      const streamed = yield* cli(["invoke", "weather", "--stream", "--json", "--city", "Atlantis"])
      const waited = yield* cli(["invoke", "weather", "--json", "--city", "Atlantis"])
      const { deployment: _, message: __, runId: ___, ...known } = json(waited)
      assert.strictEqual(streamed.exitCode, 1)
      assert.deepInclude(json(streamed), known)
      assert.include(streamed.stderr, '"status":"failed"')
      const broken = yield* cli(["invoke", "weather", "--stream", "--json", "--city", "Bug"])
      assert.deepStrictEqual([broken.exitCode, json(broken)["_tag"]], [1, "InternalError"])
    }).pipe(provided(weather))
  )
})

describe("run cancel", () => {
  it.live("interrupts a run, and repeats its end when called again", () =>
    Effect.gen(function* () {
      const latch = yield* makeLatch
      yield* Effect.gen(function* () {
        yield* deployed
        const waited = yield* Effect.fork(cli(["invoke", "weather", "--stream", "--json"]))
        yield* Deferred.await(latch.started)
        const { url } = yield* Serve.Served
        const { runs } = yield* Client.runs({ url })
        const id = runs[0]?.id ?? ""
        const cancelled = yield* cli(["run", "cancel", id, "--json"])
        assert.deepInclude(json(cancelled), { id, status: "interrupted", cause: "cancelled" })
        const said = yield* cli(["run", "cancel", id, "--deployment", "weather"])
        assert.match(said.stdout, /status +interrupted \(cancelled\)/)
        const told = yield* Fiber.join(waited)
        assert.deepStrictEqual([told.exitCode, json(told)["_tag"]], [1, "RunInterrupted"])
      }).pipe(provided(waiting(latch)))
    })
  )

  it.live("refuses an unknown id", () =>
    Effect.gen(function* () {
      yield* deployed
      const said = yield* cli(["run", "cancel", "00000000-0000-7000-8000-000000000000", "--json"])
      assert.deepStrictEqual([said.exitCode, json(said)["_tag"]], [1, "RunNotFound"])
    }).pipe(provided(weather))
  )
})

describe("run retry", () => {
  const idOf = (said: { readonly stdout: string }) =>
    (JSON.parse(said.stdout) as { readonly metadata: { readonly runId: string } }).metadata.runId

  it.live("repeats a run with the recorded parameters, as a new run", () =>
    Effect.gen(function* () {
      yield* deployed
      const first = yield* cli(["invoke", "weather", "--json", "--city", "Oslo", "--unit", "F"])
      const again = yield* cli(["run", "retry", idOf(first), "--json"])
      assert.deepStrictEqual(json(again)["outputs"], json(first)["outputs"])
      assert.deepInclude(json(again)["metadata"], { runIndex: 2, parametersUsed: { city: "Oslo", days: 1, unit: "F" } })
      const plain = yield* cli(["run", "retry", idOf(first)])
      assert.include(plain.stderr, `weather-3 took`)
      const failed = yield* cli(["invoke", "weather", "--json", "--city", "Atlantis"])
      const { runId } = json(failed)
      const refailed = yield* cli(["run", "retry", String(runId), "--json"])
      assert.deepStrictEqual([refailed.exitCode, json(refailed)["_tag"]], [1, "DeploymentRunFailed"])
    }).pipe(provided(weather))
  )

  it.live("with --from, has the service start the new run, and prints its outputs", () =>
    Effect.gen(function* () {
      yield* deployed
      const first = yield* cli(["invoke", "weather", "--json", "--city", "Oslo", "--unit", "F"])
      const again = yield* cli(["run", "retry", idOf(first), "--from", "start", "--json"])
      assert.deepInclude(json(again), { success: true, outputs: json(first)["outputs"] })
      assert.deepInclude(json(again)["metadata"], { runIndex: 2, parametersUsed: { city: "Oslo", days: 1, unit: "F" } })
      const failed = yield* cli(["run", "retry", idOf(first), "--from", "failed", "--json"])
      assert.deepStrictEqual([failed.exitCode, json(failed)["_tag"]], [1, "RunNotRetryable"])
      assert.include(failed.stderr, "no step failed")
      const { exitCode, stderr } = yield* cli(["run", "retry", idOf(first), "--from", "middle"])
      assert.strictEqual(exitCode, 2)
      assert.include(stderr, "failed")
    }).pipe(provided(weather))
  )

  it.live("refuses a run without recorded data, with the reason", () =>
    Effect.gen(function* () {
      yield* deployed
      const { url } = yield* Serve.Served
      for (const city of ["Oslo", "Atlantis"]) {
        const id = yield* Client.start({ url }, { city }, { skipArtifacts: true })
        yield* Client.awaitRun({ url }, id)
        const said = yield* cli(["run", "retry", id, "--json"])
        assert.strictEqual(said.exitCode, 1)
        assert.deepInclude(json(said), { _tag: "RunNotRepeatable", runId: id, deployment: "weather" })
        assert.include(said.stderr, "its parameters are not known")
        assert.include(said.stderr, "hint: `deployers invoke weather --help`")
      }
    }).pipe(provided(weather))
  )

  it.live("repeats a run without parameters", () =>
    Effect.gen(function* () {
      const latch = yield* makeLatch
      yield* Effect.gen(function* () {
        yield* deployed
        yield* Deferred.succeed(latch.release, undefined)
        const { url } = yield* Serve.Served
        const { metadata } = yield* Client.invoke({ url }, {}, { skipArtifacts: true })
        const endpoints = Client.layerStatic({ nothing: { url } })
        const said = yield* Effect.provide(cli(["run", "retry", metadata.runId, "--deployment", "nothing"]), endpoints)
        assert.deepStrictEqual([said.exitCode, said.stdout], [0, '"released"\n'])
      }).pipe(provided(waiting(latch)))
    })
  )
})

describe("signal", () => {
  const approved = Pipeline.make("approved", {
    input: Schema.Struct({}),
    output: Schema.String,
    run: () => Effect.map(Run.waitFor("approval", Schema.Struct({ by: Schema.String })), ({ by }) => by)
  })

  it.live("sends the JSON of its input to a run that waits", () =>
    Effect.gen(function* () {
      yield* deployed
      const { url } = yield* Serve.Served
      const id = yield* Client.start({ url }, {})
      const waits = Effect.flatMap(Client.run({ url }, id), ({ waitsFor }) => Effect.fromNullable(waitsFor))
      yield* Effect.retry(waits, Schedule.spaced("5 millis"))
      assert.match((yield* cli(["run", "describe", id])).stdout, /waits for +approval/)
      const sent = yield* cli(["signal", id, "approval", "--input", "-", "--json"], { input: { text: '{"by":"Ada"}' } })
      assert.deepStrictEqual([sent.exitCode, json(sent)], [0, { runId: id, signal: "approval" }])
      assert.deepInclude({ ...(yield* Client.awaitRun({ url }, id)) }, { status: "succeeded", outputs: "Ada" })
      const late = yield* cli(["signal", id, "approval", "--json"])
      assert.deepStrictEqual([late.exitCode, json(late)["_tag"]], [1, "RunHasEnded"])
      const broken = yield* cli(["signal", id, "approval", "--input", "-"], { input: { text: '{"by":' } })
      assert.deepStrictEqual([broken.exitCode, broken.stdout], [2, ""])
    }).pipe(provided(approved))
  )
})

const label = Pipeline.make("label", {
  input: Schema.Struct({ city: Schema.String }),
  output: Output.bytes({ contentType: "image/png" }),
  run: ({ city }) => Effect.succeed(new TextEncoder().encode(`\u0000${city}`))
})

describe("outputs that are bytes", () => {
  it.scopedLive("are written to a file, and never printed", () =>
    Effect.gen(function* () {
      yield* deployed
      const fs = yield* FileSystem.FileSystem
      const folder = yield* fs.makeTempDirectoryScoped()
      const file = `${folder}/label.png`
      const written = yield* cli(["invoke", "weather", "--city", "Oslo", "--output", file])
      assert.deepStrictEqual([written.exitCode, written.stdout], [0, ""])
      assert.include(written.stderr, `5 bytes were written to ${file}.`)
      assert.strictEqual(yield* fs.readFileString(file), "\u0000Oslo")
      const printed = yield* cli(["invoke", "weather", "--city", "Rome", "--json"])
      const { metadata, outputs } = json(printed) as unknown as {
        metadata: { runId: string }
        outputs: { size: number }
      }
      assert.deepStrictEqual([outputs.size, printed.stdout.includes("\u0000")], [5, false])
      assert.include(printed.stderr, `deployers run output ${metadata.runId} --output FILE`)
      const id = ["run", "output", metadata.runId, "--deployment", "weather"]
      assert.strictEqual((yield* cli([...id, "--output", file])).exitCode, 0)
      assert.strictEqual(yield* fs.readFileString(file), "\u0000Rome")
      assert.deepInclude(json(yield* cli([...id, "--json"])), { outputs } as never)
      const nowhere = yield* cli([...id, "--output", `${folder}/none/label.png`])
      assert.strictEqual(nowhere.exitCode, 2)
      assert.include(nowhere.stderr, "cannot be written")
      const both = yield* cli(["invoke", "weather", "--city", "Oslo", "--output", file, "--async"])
      assert.deepStrictEqual(
        [both.exitCode, both.stderr.includes("--output and --async cannot be combined")],
        [2, true]
      )
      const bare = yield* cli(["invoke", "weather", "--city", "Bern", "--output", file, "--skip-artifacts"])
      assert.deepStrictEqual([bare.exitCode, yield* fs.readFileString(file)], [0, "\u0000Bern"])
    }).pipe(provided(label))
  )

  it.scopedLive("are written to a file where runs are not recorded", () =>
    Effect.gen(function* () {
      yield* deployed
      const fs = yield* FileSystem.FileSystem
      const file = `${yield* fs.makeTempDirectoryScoped()}/label.png`
      const invoke = ["invoke", "weather", "--city", "Oslo", "--output", file]
      const written = json(yield* cli([...invoke, "--json"]))
      assert.deepInclude(written["outputs"] as object, { name: "output", contentType: "image/png", size: 5 })
      assert.strictEqual(yield* fs.readFileString(file), "\u0000Oslo")
      yield* fs.remove(file)
      const streamed = yield* cli([...invoke, "--stream"])
      assert.strictEqual(streamed.exitCode, 2)
      assert.include(streamed.stderr, "it records no runs")
      assert.isFalse(yield* fs.exists(file))
    }).pipe(provided(label, { serving: { recording: "none" } }))
  )

  it.scopedLive("are JSON in the file of a pipeline whose outputs are", () =>
    Effect.gen(function* () {
      yield* deployed
      const fs = yield* FileSystem.FileSystem
      const file = `${yield* fs.makeTempDirectoryScoped()}/weather.json`
      assert.strictEqual((yield* cli(["invoke", "weather", "--city", "Oslo", "--output", file])).exitCode, 0)
      assert.property(JSON.parse(yield* fs.readFileString(file)), "summary")
    }).pipe(provided(weather))
  )
})
