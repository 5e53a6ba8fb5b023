// A program of a page that imports the entry of the client.
import { FetchHttpClient } from "@effect/platform"
import { Effect, Redacted } from "effect"
import { Client } from "effect-deployers/Client"
import { shipping } from "../../../examples/shipping-contract.js"

export const invoke = (
  url: string,
  key: string,
  parameters: { readonly country: string; readonly kilograms: number }
) =>
  Client.make(shipping, { url, authKey: Redacted.make(key) })
    .invoke(parameters)
    .pipe(
      Effect.map(({ price }) => `price ${price.value}`),
      Effect.catchTag("NotDeliverable", ({ message }) => Effect.succeed(message)),
      Effect.provide(FetchHttpClient.layer),
      Effect.runPromise
    )
