// The smallest pipeline worth deploying: one step, a required and an optional parameter, a typed failure.
import { HttpApiSchema } from "@effect/platform"
import { Effect, Schema } from "effect"
import { Pipeline, Step } from "effect-deployers"

export class CityUnknown extends Schema.TaggedError<CityUnknown>()(
  "CityUnknown",
  { city: Schema.String },
  HttpApiSchema.annotations({ status: 404 })
) {
  override get message() {
    return `No forecast for ${this.city}.`
  }
}

const forecast = Step.make("forecast", {
  input: Schema.Struct({ city: Schema.String }),
  output: Schema.Struct({ celsius: Schema.Number }),
  error: CityUnknown,
  run: ({ city }) =>
    city.toLowerCase() === "atlantis"
      ? Effect.fail(new CityUnknown({ city }))
      : Effect.succeed({ celsius: (city.length * 7) % 40 })
})

export const weather = Pipeline.make("weather", {
  description: "Says how warm it is in a city.",
  input: Schema.Struct({
    city: Schema.String,
    unit: Schema.optionalWith(Schema.Literal("C", "F"), { default: () => "C" as const })
  }),
  output: Schema.Struct({ summary: Schema.String, temperature: Schema.Number }),
  error: CityUnknown,
  run: ({ city, unit }) =>
    Effect.gen(function* () {
      const { celsius } = yield* forecast({ city })
      const temperature = unit === "C" ? celsius : Math.round((celsius * 9) / 5 + 32)
      return { summary: `${city}: ${temperature}°${unit}`, temperature }
    })
})
