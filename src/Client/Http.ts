/**
 * One HTTP exchange with a deployment: with a deadline, without following redirects, and with failures as sentences.
 */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { DeploymentHttpError } from "../Contract/Errors.js"
import type { Endpoint } from "./Endpoints.js"

/** What a deployment answered. `json` is its parsed body, if it is JSON. */
export interface HttpResponse {
  readonly status: number
  readonly text: string
  readonly json: unknown
}

/** What to send. */
export interface Ask {
  readonly method: "GET" | "POST"
  /** Below the endpoint's URL. */
  readonly path: string
  readonly query?: Readonly<Record<string, string | undefined>> | undefined
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Doing it twice is the same as doing it once; default: what `GET` is. */
  readonly isRepeatable?: boolean | undefined
  /** Until the last byte of the answer; of events, until the first. */
  readonly timeout: Duration.DurationInput
}

/** An answer that goes on: what comes after its headers as it comes. Another answer has no `bytes` and is whole. */
export interface Opened extends HttpResponse {
  readonly bytes: Stream.Stream<Uint8Array, Unanswered> | undefined
}

/** Nobody answered, or not to the end. `never` means that the request certainly did not reach anybody. */
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
 */
export const ask = (
  endpoint: Endpoint,
  what: Ask
): Effect.Effect<HttpResponse, DeploymentHttpError, HttpClient.HttpClient> =>
  Effect.catchTag(attempt(endpoint, what), "Unanswered", ({ error }) => Effect.fail(error))

/** The same for who has to know whether the request may have been carried out. */
export const attempt = (
  endpoint: Endpoint,
  what: Ask
): Effect.Effect<HttpResponse, Unanswered | DeploymentHttpError, HttpClient.HttpClient> =>
  exchange(endpoint, what, whole)

/**
 * Asks for server-sent events, once. Something has to come every 45 seconds, else the connection is taken to be dead:
 * deployments send something every 15. Interrupting it drops the connection.
 */
export const open = (
  endpoint: Endpoint,
  what: Ask
): Effect.Effect<Opened, Unanswered | DeploymentHttpError, HttpClient.HttpClient> =>
  exchange(
    endpoint,
    { ...what, headers: { ...what.headers, accept: eventStream } },
    (response): Effect.Effect<Opened, HttpClientError.ResponseError> =>
      response.headers["content-type"]?.startsWith(eventStream) === true
        ? Effect.succeed({
            status: response.status,
            text: "",
            json: undefined,
            bytes: response.stream.pipe(
              Stream.mapError((error) => unanswered(endpoint, broke(error))),
              Stream.timeoutFail(() => unanswered(endpoint, "it fell silent"), "45 seconds")
            )
          })
        : Effect.map(whole(response), (answer) => ({ ...answer, bytes: undefined }))
  )

/** Why a deployment could not be called. */
export const errorOf = (
  endpoint: Pick<Endpoint, "name" | "url">,
  reason: string,
  status?: number
): DeploymentHttpError =>
  new DeploymentHttpError({
    deployment: endpoint.name,
    url: endpoint.url,
    reason,
    ...(status === undefined ? {} : { status })
  })

// internal

const eventStream = "text/event-stream"

const whole = (
  response: HttpClientResponse.HttpClientResponse
): Effect.Effect<HttpResponse, HttpClientError.ResponseError> =>
  Effect.map(response.text, (text) => ({ status: response.status, text, json: parse(text) }))

const exchange = <A extends HttpResponse>(
  endpoint: Endpoint,
  what: Ask,
  read: (response: HttpClientResponse.HttpClientResponse) => Effect.Effect<A, HttpClientError.ResponseError>
): Effect.Effect<A, Unanswered | DeploymentHttpError, HttpClient.HttpClient> =>
  Effect.gen(function* () {
    const client = yield* HttpClient.HttpClient
    return yield* Effect.flatMap(Effect.flatMap(request(endpoint, what), client.execute), read)
  }).pipe(
    Effect.provideService(FetchHttpClient.RequestInit, { redirect: "manual" }),
    Effect.catchTags({
      RequestError: (error) => unreachable(endpoint, error),
      ResponseError: (error) => unanswered(endpoint, broke(error))
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

const unanswered = (endpoint: Endpoint, reason: string, received: Unanswered["received"] = "perhaps"): Unanswered =>
  new Unanswered({ received, error: errorOf(endpoint, reason) })

const broke = (error: HttpClientError.ResponseError): string =>
  `its answer broke off (${codeOf(error) ?? error.reason})`

const request = (
  { authKey, name, url }: Endpoint,
  what: Ask
): Effect.Effect<HttpClientRequest.HttpClientRequest, DeploymentHttpError> => {
  const query = Object.entries(what.query ?? {}).filter((entry): entry is [string, string] => entry[1] !== undefined)
  const base = HttpClientRequest.make(what.method)(`${url}${what.path}`).pipe(
    HttpClientRequest.setUrlParams(query),
    HttpClientRequest.acceptJson,
    HttpClientRequest.setHeaders(what.headers ?? {}),
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
  return unanswered(endpoint, reason, code === "ECONNREFUSED" ? "never" : "perhaps")
}

/** The system's error code, from however deep it was wrapped. Messages are not used: they could repeat the request. */
const codeOf = (error: unknown, depth = 0): string | undefined => {
  if (depth > 5 || !Predicate.isRecord(error)) return undefined
  const { cause, code, errors } = error
  if (typeof code === "string" && /^[A-Z_]+$/.test(code)) return code
  const inner = Array.isArray(errors) ? errors[0] : undefined
  return codeOf(cause, depth + 1) ?? codeOf(inner, depth + 1)
}
