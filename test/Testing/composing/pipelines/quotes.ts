// A pipeline that calls another deployment, whose URL and key are settings of its own.
import { FetchHttpClient, HttpClient } from "@effect/platform"
import { Config, Effect, Schema } from "effect"
import { Client, Pipeline } from "effect-deployers"
import { catalog } from "./catalog.js"

export class PriceServiceDown extends Schema.TaggedError<PriceServiceDown>()("PriceServiceDown", {
  reason: Schema.String
}) {}

export const quotes = Pipeline.make("quotes", {
  input: Schema.Struct({ items: Schema.Array(Schema.String) }),
  output: Schema.Struct({ totalCents: Schema.Number }),
  error: PriceServiceDown,
  run: ({ items }) =>
    Effect.gen(function* () {
      const http = yield* HttpClient.HttpClient
      const url = yield* Config.string("CATALOG_URL")
      const authKey = yield* Config.redacted("CATALOG_KEY")
      const prices = Client.make(catalog, { url, authKey })
      const found = yield* Effect.provideService(
        Effect.forEach(items, (item) => prices.invoke({ item })),
        HttpClient.HttpClient,
        http
      )
      return { totalCents: found.reduce((total, { cents }) => total + cents, 0) }
    }).pipe(Effect.mapError((error) => new PriceServiceDown({ reason: error.message })))
}).pipe(Pipeline.provide(FetchHttpClient.layer))
