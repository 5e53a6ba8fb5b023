/** The status and the headers that a pipeline gives the response to its run. */
import * as Either from "effect/Either"
import { ResponseRefused } from "../Errors/Runs.js"

/**
 * The status of a response and headers beside those of the service. Names of headers are in lower case.
 *
 * @category models
 * @since 0.2.0
 */
export interface RunResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
}

/**
 * The parts of a response that a pipeline sets.
 *
 * @category models
 * @since 0.2.0
 */
export interface RespondOptions {
  /** 200 to 299 without 202, 204, 205 and 206, which mean an answer without outputs. Default 200. */
  readonly status?: number | undefined
  /** Headers by name. Case does not matter. */
  readonly headers?: Readonly<Record<string, string>> | undefined
}

/** The response of a run that sets nothing. */
export const initial: RunResponse = { status: 200, headers: {} }

/** A response with further parts; the later value of a part counts. Fails for the first part that is not permitted. */
export const merged = (
  before: RunResponse,
  { headers = {}, status }: RespondOptions
): Either.Either<RunResponse, ResponseRefused> =>
  Either.gen(function* () {
    if (status !== undefined && !isStatus(status)) return yield* refused("status", String(status), statuses)
    const all: Record<string, string> = { ...before.headers }
    for (const [given, value] of Object.entries(headers)) {
      const name = given.toLowerCase()
      const problem = problemOf(name, value)
      if (problem !== undefined) return yield* refused(`headers.${given}`, value, problem)
      all[name] = value
    }
    const bytes = Object.entries(all).reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0)
    if (bytes > maxHeaderBytes) return yield* refused("headers", `${bytes} bytes`, tooLarge)
    return { status: status ?? before.status, headers: all }
  })

// internal

/** Node and most proxies refuse responses whose headers take more than 16 KiB. The service adds some of its own. */
const maxHeaderBytes = 8_192

const withoutOutputs: ReadonlySet<number> = new Set([202, 204, 205, 206])

const isStatus = (status: number): boolean =>
  Number.isInteger(status) && status >= 200 && status <= 299 && !withoutOutputs.has(status)

const statuses =
  "the status of a run that succeeds is 200 to 299 without 202, 204, 205 and 206; fail with a typed error that has a status for any other"

const tooLarge = `headers of a run take at most ${maxHeaderBytes} bytes; put the data into the outputs`

/** The names whose values the service decides. */
const owned: ReadonlySet<string> = new Set([
  "allow",
  "cache-control",
  "connection",
  "content-disposition",
  "content-encoding",
  "content-length",
  "content-security-policy",
  "content-type",
  "cross-origin-embedder-policy",
  "cross-origin-opener-policy",
  "cross-origin-resource-policy",
  "date",
  "etag",
  "idempotency-replayed",
  "keep-alive",
  "permissions-policy",
  "preference-applied",
  "referrer-policy",
  "retry-after",
  "server",
  "server-timing",
  "strict-transport-security",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "vary",
  "www-authenticate",
  "x-accel-buffering",
  "x-content-type-options",
  "x-frame-options",
  "x-request-id",
  "x-run-metadata",
  "x-xss-protection"
])

const problemOf = (name: string, value: string): string | undefined => {
  if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name)) return "it is not the name of a header; use letters, digits and hyphens"
  if (owned.has(name) || name.startsWith("access-control-")) {
    return "the service decides this header; leave it out, or change the setting of the service"
  }
  return /^[\x20-\x7e\t]*$/.test(value) ? undefined : "the value has other characters than visible ASCII; encode it"
}

const refused = (field: string, given: string, reason: string) =>
  Either.left(new ResponseRefused({ field, given: given.slice(0, longestGiven), reason }))

const longestGiven = 100
