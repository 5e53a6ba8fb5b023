/**
 * Sends requests to an engine. Every status is an answer here; operations give it a meaning.
 *
 * **Details**
 *
 * Of dockerode only the connection is used: address, TLS, uploads, and the cancellation of a request. Its operations are
 * not: their failures are text without a type, `wait` never settles when the engine is killed, `followProgress` succeeds
 * after a failed build or pull, and a deadline of theirs does not distinguish a query from a change.
 */
import * as Http from "node:http"
import * as Https from "node:https"
import type { Readable } from "node:stream"
import type { FileSystem } from "@effect/platform/FileSystem"
import * as NodeStream from "@effect/platform-node/NodeStream"
import type Dockerode from "dockerode"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import { timeoutFail } from "../../Internal/Deadline.js"
import type { Options } from "./Configuration.js"
import { type Endpoint, resolve, type Unusable } from "./Endpoint.js"
import { type EngineRefused, EngineUnreachable } from "./Errors.js"
import * as Failure from "./Failure.js"
import type { EngineHost } from "./Resources.js"

/** One request. */
export interface Request {
  /** The purpose, after "to": `start a container`. */
  readonly operation: string
  /** The resource; default the engine. */
  readonly resource?: string | undefined
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "DELETE"
  readonly path: string
  readonly query?: Readonly<Record<string, Parameter>> | undefined
  readonly body?: object | undefined
  /** Credentials for a registry of images, encoded. */
  readonly credentials?: Redacted.Redacted<string> | undefined
  /** The longest time for the answer; default the client's deadline. */
  readonly deadline?: Duration.DurationInput | "none" | undefined
}

type Parameter = string | number | boolean | ReadonlyArray<string> | undefined

/** The whole answer. */
export interface EngineResponse {
  readonly status: number
  readonly text: string
}

/** An answer whose body is read piece by piece. */
export interface OpenAnswer<E> {
  readonly status: number
  readonly body: Stream.Stream<Uint8Array, E>
  /** The whole body as text, instead of `body`. */
  readonly text: Effect.Effect<string, E>
}

/** The failures of every request. */
export type SendError<E> = E | EngineUnreachable | EngineRefused

/** The connection to one engine. */
export interface Transport {
  readonly host: Effect.Effect<EngineHost, EngineUnreachable>
  /** Sends and reads everything. */
  readonly send: <E>(
    loss: Failure.Loss<E>,
    request: Request,
    upload?: Readable
  ) => Effect.Effect<EngineResponse, SendError<E>>
  /** Sends and waits for the status; the connection ends with the scope. */
  readonly open: <E>(
    loss: Failure.Loss<E>,
    request: Request,
    upload?: Readable
  ) => Effect.Effect<OpenAnswer<SendError<E>>, SendError<E>, Scope.Scope>
}

/** A connection to the engine that the options name. It loads and resolves nothing before the first request. */
export const make = (options: Options): Effect.Effect<Transport, never, FileSystem> =>
  Effect.gen(function* () {
    const context = yield* Effect.context<FileSystem>()
    const deadline = Duration.decode(options.deadline ?? "30 seconds")
    const endpoint = yield* cachedSuccess(Effect.provide(resolve(options), context))
    const modem = yield* cachedSuccess(Effect.flatMap(endpoint, (found) => loadModem(found, options)))
    const open = openWith(modem, endpoint)
    return {
      host: Effect.mapBoth(endpoint, {
        onFailure: ({ host, reason }) => new EngineUnreachable({ operation: "find the engine", host, reason }),
        onSuccess: ({ host }) => host
      }),
      open: (loss, request, upload) => withDeadline(open(loss, request, upload), loss, request, deadline),
      send: (loss, request, upload) =>
        open(loss, request, upload).pipe(
          Effect.flatMap(({ status, text }) => Effect.map(text, (text) => ({ status, text }))),
          Effect.scoped,
          (sending) => withDeadline(sending, loss, request, deadline)
        )
    }
  })

/** A failure is not cached, so that a corrected configuration is read. */
const cachedSuccess = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<Effect.Effect<A, E>> =>
  Effect.map(Effect.cachedInvalidateWithTTL(effect, Duration.infinity), ([cached, invalidate]) =>
    Effect.tapError(cached, () => invalidate)
  )

type ModemOptions = Dockerode.DockerOptions & { readonly agent: Http.Agent }

interface Modem {
  readonly dial: Dockerode["modem"]["dial"]
}

const loadModem = (endpoint: Endpoint, options: Options): Effect.Effect<Modem, Unusable> =>
  Effect.tryPromise({
    try: async () => {
      const { default: Docker } = await import("dockerode")
      return new Docker(modemOptions(endpoint, options)).modem
    },
    catch: (cause) => ({ host: endpoint.host.url, reason: `its client could not be loaded (${cause})` })
  })

/** Fields are `undefined` on purpose: the modem reads the environment for missing ones. */
const modemOptions = ({ connection }: Endpoint, options: Options): ModemOptions => {
  const common = {
    timeout: undefined,
    version: options.apiVersion === undefined ? undefined : `v${options.apiVersion.replace(/^v/, "")}`
  }
  const none = { host: undefined, port: undefined, ca: undefined, cert: undefined, key: undefined }
  if (connection.type === "socket") {
    const agent = new Http.Agent({ keepAlive: false })
    return { ...common, ...none, agent, protocol: "http", socketPath: connection.path }
  }
  const { hostname, port, tls } = connection
  const to = { ...common, ...none, socketPath: undefined, host: hostname, port }
  return tls === undefined
    ? { ...to, agent: new Http.Agent({ keepAlive: false }), protocol: "http" }
    : { ...to, ...tls, agent: new Https.Agent({ keepAlive: false }), protocol: "https" }
}

const openWith =
  (modem: Effect.Effect<Modem, Unusable>, endpoint: Effect.Effect<Endpoint, Unusable>): Transport["open"] =>
  (loss, request, upload) =>
    Effect.gen(function* () {
      const unusable = ({ host, reason }: Unusable) =>
        new EngineUnreachable({ operation: request.operation, host, reason })
      const { host } = yield* Effect.mapError(endpoint, unusable)
      const client = yield* Effect.mapError(modem, unusable)
      const controller = yield* Effect.acquireRelease(
        Effect.sync(() => new AbortController()),
        (controller) => Effect.sync(() => controller.abort())
      )
      const onError = (cause: unknown) => Failure.fromTransport(loss, request, host.url, cause)
      const response = yield* Effect.mapError(dial(client, request, upload, controller.signal), onError)
      return openAnswer(response, onError)
    })

const dial = (
  modem: Modem,
  request: Request,
  upload: Readable | undefined,
  signal: AbortSignal
): Effect.Effect<Http.IncomingMessage, unknown> =>
  Effect.async((resume) => {
    modem.dial(
      {
        path: `${request.path}?`,
        method: request.method,
        options: { _query: parameters(request.query), _body: request.body ?? {} },
        isStream: true,
        statusCodes: everyStatus,
        abortSignal: signal,
        ...(request.credentials === undefined ? {} : { authconfig: { key: Redacted.value(request.credentials) } }),
        ...(upload === undefined ? {} : { file: upload })
      },
      (cause, response) =>
        resume(
          cause === null && response instanceof Http.IncomingMessage
            ? Effect.succeed(response)
            : Effect.fail<unknown>(cause ?? "the answer is no HTTP response")
        )
    )
  })

/** Without this the modem turns most statuses into errors without structure. */
const everyStatus: Readonly<Record<number, boolean>> = Object.fromEntries(
  Array.from({ length: 500 }, (_, index) => [index + 100, true])
)

const parameters = (query: Request["query"]): Record<string, string | ReadonlyArray<string>> =>
  Object.fromEntries(
    Object.entries(query ?? {}).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, Array.isArray(value) ? value : String(value)]]
    )
  )

const openAnswer = <E>(response: Http.IncomingMessage, onError: (cause: unknown) => E): OpenAnswer<E> => ({
  status: response.statusCode ?? 0,
  body: NodeStream.fromReadable<E, Uint8Array>(() => response, onError),
  text: NodeStream.toString(() => response, { onFailure: onError })
})

const withDeadline = <A, E, E1, R>(
  effect: Effect.Effect<A, E, R>,
  loss: Failure.Loss<E1>,
  request: Request,
  standard: Duration.Duration
): Effect.Effect<A, E | E1, R> => {
  if (request.deadline === "none") return effect
  const duration = request.deadline === undefined ? standard : Duration.decode(request.deadline)
  return timeoutFail({ duration, onTimeout: () => loss.late(request, duration) })(effect)
}
