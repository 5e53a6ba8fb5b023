import { expect, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Pipeline } from "effect-deployers"
import { CityUnknown, Forecasts, program } from "./program.js"

// The same program with another layer: no deployment, no network.
const weather = Pipeline.provide(
  program,
  Layer.succeed(Forecasts, {
    celsius: (city) => (city === "Nowhere" ? Effect.fail(new CityUnknown({ city })) : Effect.succeed(20))
  })
)

it.effect("says how warm it is, in both units", () =>
  Effect.gen(function* () {
    expect(yield* Pipeline.run(weather, { city: "Oslo", unit: "C" })).toEqual({ summary: "Oslo: 20°C" })
    expect(yield* Pipeline.run(weather, { city: "Oslo", unit: "F" })).toEqual({ summary: "Oslo: 68°F" })
  })
)

it.effect("fails with the city that it does not know", () =>
  Effect.gen(function* () {
    const failure = yield* Effect.flip(Pipeline.run(weather, { city: "Nowhere", unit: "C" }))
    expect(failure).toMatchObject({ _tag: "CityUnknown", city: "Nowhere" })
  })
)
