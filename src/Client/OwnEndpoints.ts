/** Calls of the endpoints that an application has besides its pipeline. */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpApi from "@effect/platform/HttpApi"
import * as HttpApiClient from "@effect/platform/HttpApiClient"
import type * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as EndpointErrors from "../Contract/EndpointErrors.js"
import { InternalError, InvalidRequest, ServiceUnavailable } from "../Contract/Errors.js"
import type { Endpoint, Endpoints, Ref } from "./Endpoints.js"
import { prepare } from "./Http.js"
import { type FindError, find } from "./Retry.js"

/**
 * The errors that a service adds to those of an endpoint.
 *
 * @category errors
 * @since 0.1.0
 */
export type EndpointError = typeof EndpointError.Type

/**
 * Makes a typed client of endpoints that an application brings (`App.endpoints`): a function for each. The service proves
 * itself before it receives the key. Each call sends one request.
 *
 * @example
 * ```ts
 * import { HttpApiEndpoint, HttpApiGroup } from "@effect/platform"
 * import { Effect, Schema } from "effect"
 * import { Client } from "effect-deployers"
 *
 * const models = HttpApiGroup.make("models").add(HttpApiEndpoint.get("current", "/model").addSuccess(Schema.String))
 *
 * const program = Effect.gen(function* () {
 *   const { current } = yield* Client.endpoints(models, "predictions")
 *   yield* Effect.log(yield* current({}))
 * })
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const endpoints = <G extends HttpApiGroup.HttpApiGroup.Any, const R extends Ref>(
  group: G,
  ref: R
): Effect.Effect<
  HttpApiClient.Client.Group<G, G["identifier"], EndpointError | FindError<R>, R extends string ? Endpoints : never>,
  never,
  HttpClient.HttpClient
> =>
  Effect.gen(function* () {
    const plain = yield* HttpClient.HttpClient
    const send = (request: HttpClientRequest.HttpClientRequest) =>
      Effect.gen(function* () {
        const endpoint = yield* find(ref)
        yield* Effect.provideService(prepare(endpoint), HttpClient.HttpClient, plain)
        return placed(request, endpoint)
      })
    const client = plain.pipe(
      HttpClient.transform((response) =>
        Effect.provideService(response, FetchHttpClient.RequestInit, { redirect: "manual" })
      ),
      HttpClient.mapRequestInputEffect(send)
    )
    // The types of a group are known to its author only; those of the result are computed from them.
    const api = HttpApi.make("application")
      .addError(EndpointError)
      .add(group as never)
    const options = { group: group.identifier, httpClient: client } as never
    return yield* HttpApiClient.group(api, options) as Effect.Effect<never>
  })

// internal

const EndpointError = Schema.Union(
  ...EndpointErrors.AnyError.members,
  InvalidRequest,
  ServiceUnavailable,
  InternalError
)

const placed = (request: HttpClientRequest.HttpClientRequest, { authKey, serving, url }: Endpoint) => {
  const at = HttpClientRequest.prependUrl(request, `${url}${serving.rootUrlPath.replace(/\/+$/, "")}`)
  return authKey === undefined ? at : HttpClientRequest.bearerToken(at, Redacted.value(authKey))
}
