/**
 * One HTTP exchange with a deployment. It has a deadline, follows no redirects, and describes each failure.
 */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import * as Envelope from "../Contract/Envelope.js"
import { DeploymentHttpError, type ServiceNotProven } from "../Contract/Errors.js"
import * as File from "../File.js"
import * as Spans from "../Internal/Spans.js"
import * as StrictJson from "../Internal/StrictJson.js"
import type { Endpoint } from "./Endpoints.js"
import * as Form from "./Form.js"
import { forget, prove, renew, secretOf } from "./Proof.js"

/** The answer of a deployment. `json` is the parsed body if it is JSON. */
export interface HttpResponse {
  readonly status: number
  readonly text: string
  readonly json: unknown
  /** The body, if it is bytes. */
  readonly content?: Content | undefined
}

/** The bytes of an answer: their type, their name, and the metadata of the run whose outputs they are. */
export interface Content {
  readonly bytes: Uint8Array
  readonly contentType: string
  readonly name: string | undefined
  readonly metadata: string | undefined
}

/** A request. */
export interface Ask {
  readonly method: "GET" | "POST" | "DELETE"
  /** Path below the URL of the endpoint. */
  readonly path: string
  readonly query?: Readonly<Record<string, string | undefined>> | undefined
  readonly body?: unknown
  /** Files that go with the body, as a form. */
  readonly files?: ReadonlyArray<Form.FilePart> | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Sending it twice has the effect of sending it once; default: true for `GET`. */
  readonly isRepeatable?: boolean | undefined
  /** Reads a successful answer as bytes, unless it is JSON. */
  readonly takesBytes?: boolean | undefined
  /** Time to the last byte of the answer; for events, to the first byte. */
  readonly timeout: Duration.DurationInput
}

/** An answer with a stream of bytes. An answer of another type is complete and has no `bytes`. */
export interface Opened extends HttpResponse {
  readonly bytes: Stream.Stream<Uint8Array, Unanswered> | undefined
}

/** A call without an answer of the deployment. */
export type CallFailed = DeploymentHttpError | ServiceNotProven

/** No complete answer. `never` means that no service received the request. */
export class Unanswered extends Data.TaggedError("Unanswered")<{
  readonly received: "never" | "perhaps"
  readonly error: DeploymentHttpError
}> {}

/**
 * Sends one request.
 *
 * **Details**
 *
 * Fails with `DeploymentHttpError` if no answer arrives in time, and for redirects: following one would send the key
 * elsewhere. Interruption drops the connection, which interrupts the run in the service.
 */
export const ask = (endpoint: Endpoint, what: Ask): Effect.Effect<HttpResponse, CallFailed, HttpClient.HttpClient> =>
  Effect.catchTag(attempt(endpoint, what), "Unanswered", ({ error }) => Effect.fail(error))

/** Like {@link ask}, and the failure contains whether a service may have received the request. */
export const attempt = (
  endpoint: Endpoint,
  what: Ask
): Effect.Effect<HttpResponse, Unanswered | CallFailed, HttpClient.HttpClient> =>
  proven(endpoint, exchange(endpoint, what, what.takesBytes === true ? bytesOr(whole) : whole))

/**
 * Opens a stream of server-sent events. After 45 seconds without a byte the connection counts as dead: deployments send
 * one every 15 seconds. Interruption drops the connection.
 */
export const open = (
  endpoint: Endpoint,
  what: Ask
): Effect.Effect<Opened, Unanswered | CallFailed, HttpClient.HttpClient> => proven(endpoint, events(endpoint, what))

/** Has the service of an endpoint prove itself before a request that something else sends. */
export const prepare = (endpoint: Endpoint): Effect.Effect<void, CallFailed, HttpClient.HttpClient> =>
  Effect.catchTag(prove(endpoint, questionTo(endpoint)), "Unanswered", ({ error }) => Effect.fail(error))

/** The failure of a call, with its reason as a clause. */
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

const events = (endpoint: Endpoint, what: Ask) =>
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
              Stream.timeoutFail(() => unanswered(endpoint, "it sent nothing for 45 seconds"), "45 seconds")
            )
          })
        : Effect.map(whole(response), (answer) => ({ ...answer, bytes: undefined }))
  )

/**
 * Sends a request after the service has proven itself. A failure of the connection means that another process may listen
 * there by now, so the next request asks for a proof again. A question that was not answered reached no run.
 */
const proven = <A>(
  endpoint: Endpoint,
  request: Effect.Effect<A, Unanswered | DeploymentHttpError, HttpClient.HttpClient>
): Effect.Effect<A, Unanswered | CallFailed, HttpClient.HttpClient> => {
  const isKnown = secretOf(endpoint) !== undefined
  if (!isKnown) return request
  return Effect.zipRight(prove(endpoint, questionTo(endpoint)), request).pipe(
    Effect.tap(() => renew(endpoint)),
    Effect.onError(() => forget(endpoint))
  )
}

const questionTo =
  (endpoint: Endpoint) =>
  (path: string): Effect.Effect<HttpResponse, Unanswered | DeploymentHttpError, HttpClient.HttpClient> =>
    Effect.mapError(
      exchange({ ...endpoint, authKey: undefined }, { method: "GET", path, timeout: "10 seconds" }, whole),
      (error) => (error instanceof Unanswered ? new Unanswered({ received: "never", error: error.error }) : error)
    )

const whole = (
  response: HttpClientResponse.HttpClientResponse
): Effect.Effect<HttpResponse, HttpClientError.ResponseError> =>
  Effect.map(response.text, (text) => ({ status: response.status, text, json: parse(text) }))

const bytesOr =
  (orElse: typeof whole): typeof whole =>
  (response) => {
    const { headers, status } = response
    const contentType = headers["content-type"] ?? File.defaultContentType
    const isBytes = status === 200 && (headers["content-disposition"] !== undefined || !contentType.includes("json"))
    if (!isBytes && headers[Envelope.metadataHeader] === undefined) return orElse(response)
    return Effect.map(response.arrayBuffer, (buffer) => ({
      status,
      text: "",
      json: undefined,
      content: {
        bytes: new Uint8Array(buffer),
        contentType,
        name: nameIn(headers["content-disposition"]),
        metadata: headers[Envelope.metadataHeader]
      }
    }))
  }

/** The name in the header of a deployment. */
const nameIn = (disposition = ""): string | undefined => {
  const encoded = /filename\*=UTF-8''([^;]+)/i.exec(disposition)?.[1]
  const decoded = encoded === undefined ? Option.none() : Option.liftThrowable(decodeURIComponent)(encoded)
  return Option.getOrElse(decoded, () => /filename="([^"]*)"/i.exec(disposition)?.[1])
}

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
      ({ status }) =>
        errorOf(
          endpoint,
          "it redirects to another URL, and the key must not go there; use that URL if it is the deployment's",
          status
        )
    ),
    Effect.withSpan("Client.ask", { attributes: { deployment: endpoint.name, path: what.path } }),
    onlyOwnTrace
  )

/**
 * Sends the headers of a trace only for a program that has one, in a current span or by its tracer: for any other, Effect
 * would send a span of this call that no tracer collects, and the service would make spans for it.
 */
const onlyOwnTrace = <A, E, R>(call: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.withFiberRuntime<A, E, R>((fiber) =>
    Option.isSome(Context.getOption(fiber.currentContext, Tracer.ParentSpan)) || Spans.hasTracer(fiber.getFiberRefs())
      ? call
      : Effect.locally(call, HttpClient.currentTracerPropagation, false)
  )

const unanswered = (endpoint: Endpoint, reason: string, received: Unanswered["received"] = "perhaps"): Unanswered =>
  new Unanswered({ received, error: errorOf(endpoint, reason) })

const broke = (error: HttpClientError.ResponseError): string =>
  `the connection broke during the answer (${codeOf(error) ?? error.reason})`

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
  return Effect.try({ try: () => StrictJson.problemOf(what.body), catch: () => noForm(name) }).pipe(
    Effect.flatMap((problem) =>
      problem === undefined
        ? withBody(base, what.body, what.files, name)
        : noForm(name, `: ${StrictJson.format(problem)}`)
    )
  )
}

const withBody = (
  base: HttpClientRequest.HttpClientRequest,
  body: unknown,
  files: Ask["files"],
  name: string
): Effect.Effect<HttpClientRequest.HttpClientRequest, DeploymentHttpError> =>
  files === undefined
    ? Effect.mapError(HttpClientRequest.bodyJson(base, body), () => noForm(name))
    : Effect.map(Form.make(body, files), (form) => HttpClientRequest.bodyFormData(base, form))

const noForm = (deployment: string, problem = ""): DeploymentHttpError =>
  new DeploymentHttpError({ deployment, reason: `the parameters have no JSON form${problem}` })

const parse = (text: string): unknown => Either.getOrUndefined(Either.try((): unknown => JSON.parse(text)))

const sentences: Readonly<Record<string, string>> = {
  ECONNREFUSED: "no process listens there; `refresh` the deployment to see its status, or `provision` it to start it",
  ECONNRESET: "the connection broke before the answer",
  UND_ERR_SOCKET: "the connection broke before the answer",
  ENOTFOUND: "its host name does not exist; check the URL",
  EAI_AGAIN: "its host name cannot be resolved at present; try again later",
  EHOSTUNREACH: "its host is unreachable; check the network",
  ETIMEDOUT: "its host does not answer; check the URL and the network",
  UND_ERR_CONNECT_TIMEOUT: "its host does not answer; check the URL and the network"
}

const unreachable = (endpoint: Endpoint, error: HttpClientError.RequestError) => {
  const code = codeOf(error)
  const known = code !== undefined && Object.hasOwn(sentences, code) ? sentences[code] : undefined
  const reason = known ?? `the request failed (${code ?? error.reason})`
  return unanswered(endpoint, reason, code === "ECONNREFUSED" ? "never" : "perhaps")
}

/** The system's error code at any depth of causes. Messages are not used: they could contain the request. */
const codeOf = (error: unknown, depth = 0): string | undefined => {
  if (depth > 5 || !Predicate.isRecord(error)) return undefined
  const { cause, code, errors } = error
  if (typeof code === "string" && /^[A-Z_]+$/.test(code)) return code
  const inner = Array.isArray(errors) ? errors[0] : undefined
  return codeOf(cause, depth + 1) ?? codeOf(inner, depth + 1)
}
