import { expect, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { Bundle, Errors, Pipeline, Snapshot } from "effect-deployers"
import { InMemoryEngine } from "effect-deployers/Testing"
import { cli, json, World } from "./support.js"

const doubtful = Pipeline.make("doubtful", {
  input: Schema.Struct({ x: Schema.Number }),
  output: Schema.Struct({ y: Schema.Number }),
  run: ({ x }) => Effect.succeed({ y: x }),
  check: { input: { x: 1 }, expect: { y: 2 } }
})

const digest = "1".repeat(64)

/** A bundler that knows one pipeline, whose check fails. */
const withDoubtful = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const { pipelines } = yield* InMemoryEngine.InMemoryEngine
    pipelines.set(digest, doubtful)
    const spec = yield* Snapshot.compile(doubtful)
    return yield* Effect.provideService(effect, Bundle.Bundler, {
      bundle: (source) => Effect.succeed({ digest, directory: "/b", main: "/b/main.mjs", externals: [], source }),
      removeUnused: () => Effect.succeed(0),
      describe: () => Effect.succeed({ spec, export: "doubtful" })
    })
  }).pipe(Effect.provide(World))

it.effect("deploy fails with the cause of a failed check, and --no-check deploys without it", () =>
  Effect.gen(function* () {
    const failed = yield* cli(["deploy", "d.ts", "--name", "d", "--json"])
    expect(failed.exitCode).toBe(1)
    expect(json(failed)).toMatchObject({
      _tag: "DeploymentCheckFailed",
      failure: { _tag: "CheckUnexpectedOutput", message: "output.y is 1 instead of 2" }
    })
    expect(failed.stderr).toContain("waiting for the check of the new version")
    expect(failed.stderr).toContain("the check failed: output.y is 1 instead of 2")
    expect(failed.stderr).toContain("`--no-check` deploys without the check")
    expect((yield* cli(["deploy", "d.ts", "--name", "d", "--no-check", "--json"])).exitCode).toBe(0)
    expect((yield* cli(["provision", "d", "--json"])).exitCode).toBe(1)
    expect((yield* cli(["provision", "d", "--no-check", "--json"])).exitCode).toBe(0)
  }).pipe(withDoubtful)
)

it.effect("deploy refuses type errors, and --no-typecheck deploys all the same", () =>
  Effect.gen(function* () {
    const problem = { location: "/w/weather.ts:3:7", code: "TS2322", message: "wrong" }
    const failing = Layer.succeed(Bundle.TypeChecker.TypeChecker, {
      check: ({ file }) => new Errors.PipelineTypeErrors({ file, problems: [problem], total: 1 })
    })
    const deploy = (...more: ReadonlyArray<string>) =>
      Effect.provide(cli(["deploy", "weather.ts", "--name", "typed", "--json", ...more]), failing)
    const refused = yield* deploy()
    expect(refused.exitCode).toBe(1)
    expect(json(refused)).toMatchObject({ _tag: "PipelineTypeErrors", problems: [problem], total: 1 })
    expect(refused.stderr).toContain("/w/weather.ts:3:7: TS2322 wrong")
    expect(refused.stderr).toContain("`--no-typecheck` deploys without the type check")
    expect(json(yield* cli(["list", "--json"]))).toEqual({ deployments: [] })
    expect((yield* deploy("--no-typecheck")).exitCode).toBe(0)
  }).pipe(Effect.provide(World))
)
