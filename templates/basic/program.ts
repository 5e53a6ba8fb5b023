import { Context, Effect, Layer, Schema } from "effect"
import { Pipeline, Step } from "effect-deployers"

/** A typed failure: callers get it with its fields, and `deployers invoke` shows it. */
export class CityUnknown extends Schema.TaggedError<CityUnknown>()("CityUnknown", {
  city: Schema.String
}) {}

/** The source of forecasts, a service: weather.ts provides the real one, weather.test.ts another. */
export class Forecasts extends Context.Tag("Forecasts")<
  Forecasts,
  { readonly celsius: (city: string) => Effect.Effect<number, CityUnknown> }
>() {
  /** Replace it with a call of your API. */
  static readonly layer = Layer.succeed(Forecasts, {
    celsius: (city) => (city === "Atlantis" ? Effect.fail(new CityUnknown({ city })) : Effect.succeed(city.length))
  })
}

// Each call of a step is recorded with its output. Steps take a `retry` schedule and a `timeout`, too.
const forecast = Step.make("forecast", {
  input: Schema.Struct({ city: Schema.String }),
  output: Schema.Struct({ celsius: Schema.Number }),
  error: CityUnknown,
  run: ({ city }) =>
    Effect.gen(function* () {
      const forecasts = yield* Forecasts
      return { celsius: yield* forecasts.celsius(city) }
    })
})

export const program = Pipeline.make("weather", {
  description: "Says how warm it is in a city.",
  input: Schema.Struct({
    city: Schema.String.annotations({ examples: ["Oslo"] }),
    unit: Schema.optionalWith(Schema.Literal("C", "F"), { default: () => "C" as const })
  }),
  output: Schema.Struct({ summary: Schema.String }),
  error: CityUnknown,
  run: ({ city, unit }) =>
    Effect.gen(function* () {
      const { celsius } = yield* forecast({ city })
      const degrees = unit === "C" ? celsius : Math.round((celsius * 9) / 5 + 32)
      return { summary: `${city}: ${degrees}°${unit}` }
    })
})
