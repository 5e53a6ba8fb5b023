// Tests of a program that deploys: the same program, other layers. Its service runs in this process, without a socket.
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { Client } from "effect-deployers"
import { InMemoryDeployer, InMemoryEngine } from "effect-deployers/Testing"
import * as Forecasts from "./composed-app/forecasts.js"

describe("Forecasts", () => {
  it.effect("deploys, calls and finds the record of the call", () =>
    Effect.gen(function* () {
      yield* Forecasts.ensure
      expect(yield* Forecasts.ask("Oslo")).toEqual({ summary: "Oslo: 28°C", temperature: 28 })
      expect(yield* Effect.flip(Forecasts.ask("Atlantis"))).toMatchObject({ _tag: "CityUnknown", city: "Atlantis" })
      const { runs } = yield* Client.runs("forecasts")
      expect(runs).toMatchObject([
        { index: 2, status: "failed" },
        { index: 1, status: "succeeded" }
      ])
      const records = yield* Effect.forEach(runs, ({ id }) => Client.run("forecasts", id))
      expect(records).toMatchObject([{ parameters: { city: "Atlantis" } }, { outputs: { temperature: 28 } }])
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

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
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("leaves nothing behind", () =>
    Effect.gen(function* () {
      const engine = yield* InMemoryEngine.InMemoryEngine
      yield* Forecasts.ensure
      yield* Forecasts.remove
      yield* Forecasts.remove
      expect(engine.instances.size).toBe(0)
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("fails with a typed error and the last log lines when the service crashes", () =>
    Effect.gen(function* () {
      const engine = yield* InMemoryEngine.InMemoryEngine
      yield* engine.behave("weather", "crashes")
      const error = yield* Effect.flip(Forecasts.ensure)
      expect(error).toMatchObject({ _tag: "DeploymentProvisionFailed", name: "forecasts" })
      expect(error.message).toContain("something went wrong")
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )
})
