// The pipeline that is deployed and invoked while the modules that run are counted.
import { Effect, Schema } from "effect"
import { Pipeline, Step } from "effect-deployers"

const forecast = Step.make("forecast", {
  input: Schema.Struct({ city: Schema.String }),
  output: Schema.Struct({ celsius: Schema.Number }),
  run: ({ city }) => Effect.succeed({ celsius: city.length })
})

export const weather = Pipeline.make("weather", {
  input: Schema.Struct({ city: Schema.String }),
  output: Schema.Struct({ celsius: Schema.Number }),
  run: ({ city }) => forecast({ city })
})
