/**
 * One HTTP exchange with a deployment: with a deadline, without following redirects, and with failures as sentences.
 *
 * @since 0.1.0
 */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import { DeploymentHttpError } from "../Errors/Http.js"
import type { Endpoint } from "./Endpoints.js"

/**
 * What a deployment answered. `json` is its parsed body, if it is JSON.
 *
 * @category models
 * @since 0.1.0
 */
export interface Answer {
  readonly status: number
  readonly text: string
  readonly json: unknown
}

/**
 * What to send.
 *
 * @category models
 * @since 0.1.0
 */
export interface Ask {
  readonly method: "GET" | "POST"
  /** Below the endpoint's URL. */
  readonly path: string
  readonly query?: Readonly<Record<string, string | undefined>> | undefined
  readonly body?: unknown
  /** Until the last byte of the answer. */
  readonly timeout: Duration.DurationInput
}

/**
 * Nobody answered, or not to the end. `never` means that the request certainly did not reach anybody.
 *
 * @category errors
 * @since 0.1.0
 */
export class Unanswered extends Data.TaggedError("Unanswered")<{
  readonly received: "never" | "perhaps"
  readonly error: DeploymentHttpError
}> {}

/**
 * Asks a deployment, once.
 *
 * **Details**
 *
 * Fails with `DeploymentHttpError` when nobody answers in time, and for redirects, which are not followed so that the
 * key goes nowhere else. Interrupting it drops the connection, which interrupts the run on the other side.
 *
 * @category requests
 * @since 0.1.0
 */
export const ask = (endpoint: Endpoint, what: Ask): Effect.Effect<Answer, DeploymentHttpError, HttpClient.HttpClient> =>
  Effect.catchTag(attempt(endpoint, what), "Unanswered", ({ error }) => Effect.fail(error))

/**
 * The same for who has to know whether the request may have been carried out.
 *
 * @category requests
 * @since 0.1.0
 */
export const attempt = (
  endpoint: Endpoint,
  what: Ask
): Effect.Effect<Answer, Unanswered | DeploymentHttpError, HttpClient.HttpClient> =>
  Effect.gen(function* () {
    const client = yield* HttpClient.HttpClient
    const response = yield* Effect.flatMap(request(endpoint, what), client.execute)
    const text = yield* response.text
    return { status: response.status, text, json: parse(text) }
  }).pipe(
    Effect.provideService(FetchHttpClient.RequestInit, { redirect: "manual" }),
    Effect.catchTags({
      RequestError: (error) => unreachable(endpoint, error),
      ResponseError: (error) => brokenOff(endpoint, `its answer broke off (${codeOf(error) ?? error.reason})`)
    }),
    Effect.timeoutFail({
      duration: what.timeout,
      onTimeout: () => errorOf(endpoint, `it did not answer within ${Duration.format(what.timeout)}`)
    }),
    Effect.filterOrFail(
      ({ status }) => status < 300 || status > 399,
      ({ status }) => errorOf(endpoint, "it sends callers somewhere else, where the key must not go", status)
    ),
    Effect.withSpan("Client.ask", { attributes: { deployment: endpoint.name, path: what.path } })
  )

/**
 * Why a deployment could not be called.
 *
 * @category errors
 * @since 0.1.0
 */
export const errorOf = (endpoint: Endpoint, reason: string, status?: number): DeploymentHttpError =>
  new DeploymentHttpError({
    deployment: endpoint.name,
    url: endpoint.url,
    reason,
    ...(status === undefined ? {} : { status })
  })

// internal

const brokenOff = (
  endpoint: Endpoint,
  reason: string,
  received: Unanswered["received"] = "perhaps"
): Effect.Effect<never, Unanswered> => new Unanswered({ received, error: errorOf(endpoint, reason) })

const request = (
  { authKey, name, url }: Endpoint,
  what: Ask
): Effect.Effect<HttpClientRequest.HttpClientRequest, DeploymentHttpError> => {
  const query = Object.entries(what.query ?? {}).filter((entry): entry is [string, string] => entry[1] !== undefined)
  const base = HttpClientRequest.make(what.method)(`${url}${what.path}`).pipe(
    HttpClientRequest.setUrlParams(query),
    HttpClientRequest.acceptJson,
    authKey === undefined ? (same) => same : HttpClientRequest.bearerToken(Redacted.value(authKey))
  )
  if (what.body === undefined) return Effect.succeed(base)
  return HttpClientRequest.bodyJson(base, what.body).pipe(
    Effect.mapError(() => new DeploymentHttpError({ deployment: name, reason: "the parameters have no JSON form" }))
  )
}

const parse = (text: string): unknown => Either.getOrUndefined(Either.try((): unknown => JSON.parse(text)))

const sentences: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nobody listens there; refresh the deployment to see where it stands, provision it to serve it again",
  ECONNRESET: "the connection broke off before it answered",
  UND_ERR_SOCKET: "the connection broke off before it answered",
  ENOTFOUND: "its host name is not known",
  EAI_AGAIN: "its host name cannot be looked up at the moment",
  EHOSTUNREACH: "its host cannot be reached",
  ETIMEDOUT: "its host does not answer",
  UND_ERR_CONNECT_TIMEOUT: "its host does not answer"
}

const unreachable = (endpoint: Endpoint, error: HttpClientError.RequestError) => {
  const code = codeOf(error)
  const known = code !== undefined && Object.hasOwn(sentences, code) ? sentences[code] : undefined
  const reason = known ?? `the request did not get through (${code ?? error.reason})`
  return brokenOff(endpoint, reason, code === "ECONNREFUSED" ? "never" : "perhaps")
}

/** The system's error code, from however deep it was wrapped. Messages are not used: they could repeat the request. */
const codeOf = (error: unknown, depth = 0): string | undefined => {
  if (depth > 5 || !Predicate.isRecord(error)) return undefined
  const { cause, code, errors } = error
  if (typeof code === "string" && /^[A-Z_]+$/.test(code)) return code
  const inner = Array.isArray(errors) ? errors[0] : undefined
  return codeOf(cause, depth + 1) ?? codeOf(inner, depth + 1)
}
