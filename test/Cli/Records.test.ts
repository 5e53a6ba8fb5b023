// Commands about the outputs of steps and about schedules, against a pipeline that is really served.
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { Pipeline, Step } from "effect-deployers"
import { Serve } from "effect-deployers/Server"
import { cli, json, worldWith } from "./support.js"

const repeat = Step.make("repeat", {
  input: Schema.Int,
  output: Schema.Struct({ text: Schema.String }),
  run: (times) => Effect.succeed({ text: "x".repeat(times) })
})

const report = Pipeline.make("report", {
  input: Schema.Struct({ days: Schema.Int }),
  output: Schema.Int,
  settings: { artifactBytes: 100 },
  run: ({ days }) => Effect.as(Effect.forEach([days, 200], repeat), days)
}).pipe(Pipeline.schedule("nightly", { cron: "0 3 1 1 *", input: { days: 7 } }))

const deployed = cli(["deploy", "weather.ts", "--name", "reports"])

const rows = (said: { readonly stdout: string }) => said.stdout.trim().split("\n")

describe("artifacts", () => {
  it.live("are listed with their places and digests, and printed one by one", () =>
    Effect.gen(function* () {
      yield* deployed
      const { metadata } = json(yield* cli(["invoke", "reports", "--days", "3", "--json"])) as unknown as {
        readonly metadata: { readonly runId: string }
      }
      const artifacts = (...args: ReadonlyArray<string>) =>
        cli(["artifacts", metadata.runId, ...args, "--deployment", "reports"])
      const listed = json(yield* artifacts("--json"))
      assert.strictEqual(listed["runId"], metadata.runId)
      assert.deepStrictEqual(
        (listed["artifacts"] as ReadonlyArray<Record<string, unknown>>).map(({ bytes, place, step }) => [
          step,
          place,
          bytes
        ]),
        [
          ["repeat", "record", 14],
          ["repeat#2", "store", 211]
        ]
      )
      const [head, first, second] = rows(yield* artifacts())
      assert.match(head ?? "", /^STEP +BYTES +PLACE +CREATED +SHA-256$/)
      assert.match(first ?? "", /^repeat +14 +record .* [0-9a-f]{64}$/)
      assert.match(second ?? "", /^repeat#2 +211 +store /)
      assert.deepStrictEqual(JSON.parse((yield* artifacts("repeat#2")).stdout), { text: "x".repeat(200) })
      assert.deepStrictEqual(json(yield* artifacts("repeat", "--json")), { text: "xxx" })
      const none = yield* artifacts("other", "--json")
      assert.deepStrictEqual([none.exitCode, json(none)["_tag"]], [1, "ArtifactNotFound"])
      const bare = json(yield* cli(["invoke", "reports", "--days", "3", "--skip-artifacts", "--json"])) as unknown as {
        readonly metadata: { readonly runId: string }
      }
      const empty = yield* cli(["artifacts", bare.metadata.runId, "--deployment", "reports"])
      assert.strictEqual(empty.stdout, "The run has no recorded outputs of steps.\n")
    }).pipe(Effect.provide(worldWith(report)))
  )
})

describe("schedules", () => {
  it.live("are listed, paused, resumed and fired", () =>
    Effect.gen(function* () {
      yield* deployed
      const listed = (yield* cli(["schedules", "reports", "--json"])).stdout
      const [schedule] = (JSON.parse(listed) as { schedules: ReadonlyArray<Record<string, unknown>> }).schedules
      assert.deepInclude(schedule, { name: "nightly", cron: "0 3 1 1 * UTC", isPaused: false, firings: [] })
      const paused = json(yield* cli(["schedule", "pause", "reports", "nightly", "--json"]))
      assert.deepInclude(paused, { name: "nightly", isPaused: true })
      assert.match(rows(yield* cli(["schedules", "reports"]))[1] ?? "", /^nightly +0 3 1 1 \* UTC +paused/)
      const fired = yield* cli(["schedule", "fire", "reports", "nightly"])
      const id = fired.stdout.trim()
      assert.include(fired.stderr, `deployers run describe ${id}`)
      const run = yield* Effect.repeat(
        Effect.map(cli(["run", "describe", id, "--deployment", "reports", "--json"]), json),
        { until: ({ status }) => status === "succeeded" }
      )
      assert.deepInclude(run, { parameters: { days: 7 }, outputs: 7 })
      const resumed = json(yield* cli(["schedule", "resume", "reports", "nightly", "--json"]))
      assert.deepInclude(resumed, { isPaused: false })
      for (const verb of ["pause", "resume", "fire"]) {
        const unknown = yield* cli(["schedule", verb, "reports", "weekly", "--json"])
        assert.deepStrictEqual([unknown.exitCode, json(unknown)["_tag"]], [1, "ScheduleNotFound"])
      }
      yield* Serve.Served
    }).pipe(Effect.provide(worldWith(report)))
  )
})
