/** Calls of a control API: retries, cancelled changes, and failures as those of a deployer. */
import type * as HttpApiError from "@effect/platform/HttpApiError"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"
import type * as ParseResult from "effect/ParseResult"
import * as Predicate from "effect/Predicate"
import type * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import { OutcomeUnknown } from "../Errors/Lifecycle.js"
import { StoreError } from "../Errors/Stores.js"

/** The address of a control API. */
export interface Address {
  readonly url: string
  readonly token: Redacted.Redacted
}

/** No answer of a deployer: none at all, one that is not understood, or a refusal of the caller. */
export type Unanswered =
  | HttpClientError.HttpClientError
  | ParseResult.ParseError
  | HttpApiError.HttpApiDecodeError
  | HttpApiError.Unauthorized

/** The headers of a change. */
export interface ChangeHeaders {
  readonly "idempotency-key": string
}

/** The endpoints for a change that goes on. */
export interface Ongoing {
  readonly cancel: (request: { readonly path: { readonly id: string } }) => Effect.Effect<void, unknown>
  readonly gate: (request: {
    readonly path: { readonly id: string }
    readonly payload: { readonly failure?: string | undefined }
  }) => Effect.Effect<void, unknown>
}

/** Work of the caller beside a change, which decides whether the new version gets callers. */
export type Gate = Effect.Effect<void, { readonly message: string }>

/** A client that sends the token with each request. */
export const authorized = (client: HttpClient.HttpClient, { token }: Address): HttpClient.HttpClient =>
  HttpClient.mapRequest(client, HttpClientRequest.bearerToken(token)).pipe(
    HttpClient.transformResponse(
      Effect.filterOrFail(
        (response) => !isOfProxy(response),
        ({ request, status }) =>
          new HttpClientError.RequestError({ request, reason: "Transport", description: `a proxy answers ${status}` })
      )
    )
  )

/** The calls of an API. */
export const make = (address: Address, { cancel, gate }: Ongoing) => {
  const read = <A, E>(operation: string, call: Effect.Effect<A, E | Unanswered>): Effect.Effect<A, E | StoreError> =>
    Effect.catchAll(repeated(call), (error) =>
      Effect.fail(isUnanswered(error) ? refused(address, operation, error) : error)
    )

  /** Sends a change until it is answered. `lost` is the failure of one that never is. */
  const sent = <A, E, L>(
    call: (headers: ChangeHeaders) => Effect.Effect<A, E | Unanswered>,
    lost: (error: Unanswered) => L,
    gated?: Gate
  ): Effect.Effect<A, E | L> =>
    Effect.flatMap(
      Effect.sync(() => crypto.randomUUID()),
      (id) =>
        beside(repeated(call({ "idempotency-key": id })), gated && settling(id, gated)).pipe(
          Effect.catchAll((error) => Effect.fail(isUnanswered(error) ? lost(error) : error)),
          Effect.onInterrupt(() => Effect.ignore(Effect.retry(cancel({ path: { id } }), retries)))
        )
    )

  const settling = (id: string, gated: Gate) => {
    const settle = (payload: { readonly failure?: string }) =>
      Effect.ignore(Effect.retry(gate({ path: { id }, payload }), retries))
    return Effect.matchEffect(gated, {
      onFailure: ({ message }) => settle({ failure: message }),
      onSuccess: () => settle({})
    })
  }

  return {
    read,
    /** A change of a deployment. */
    change: <A, E>(
      operation: string,
      ref: string,
      call: (headers: ChangeHeaders) => Effect.Effect<A, E | Unanswered>,
      gated?: Gate
    ): Effect.Effect<A, E | StoreError | OutcomeUnknown> =>
      sent(
        call,
        (error) =>
          isRefusal(error)
            ? refused(address, operation, error)
            : new OutcomeUnknown({ operation, resource: `deployment "${ref}"` }),
        gated
      ),
    /** A change that can be repeated: it writes what the deployer observes. */
    observe: <A, E>(
      operation: string,
      call: (headers: ChangeHeaders) => Effect.Effect<A, E | Unanswered>
    ): Effect.Effect<A, E | StoreError> => sent(call, (error) => refused(address, operation, error))
  }
}

/** The failure of a call without an answer. */
export const refused = (
  { url }: Address,
  operation: string,
  error: Unanswered | { readonly _tag: "Cut" }
): StoreError => {
  const from = (reason: "denied" | "unreachable" | "misconfigured", advice: string) =>
    new StoreError({ store: "registry", operation, reason, server: url, advice })
  switch (error._tag) {
    case "Unauthorized":
      return from("denied", "the control API refuses the token; give the one that its server was started with")
    case "ParseError":
    case "HttpApiDecodeError":
      return from("misconfigured", "the control API is of another version; use the same version on both sides")
    case "ResponseError":
      return from("misconfigured", `the control API answered with status ${error.response.status}; check its URL`)
    default:
      return from("unreachable", "the control API does not answer; check that it runs, and its URL")
  }
}

// internal

const tags: ReadonlySet<unknown> = new Set([
  "RequestError",
  "ResponseError",
  "ParseError",
  "HttpApiDecodeError",
  "Unauthorized"
] satisfies ReadonlyArray<Unanswered["_tag"]>)

const isUnanswered = <E>(error: E | Unanswered): error is Unanswered =>
  Predicate.hasProperty(error, "_tag") && tags.has(error._tag)

/** True if nothing was begun. */
const isRefusal = ({ _tag }: Unanswered): boolean => _tag === "Unauthorized" || _tag === "HttpApiDecodeError"

/** A connection that breaks now and then, and a server that starts again. */
const retries = Schedule.upTo(
  Schedule.union(Schedule.exponential("100 millis"), Schedule.spaced("1 second")),
  "15 seconds"
)

const repeated = <A, E>(call: Effect.Effect<A, E | Unanswered>): Effect.Effect<A, E | Unanswered> =>
  Effect.retry(call, { schedule: retries, while: (error) => isUnanswered(error) && isLost(error) })

/** True if the request or its answer was lost on the way. */
const isLost = (error: Unanswered): boolean =>
  (error._tag === "RequestError" && error.reason === "Transport") ||
  (error._tag === "ResponseError" && error.reason === "Decode")

/** True for the answer of a proxy that has no connection to the server. The server answers with JSON. */
const isOfProxy = ({ headers, status }: HttpClientResponse.HttpClientResponse): boolean =>
  [502, 503, 504].includes(status) && headers["content-type"]?.includes("json") !== true

/** Runs an effect, and another one beside it until the first ends. */
const beside = <A, E>(effect: Effect.Effect<A, E>, other: Effect.Effect<void> | undefined): Effect.Effect<A, E> =>
  other === undefined ? effect : Effect.scoped(Effect.zipRight(Effect.forkScoped(other), effect))
