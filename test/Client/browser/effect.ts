// The same request with the HTTP client and the schemas of Effect: the part of a bundle that is not this library's.
import { FetchHttpClient, HttpClient, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { Effect, Schema } from "effect"

const Answer = Schema.Struct({ outputs: Schema.Struct({ price: Schema.BigDecimal }) })

export const invoke = (
  url: string,
  key: string,
  parameters: { readonly country: string; readonly kilograms: number }
) =>
  HttpClientRequest.post(`${url}/invoke`).pipe(
    HttpClientRequest.bearerToken(key),
    HttpClientRequest.bodyJson({ parameters }),
    Effect.flatMap(HttpClient.execute),
    Effect.flatMap(HttpClientResponse.schemaBodyJson(Answer)),
    Effect.map(({ outputs }) => `price ${outputs.price.value}`),
    Effect.provide(FetchHttpClient.layer),
    Effect.runPromise
  )
