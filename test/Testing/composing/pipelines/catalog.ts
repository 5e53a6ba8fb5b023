// A pipeline that other pipelines call: the price of an item.
import { Effect, Schema } from "effect"
import { Pipeline } from "effect-deployers"

export const catalog = Pipeline.make("catalog", {
  input: Schema.Struct({ item: Schema.String }),
  output: Schema.Struct({ cents: Schema.Number }),
  run: ({ item }) => Effect.succeed({ cents: item.length * 100 })
})
