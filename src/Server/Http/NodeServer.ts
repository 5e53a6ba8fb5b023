/** Node's HTTP server with the limits of a service that strangers can reach. Only this module uses sockets. */
import * as Http from "node:http"
import type { AddressInfo, Socket } from "node:net"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { InvalidRequest } from "../../Contract/Errors.js"
import * as Answer from "../Run/Response.js"

/**
 * The address could not be listened on.
 *
 * @category errors
 * @since 0.1.0
 */
export class ListenFailed extends Schema.TaggedError<ListenFailed>()("ListenFailed", {
  host: Schema.String,
  port: Schema.Int,
  code: Schema.String
}) {
  override get message(): string {
    return this.code === "EADDRINUSE"
      ? `Port ${this.port} on ${this.host} is taken; free it, choose another, or let the system choose.`
      : `Cannot listen on ${this.host}:${this.port} (${this.code}); check the host and whether the port is allowed.`
  }
}

/** Handles one request. */
export type Handler = (request: Http.IncomingMessage, response: Http.ServerResponse) => void

/** A server that listens. */
export interface NodeServer {
  readonly host: string
  readonly port: number
  /**
   * Stops accepting, closes every connection when it is idle, and ends with the last one. Interrupting it closes all
   * connections.
   */
  readonly close: Effect.Effect<void>
}

/** Headers on every answer. */
export const securityHeaders: ReadonlyArray<readonly [string, string]> = [
  ["Cache-Control", "no-store"],
  ["Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"],
  ["X-Content-Type-Options", "nosniff"],
  ["Referrer-Policy", "no-referrer"]
]

/** The limits of a client. */
export interface Limits {
  readonly maxHeaderBytes: number
  readonly headersTimeoutMillis: number
  readonly requestTimeoutMillis: number
  readonly keepAliveTimeoutMillis: number
  readonly checkIntervalMillis: number
  readonly maxRequestsPerSocket: number
}

export const defaultLimits: Limits = {
  maxHeaderBytes: 16_384,
  headersTimeoutMillis: 10_000,
  requestTimeoutMillis: 30_000,
  keepAliveTimeoutMillis: 5_000,
  checkIntervalMillis: 1_000,
  maxRequestsPerSocket: 1_000
}

/**
 * The address of a server.
 *
 * @category models
 * @since 0.1.0
 */
export interface Address {
  readonly host: string
  /** Default a port that the system chooses. */
  readonly port?: number | undefined
  /** Lets the system choose another port when this one is taken. */
  readonly fallback: boolean
  /** The wait for a port that is taken, in milliseconds; default 0. */
  readonly standbyMillis?: number | undefined
}

/** Listens until the scope closes. The address decides about a port that is taken. */
export const listen = (
  handler: Handler,
  address: Address,
  limits: Limits = defaultLimits
): Effect.Effect<NodeServer, ListenFailed, Scope.Scope> =>
  Effect.gen(function* () {
    const server = yield* Effect.acquireRelease(
      Effect.sync(() => create(handler, limits)),
      (server) =>
        Effect.sync(() => {
          server.close()
          server.closeAllConnections()
        })
    )
    const wanted = Effect.retry(bind(server, address.host, address.port ?? 0), {
      while: ({ code }) => code === "EADDRINUSE",
      schedule: Schedule.upTo(Schedule.spaced("2 millis"), address.standbyMillis ?? 0)
    })
    const bound = yield* Effect.catchIf(
      wanted,
      (error) => address.fallback && error.code === "EADDRINUSE",
      () => bind(server, address.host, 0)
    )
    return { host: address.host, port: bound.port, close: close(server) }
  })

/** Writes an answer. */
export const send = (request: Http.IncomingMessage, response: Http.ServerResponse, answer: Answer.Response): void => {
  const fixed = answer.headers === Answer.json ? jsonLines : securityLines.concat(Object.entries(answer.headers).flat())
  const length = answer.status === 204 ? [] : ["content-length", String(Buffer.byteLength(answer.body))]
  const headers = fixed.concat(length)
  if (hasUnreadBody(request)) headers.push("connection", "close")
  response.writeHead(answer.status, headers)
  response.end(request.method === "HEAD" ? undefined : answer.body)
}

/** Sets {@link securityHeaders} on a response that something else writes. */
export const secure = (response: Http.ServerResponse): void => {
  for (const [name, value] of securityHeaders) response.setHeader(name, value)
}

// internal

/** The response a socket answers with. Kept at the socket: a weak map costs every request more. */
const answering: unique symbol = Symbol.for("effect-deployers/Server/NodeServer/answering")

interface Answering extends Socket {
  [answering]?: Http.ServerResponse | undefined
}

/**
 * A response that its socket knows only while it answers: one kept until the next request comes, with its run and all,
 * would outlive the young generation.
 */
class Response extends Http.ServerResponse {
  override assignSocket(socket: Answering): void {
    super.assignSocket(socket)
    socket[answering] = this
  }
  override detachSocket(socket: Answering): void {
    super.detachSocket(socket)
    socket[answering] = undefined
  }
}

/** Names and values in turn, as Node takes them fastest. */
const securityLines = securityHeaders.flat()
const jsonLines = securityLines.concat(Object.entries(Answer.json).flat())

const create = (handler: Handler, limits: Limits): Http.Server => {
  const server = Http.createServer({
    maxHeaderSize: limits.maxHeaderBytes,
    headersTimeout: limits.headersTimeoutMillis,
    requestTimeout: limits.requestTimeoutMillis,
    keepAliveTimeout: limits.keepAliveTimeoutMillis,
    connectionsCheckingInterval: limits.checkIntervalMillis,
    insecureHTTPParser: false,
    ServerResponse: Response,
    requireHostHeader: true,
    noDelay: true
  })
  server.maxRequestsPerSocket = limits.maxRequestsPerSocket
  server.on("request", handler)
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Answering) =>
    refuseSocket(error.code ?? "", socket, socket[answering])
  )
  return server
}

/** Of a burst of connections that Node's 511 cannot hold, the rest would try again after a second. The system may cap it. */
const backlog = 4_096

const bind = (server: Http.Server, host: string, port: number): Effect.Effect<AddressInfo, ListenFailed> =>
  Effect.async((resume) => {
    const fail = (code: string) => resume(new ListenFailed({ host, port, code }))
    const onError = (error: NodeJS.ErrnoException) => {
      server.off("listening", onListening)
      fail(error.code ?? "unknown")
    }
    const onListening = () => {
      server.off("error", onError)
      const address = server.address()
      if (address === null || typeof address === "string") fail("not a TCP address")
      else resume(Effect.succeed(address))
    }
    server.once("error", onError)
    server.once("listening", onListening)
    server.listen({ host, port, backlog })
  })

const close = (server: Http.Server): Effect.Effect<void> => {
  const closed = Effect.async<void>((resume) => {
    if (!server.listening) return resume(Effect.void)
    server.close(() => resume(Effect.void))
  })
  const closeIdle = Effect.sync(() => server.closeIdleConnections())
  return Effect.raceFirst(closed, Effect.asVoid(Effect.repeat(closeIdle, Schedule.spaced("50 millis")))).pipe(
    Effect.onInterrupt(() => Effect.sync(() => server.closeAllConnections()))
  )
}

const hasUnreadBody = (request: Http.IncomingMessage): boolean => !request.complete && isLong(request)

const isLong = (request: Http.IncomingMessage): boolean =>
  request.headers["transfer-encoding"] !== undefined || Number(request.headers["content-length"] ?? 0) > 65_536

const refusals: Readonly<Record<string, readonly [status: number, phrase: string, message: string]>> = {
  HPE_HEADER_OVERFLOW: [431, "Request Header Fields Too Large", "The request's headers are too large."],
  ERR_HTTP_REQUEST_TIMEOUT: [408, "Request Timeout", "The request did not arrive in time."]
}

/** Node closes the connection afterwards; an answer that is half sent is cut off instead of being mixed with this one. */
const refuseSocket = (code: string, socket: Socket, response: Http.ServerResponse | undefined): void => {
  const isAnswering = response?.headersSent === true && !response.writableFinished
  if (code === "ECONNRESET" || !socket.writable || isAnswering) return void socket.destroy()
  const [status, phrase, message] = refusals[code] ?? [400, "Bad Request", "The request is not valid HTTP."]
  const { body } = Answer.ofError(new InvalidRequest({ message, issues: [] }))
  const headers = [
    ...securityHeaders,
    ["Content-Type", "application/json; charset=utf-8"],
    ["Content-Length", String(Buffer.byteLength(body))],
    ["Connection", "close"]
  ].map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(`HTTP/1.1 ${status} ${phrase}\r\n${headers.join("")}\r\n${body}`, () => socket.destroy())
}
