import { FetchHttpClient } from "@effect/platform"
import { Config, Effect, Schema } from "effect"
import { Pipeline } from "effect-deployers"
import { Client } from "effect-deployers/Client"
import { catalog } from "./catalog.js"

const order = Pipeline.make("shop", {
  description: "Returns the total of an order, with the price of the catalog's service.",
  input: Schema.Struct({ item: Schema.String, amount: Schema.Int }),
  output: Schema.Struct({ total: Schema.Number }),
  run: ({ amount, item }) =>
    Effect.gen(function* () {
      const url = yield* Config.string("CATALOG_URL")
      const authKey = yield* Config.redacted("CATALOG_KEY")
      const { price } = yield* Client.make(catalog, { url, authKey }).invoke({ item })
      return { total: price * amount }
    }).pipe(Effect.orDie)
})

export const shop = Pipeline.provide(order, FetchHttpClient.layer)
