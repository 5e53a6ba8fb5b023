import { Effect, Schema } from "effect"
import { Pipeline } from "effect-deployers"

const prices: Readonly<Record<string, number>> = { apple: 2, bread: 3 }

export const catalog = Pipeline.make("catalog", {
  description: "Returns the price of an item.",
  input: Schema.Struct({ item: Schema.String }),
  output: Schema.Struct({ price: Schema.Number }),
  run: ({ item }) => Effect.succeed({ price: prices[item] ?? 1 })
})
