/**
 * Sends requests to the API of a cluster.
 *
 * **Details**
 *
 * Of the official client only the configuration is used: kubeconfig files, contexts, plugins, tokens that rotate. Its
 * requests have no deadline, its watch stays silent on a broken connection, and its errors have no type.
 */
import * as Http from "node:http"
import * as Https from "node:https"
import * as NodeStream from "@effect/platform-node/NodeStream"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import { OutcomeUnknown } from "../../Errors/Lifecycle.js"
import { keepDeadlines, timeoutFail } from "../../Internal/Deadline.js"
import { type Connection, textOf } from "./Configuration.js"
import { ClusterUnreachable } from "./Errors.js"

/** One request. Every one can be repeated: changes are applied, and removals name the object. */
export interface Request {
  /** The purpose, after "to": `apply a Service`. */
  readonly operation: string
  /** The object, for messages. */
  readonly resource: string
  readonly method: "GET" | "PATCH" | "POST" | "DELETE"
  readonly path: string
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>> | undefined
  readonly body?: unknown
  readonly contentType?: string | undefined
  /** True for a request that changes nothing and is not a GET. */
  readonly isQuery?: boolean | undefined
}

/** The whole response. */
export interface ApiResponse {
  readonly status: number
  readonly text: string
}

/** A response whose body is read piece by piece. */
export interface OpenResponse {
  readonly status: number
  readonly body: Stream.Stream<Uint8Array, ClusterUnreachable>
}

/** The connection to one cluster. */
export interface Transport {
  readonly connection: Effect.Effect<Connection, ClusterUnreachable>
  /** Milliseconds by which the clock of the cluster is ahead of this one, as of the last response. */
  readonly clockOffset: Effect.Effect<number>
  /** Sends, reads everything, and repeats within a bound when the API is busy or does not respond. */
  readonly send: (request: Request) => Effect.Effect<ApiResponse, ClusterUnreachable | OutcomeUnknown>
  /** Sends once; the body is read piece by piece, and the connection ends with the scope. */
  readonly open: (request: Request) => Effect.Effect<OpenResponse, ClusterUnreachable, Scope.Scope>
}

/** A connection that reads its configuration with the first request. */
export const make = (
  connect: Effect.Effect<Connection, ClusterUnreachable>,
  deadlineMillis: number
): Effect.Effect<Transport> =>
  Effect.gen(function* () {
    const [connection, forget] = yield* Effect.cachedInvalidateWithTTL(connect, Duration.infinity)
    const offset = yield* Ref.make(0)
    const found = Effect.tapError(connection, () => forget)
    const open = openWith(found, offset)
    return {
      connection: found,
      clockOffset: Ref.get(offset),
      open: (request) =>
        Effect.mapBoth(open(request), {
          onFailure: ({ unreachable }) => unreachable,
          onSuccess: ({ failed, response }) => ({
            status: response.statusCode ?? 0,
            body: NodeStream.fromReadable<ClusterUnreachable, Uint8Array>(() => response, failed)
          })
        }),
      send: (request) => repeated(request, sendOnce(open, request, deadlineMillis))
    }
  })

// internal

/** One failed attempt. */
interface Attempt {
  readonly _tag: "Attempt"
  readonly unreachable: ClusterUnreachable
  /** True if the request may have reached the API. */
  readonly isSent: boolean
}

/** A response that asks for a repetition. */
interface Busy {
  readonly _tag: "Busy"
  readonly response: ApiResponse
}

const openWith =
  (found: Effect.Effect<Connection, ClusterUnreachable>, offset: Ref.Ref<number>) =>
  (request: Request): Effect.Effect<Opened, Attempt, Scope.Scope> =>
    Effect.gen(function* () {
      const notSent = (unreachable: ClusterUnreachable): Attempt => ({ _tag: "Attempt", unreachable, isSent: false })
      const { cluster, credentials } = yield* Effect.mapError(found, notSent)
      const failed = (cause: unknown) =>
        new ClusterUnreachable({ operation: request.operation, server: cluster.server, reason: reasonOf(cause), cause })
      const options = yield* Effect.mapError(credentials, (cause) =>
        notSent(
          new ClusterUnreachable({
            operation: request.operation,
            server: cluster.server,
            reason: `the credentials of the context "${cluster.context}" could not be read (${textOf(cause)})`,
            cause
          })
        )
      )
      const response = yield* Effect.mapError(
        dial(new URL(`${cluster.server.replace(/\/$/, "")}${request.path}${queryOf(request)}`), options, request),
        (cause): Attempt => ({ _tag: "Attempt", unreachable: failed(cause), isSent: !happensBeforeSending(cause) })
      )
      const date = Date.parse(response.headers.date ?? "")
      if (!Number.isNaN(date)) yield* Ref.set(offset, date - (yield* Clock.currentTimeMillis))
      return { response, failed }
    })

interface Opened {
  readonly response: Http.IncomingMessage
  readonly failed: (cause: unknown) => ClusterUnreachable
}

const dial = (
  url: URL,
  options: Https.RequestOptions,
  { body, contentType, method }: Request
): Effect.Effect<Http.IncomingMessage, unknown, Scope.Scope> =>
  Effect.gen(function* () {
    const controller = yield* Effect.acquireRelease(
      Effect.sync(() => new AbortController()),
      (controller) => Effect.sync(() => controller.abort())
    )
    const text = body === undefined ? undefined : JSON.stringify(body)
    const headers = {
      ...options.headers,
      accept: "application/json",
      ...(text === undefined
        ? {}
        : { "content-type": contentType ?? "application/json", "content-length": Buffer.byteLength(text) })
    }
    return yield* Effect.async<Http.IncomingMessage, unknown>((resume) => {
      const request = (url.protocol === "http:" ? Http : Https).request(
        url,
        { ...options, method, headers, signal: controller.signal },
        (response) => resume(Effect.succeed(response))
      )
      request.on("error", (cause) => resume(Effect.fail(cause)))
      request.end(text)
    })
  })

const queryOf = ({ query = {} }: Request): string => {
  const parameters = new URLSearchParams(
    Object.entries(query).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, String(value)] satisfies [string, string]]
    )
  ).toString()
  return parameters === "" ? "" : `?${parameters}`
}

/** The body cannot be read before the status is known, so it is part of the attempt. */
const sendOnce = (
  open: ReturnType<typeof openWith>,
  request: Request,
  deadlineMillis: number
): Effect.Effect<ApiResponse, Attempt | Busy> =>
  Effect.gen(function* () {
    const { failed, response } = yield* open(request)
    const status = response.statusCode ?? 0
    const text = yield* NodeStream.toString(() => response, {
      onFailure: (cause): Attempt => ({ _tag: "Attempt", unreachable: failed(cause), isSent: true })
    })
    if (busy.has(status)) return yield* Effect.fail<Busy>({ _tag: "Busy", response: { status, text } })
    return { status, text }
  }).pipe(
    Effect.scoped,
    timeoutFail({
      duration: deadlineMillis,
      onTimeout: (): Attempt => ({
        _tag: "Attempt",
        isSent: true,
        unreachable: new ClusterUnreachable({
          operation: request.operation,
          server: "the address of the context",
          reason: `it did not respond within ${deadlineMillis} ms`
        })
      })
    })
  )

const busy: ReadonlySet<number> = new Set([429, 500, 502, 503, 504])

/** Four repetitions within about four seconds. */
const again = Schedule.exponential("250 millis").pipe(Schedule.jittered, Schedule.intersect(Schedule.recurs(4)))

/**
 * Repeats a request. A change that may have reached the API and got no response is `OutcomeUnknown`; a busy API's last
 * response is the result.
 */
const repeated = (
  request: Request,
  attempt: Effect.Effect<ApiResponse, Attempt | Busy>
): Effect.Effect<ApiResponse, ClusterUnreachable | OutcomeUnknown> =>
  Effect.gen(function* () {
    const sent = yield* Ref.make(false)
    return yield* attempt.pipe(
      Effect.tapError((error) => (error._tag === "Attempt" && error.isSent ? Ref.set(sent, true) : Effect.void)),
      Effect.retry(again),
      Effect.catchTag("Busy", ({ response }) => Effect.succeed(response)),
      Effect.catchTag("Attempt", ({ unreachable }) =>
        Effect.flatMap(Ref.get(sent), (isSent): Effect.Effect<never, ClusterUnreachable | OutcomeUnknown> => {
          const { operation, resource } = request
          return isSent && request.method !== "GET" && request.isQuery !== true
            ? Effect.fail(new OutcomeUnknown({ operation, resource }))
            : Effect.fail(unreachable)
        })
      )
    )
  }).pipe(keepDeadlines)

const codeOf = (cause: unknown): Option.Option<string> =>
  Predicate.hasProperty(cause, "code") ? Option.some(String(cause.code)) : Option.none()

const happensBeforeSending = (cause: unknown): boolean =>
  (Predicate.hasProperty(cause, "syscall") && (cause.syscall === "connect" || cause.syscall === "getaddrinfo")) ||
  Option.exists(codeOf(cause), (code) => /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|EPROTO)/.test(code))

const reasonOf = (cause: unknown): string => {
  switch (Option.getOrUndefined(codeOf(cause))) {
    case "ECONNREFUSED":
      return "nothing listens there"
    case "ECONNRESET":
    case "EPIPE":
      return "the connection broke"
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "its name could not be resolved"
    default:
      return textOf(cause)
  }
}
