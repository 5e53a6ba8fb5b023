// How to test a program that deploys: the same program, other layers. Nothing is bundled, started or called here.
import { describe, expect, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Bundle, Snapshot } from "effect-deployers"
import { InMemoryDeployer, InMemoryEngine } from "effect-deployers/Testing"
import * as Forecasts from "./composed-app/forecasts.js"
import { weather } from "./weather.js"

const BundlerTest = Layer.succeed(Bundle.Bundler, {
  bundle: (source) => Effect.succeed({ digest: "0".repeat(64), directory: "", main: "", externals: [], source }),
  removeUnused: () => Effect.succeed(0),
  describe: () => Effect.map(Snapshot.compile(weather), (spec) => ({ spec, export: "weather" }))
})

const TestLive = Layer.merge(InMemoryDeployer.layer, BundlerTest)

describe("Forecasts", () => {
  it.effect("runs one service, however often it is asked for", () =>
    Effect.gen(function* () {
      const engine = yield* InMemoryEngine.InMemoryEngine
      const first = yield* Forecasts.ensure
      const second = yield* Forecasts.ensure
      expect(first).toMatchObject({ name: "forecasts", status: "running", generation: 1 })
      expect(second.id).toBe(first.id)
      expect(second.generation).toBe(1)
      expect(
        Array.from(engine.instances.values()).map(({ request }) => request.settings.serving.maxConcurrency)
      ).toEqual([8])
    }).pipe(Effect.provide(TestLive))
  )

  it.effect("leaves nothing behind", () =>
    Effect.gen(function* () {
      const engine = yield* InMemoryEngine.InMemoryEngine
      yield* Forecasts.ensure
      yield* Forecasts.remove
      yield* Forecasts.remove
      expect(engine.instances.size).toBe(0)
    }).pipe(Effect.provide(TestLive))
  )

  it.effect("fails with a typed error and the last log lines when the service crashes", () =>
    Effect.gen(function* () {
      const engine = yield* InMemoryEngine.InMemoryEngine
      yield* engine.behave("weather", "crashes")
      const error = yield* Effect.flip(Forecasts.ensure)
      expect(error).toMatchObject({ _tag: "DeploymentProvisionFailed", name: "forecasts" })
      expect(error.message).toContain("something went wrong")
    }).pipe(Effect.provide(TestLive))
  )
})
