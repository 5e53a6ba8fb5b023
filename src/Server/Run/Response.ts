/** A response of the service, independent of any HTTP library: a status, headers and JSON text. */
import * as HttpApiSchema from "@effect/platform/HttpApiSchema"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Schema from "effect/Schema"
import * as Errors from "../../Contract/Errors.js"
import { memoize } from "../../Internal/Memoize.js"
import type { ByteSource } from "./Artifacts/ByteSource.js"

/** A complete answer. `body` is JSON text, or empty. */
export interface Response {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** The value of `Server-Timing`: the durations of the parts of a run. */
  readonly timing?: string
  /** The bytes that callers receive in place of the JSON, if they accept them. */
  readonly content?: Content
}

/** The bytes of a response, with the headers that they have in place of that of JSON. */
export interface Content {
  readonly source: ByteSource
  readonly headers: Readonly<Record<string, string>> & { readonly "content-type": string }
}

const errors = [
  Errors.InvalidRequest,
  Errors.Unauthorized,
  Errors.Forbidden,
  Errors.OriginRefused,
  Errors.UpgradeRequired,
  Errors.TooManyFailedKeys,
  Errors.NotFound,
  Errors.RunNotFound,
  Errors.MethodNotAllowed,
  Errors.IdempotencyConflict,
  Errors.PayloadTooLarge,
  Errors.UnsupportedMediaType,
  Errors.TooManyRuns,
  Errors.ServiceUnavailable,
  Errors.ServiceInMaintenance,
  Errors.RunTimedOut,
  Errors.RunInterrupted,
  Errors.RunLimitExceeded,
  Errors.RunDiverged,
  Errors.RunNotRecovered,
  Errors.RunContinues,
  Errors.RunHasEnded,
  Errors.RunNotRetryable,
  Errors.InternalError
] as const

/** Every error the runtime itself answers with. */
export type WireError = InstanceType<(typeof errors)[number]>

const WireError = Schema.Union(...errors)
const encoder = memoize(() => Schema.encodeSync(WireError))
const statuses: ReadonlyMap<string, number> = new Map(
  errors.map((error) => [error._tag, HttpApiSchema.getStatusError(error)])
)

/** The headers of a JSON answer that has no others. */
export const json: Readonly<Record<string, string>> = { "content-type": "application/json; charset=utf-8" }

/** A JSON answer from text that is JSON already. */
export const ofJson = (status: number, body: string, headers?: Readonly<Record<string, string>>): Response => ({
  status,
  headers: headers === undefined ? json : { ...json, ...headers },
  body
})

/** An answer without a body. */
export const empty = (status: number, headers: Readonly<Record<string, string>> = {}): Response => ({
  status,
  headers,
  body: ""
})

/** The encoded form of a wire error, as it travels and as runs record it. */
export const encodeError = (error: WireError): Schema.Schema.Encoded<typeof WireError> => encoder()(error)

/**
 * The answer of a wire error: its status, its JSON, and the header that goes with it (`Allow`, `Retry-After`,
 * `WWW-Authenticate`, `Connection`).
 */
export const ofError = (error: WireError): Response =>
  ofJson(statuses.get(error._tag) ?? 500, JSON.stringify(encodeError(error)), headersOf(error))

/** The answer to an invocation whose caller does not wait for the run. */
export const accepted = (runId: string, path: string, headers?: Readonly<Record<string, string>>): Response =>
  ofJson(202, JSON.stringify({ runId }), { location: path, "preference-applied": "respond-async", ...headers })

/** The answer of a run with the time that its program took, and the time until its record was stored. */
export const timed = (answer: Response, runMillis: number, storeMillis: number): Response => {
  const timing = `run;dur=${runMillis}, store;dur=${storeMillis}`
  return answer.content === undefined
    ? { status: answer.status, headers: answer.headers, body: answer.body, timing }
    : { ...answer, timing }
}

/**
 * The answer as its caller accepts it: the JSON alone for one that accepts JSON and no bytes of that type. Any other, also one
 * that names no types, gets the bytes.
 */
export const negotiated = (answer: Response, accept: string | undefined): Response => {
  const { content, ...json } = answer
  return content === undefined || accept === undefined || takesBytes(accept, content.headers["content-type"])
    ? answer
    : json
}

/** The same answer for callers whose paths start with a prefix, which goes in front of the location. */
export const below = (answer: Response, prefix: string): Response => {
  const { location } = answer.headers
  return prefix === "" || location?.startsWith("/") !== true
    ? answer
    : { ...answer, headers: { ...answer.headers, location: prefix + location } }
}

/** The same answer for the platform's HTTP server, as JSON. */
export const toResponse = (answer: Response): HttpServerResponse.HttpServerResponse => {
  if (answer.body === "") return HttpServerResponse.empty({ status: answer.status, headers: answer.headers })
  const { "content-type": contentType = "application/json", ...headers } = answer.headers
  const response = HttpServerResponse.text(answer.body, { status: answer.status, headers, contentType })
  return answer.timing === undefined ? response : HttpServerResponse.setHeader(response, "server-timing", answer.timing)
}

// internal

const takesBytes = (accept: string, contentType: string): boolean => {
  const types = accept
    .split(",")
    .filter((element) => !/;\s*q\s*=\s*0(\.0*)?\s*(;|$)/i.test(element))
    .map((element) => element.split(";")[0]?.trim().toLowerCase() ?? "")
  const [own = ""] = contentType.toLowerCase().split(";")
  const all = ["*/*", own.trim(), `${own.split("/")[0]?.trim()}/*`]
  return types.some((type) => all.includes(type)) || !types.includes("application/json")
}

const headersOf = (error: WireError): Readonly<Record<string, string>> => {
  switch (error._tag) {
    case "Unauthorized":
      return { "www-authenticate": "Bearer" }
    case "Forbidden":
      return { "www-authenticate": `Bearer error="insufficient_scope", scope="${error.scope}"` }
    case "MethodNotAllowed":
      return { allow: error.allow.join(", ") }
    case "UpgradeRequired":
      return { upgrade: "websocket" }
    case "TooManyRuns":
    case "TooManyFailedKeys":
    case "ServiceInMaintenance":
      return { "retry-after": String(error.retryAfterSeconds) }
    case "ServiceUnavailable":
      return {
        "retry-after": String(error.retryAfterSeconds),
        ...(error.reason === "draining" ? { connection: "close" } : {})
      }
    case "PayloadTooLarge":
      return { connection: "close" }
    default:
      return {}
  }
}
