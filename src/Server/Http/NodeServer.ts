/** Node's HTTP server with the limits of a service that strangers can reach. Only this module uses sockets. */
import * as Http from "node:http"
import * as Net from "node:net"
import type { Duplex } from "node:stream"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { InvalidRequest } from "../../Contract/Errors.js"
import type { CallerKey } from "../../Contract/Keys.js"
import type { Serving } from "../../Settings/Serving.js"
import type { LivenessThread } from "../Liveness/LivenessThread.js"
import type { Door } from "../Liveness/Messages.js"
import { RelayedConnection } from "../Liveness/RelayedConnection.js"
import * as StandIn from "../Liveness/StandIn.js"
import * as ByteSource from "../Run/Artifacts/ByteSource.js"
import * as Answer from "../Run/Response.js"
import * as Compression from "./Compression.js"
import * as Connections from "./Connections.js"
import * as Relayed from "./Relayed.js"
import * as RequestId from "./RequestId.js"
import * as ResponseHeaders from "./ResponseHeaders.js"
import * as Slices from "./Slices.js"
import * as Upgrade from "./Upgrade.js"

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
    if (this.host.startsWith("/")) {
      return `Cannot listen on the socket ${this.host} of the deployment's door (${this.code}); give this program the folder of that door, writable for its user, or leave "door" out of its manifest.`
    }
    return this.code === "EADDRINUSE"
      ? `Port ${this.port} on ${this.host} is taken; free it, choose another, or let the system choose.`
      : `Cannot listen on ${this.host}:${this.port} (${this.code}); check the host and whether the port is allowed.`
  }
}

/** Handles one request. `caller` is its key, if the guard has recognised one. */
export type Handler = (request: Http.IncomingMessage, response: Http.ServerResponse, caller?: CallerKey) => void

/** A server that listens. */
export interface NodeServer {
  readonly host: string
  readonly port: number
  /** Makes each answer that is in progress the last one of its connection. */
  readonly retire: Effect.Effect<void>
  /**
   * Accepts the connections of a listening socket that this process inherited, or those relayed to a path, too. A thread
   * stands in only at an inherited socket, while its door leads here.
   */
  readonly accept: (socket: number | string, door?: Door) => Effect.Effect<void, ListenFailed>
  /** Serves a connection of such a socket or path that another process has accepted. */
  readonly take: (connection: Net.Socket, socket: number | string) => void
  /** Stops accepting at these sockets, and retires. */
  readonly leave: Effect.Effect<void>
  /** Waits until no connection of these sockets is open. */
  readonly left: Effect.Effect<void>
  /** Lets a thread accept at all sockets while the event loop is blocked, from now on. */
  readonly standIn: (thread: LivenessThread) => Effect.Effect<void>
  /**
   * Stops accepting, closes every connection when it is idle, and ends with the last one. Interrupting it closes all
   * connections.
   */
  readonly close: Effect.Effect<void>
}

/** The limits of a client. */
export interface Limits {
  readonly maxHeaderBytes: number
  readonly headersTimeoutMillis: number
  readonly receiveTimeoutMillis: number
  readonly keepAliveTimeoutMillis: number
  readonly checkIntervalMillis: number
  readonly maxRequestsPerConnection?: number | undefined
}

export const defaultLimits: Limits = {
  maxHeaderBytes: 16_384,
  headersTimeoutMillis: 10_000,
  receiveTimeoutMillis: 30_000,
  keepAliveTimeoutMillis: 75_000,
  checkIntervalMillis: 1_000
}

/**
 * The longest idle time of a connection that the header `Keep-Alive` names, in milliseconds. The server waits longer. A
 * caller that heeds the header leaves a connection before a replaced version closes it, so no request of it is reset.
 */
export const announcedIdleMillis = 3_000

/** The limits under given settings. */
export const limitsOf = (serving: Serving): Limits => ({
  ...defaultLimits,
  headersTimeoutMillis: serving.headersTimeoutMillis,
  receiveTimeoutMillis: serving.receiveTimeoutMillis,
  keepAliveTimeoutMillis: serving.keepAliveTimeoutMillis,
  maxRequestsPerConnection: serving.maxRequestsPerConnection
})

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
    const connections = Connections.make()
    const standIn = StandIn.make()
    const server = yield* Effect.acquireRelease(
      Effect.sync(() => connections.follow(create(handler, limits, standIn))),
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
    yield* standIn.watch(server)
    const doors = new Set<Net.Server>()
    const atDoors = Connections.make()
    // A second caller would otherwise miss the connections that the thread still passes on.
    const leaveDoors = Effect.uninterruptible(
      Effect.suspend(() => {
        const left = [...doors]
        doors.clear()
        return Effect.zipRight(standIn.leave(left), stopAccepting(left))
      })
    )
    yield* Effect.addFinalizer(() => leaveDoors)
    const serve = (connection: Net.Socket) => server.emit("connection", connection)
    return {
      host: address.host,
      port: bound.port,
      retire: Effect.sync(connections.retire),
      accept: (socket, door) =>
        Effect.flatMap(openDoor(socket, atDoors.follow(doorServer(socket, serve))), (atDoor) => {
          doors.add(atDoor)
          return typeof socket === "number" ? standIn.watch(atDoor, door) : Effect.void
        }),
      take: (connection, socket) => {
        connection.allowHalfOpen = true
        connection.setNoDelay(true)
        atDoors.add(connection)
        if (typeof socket === "string") Relayed.take(connection, serve)
        else serve(connection)
      },
      leave: Effect.zipRight(leaveDoors, Effect.sync(connections.retire)),
      left: Effect.async<void>((resume) => atDoors.whenNone(() => resume(Effect.void))),
      standIn: standIn.start,
      close: Effect.all([leaveDoors, standIn.leave([server]), close(server, connections)], { discard: true })
    }
  })

/** Listens at an inherited socket, or at a path to which a door relays connections. */
export const openDoor = (socket: number | string, door: Net.Server): Effect.Effect<Net.Server, ListenFailed> =>
  Effect.async((resume) => {
    const isPath = typeof socket === "string"
    const [host, port] = isPath ? [socket, 0] : ["an inherited socket", socket]
    door.once("error", (error: NodeJS.ErrnoException) =>
      resume(new ListenFailed({ host, port, code: error.code ?? "unknown" }))
    )
    door.listen({ ...(isPath ? { path: socket } : { fd: socket }), backlog }, () => resume(Effect.succeed(door)))
  })

/** Writes an answer. */
export const send = (request: Http.IncomingMessage, response: Http.ServerResponse, answer: Answer.Response): void =>
  answer.content === undefined
    ? write(request, response, answer, answer.body, [])
    : sendContent(request, response, answer)

/** Writes an answer, compressed if that is worth it and the caller accepts it. */
export const sendCompressed = (
  request: Http.IncomingMessage,
  response: Http.ServerResponse,
  answer: Answer.Response
): void => {
  if (answer.content !== undefined) return void sendContent(request, response, answer)
  const isShort = answer.body.length < Compression.leastBytes
  const encoding = isShort ? undefined : Compression.encodingFor(request.headers["accept-encoding"])
  if (encoding === undefined) write(request, response, answer, answer.body, isShort ? [] : varied)
  else {
    Compression.compress(answer.body, encoding, (bytes) => {
      if (!response.destroyed) write(request, response, answer, bytes, [...varied, "content-encoding", encoding])
    })
  }
}

/** Sets the headers of every answer and the id of the request on a response that something else writes. */
export const secure = (response: Http.ServerResponse): void => {
  for (const [name, value] of ResponseHeaders.of(response).headers) response.setHeader(name, value)
  response.setHeader(RequestId.header, RequestId.of(response.req, response.req.headers))
}

// internal

/** The number of requests of a socket, where it is limited. */
const requests: unique symbol = Symbol.for("effect-deployers/Server/NodeServer/requests")

/** True for a request that asks for an upgrade. */
const asksUpgrade: unique symbol = Symbol.for("effect-deployers/Server/NodeServer/asksUpgrade")

/**
 * A request that is an upgrade for Node only if it asks for a WebSocket. Node would take the connection of every other one from
 * HTTP, too, with the body of the request: some clients offer HTTP/2 with each request.
 */
class Request extends Http.IncomingMessage {
  declare [asksUpgrade]?: boolean

  get upgrade(): boolean {
    return this.method === "CONNECT" || (this[asksUpgrade] === true && Upgrade.isAsked(this))
  }
  /** Most requests ask for none, and are left as they are. */
  set upgrade(is: boolean | null) {
    if (is === true) this[asksUpgrade] = true
  }
}

interface Answering extends Connections.Connection {
  [requests]?: number
}

/**
 * A response that its socket knows only while it answers: one kept until the next request comes, with its run and all,
 * would outlive the young generation.
 */
class Response<Request extends Http.IncomingMessage = Http.IncomingMessage> extends Http.ServerResponse<Request> {
  /** Node's time limit of an idle connection, in milliseconds, as the header `Keep-Alive` names it. */
  declare _keepAliveTimeout: number

  override assignSocket(socket: Answering): void {
    super.assignSocket(socket)
    this._keepAliveTimeout = Math.min(this._keepAliveTimeout, announcedIdleMillis)
    socket[Connections.answering] = this
  }
  override detachSocket(socket: Answering): void {
    super.detachSocket(socket)
    socket[Connections.answering] = undefined
  }
}

/** Writes the bytes of an answer, or its JSON if its caller accepts nothing else. */
const sendContent = (request: Http.IncomingMessage, response: Http.ServerResponse, answer: Answer.Response): void => {
  const { content } = Answer.negotiated(answer, request.headers.accept)
  if (content === undefined) return void write(request, response, answer, answer.body, variedByType)
  const { headers, source } = content
  const described = { ...answer, headers: { ...answer.headers, ...headers } }
  if (source._tag === "Memory") return void write(request, response, described, source.bytes, variedByType)
  writeHead(request, response, described, source.size, variedByType)
  Slices.pipe(response, ByteSource.streamOf(source))
}

const variedByType = ["vary", "accept"]

const varied = ["vary", "accept-encoding"]

const write = (
  request: Http.IncomingMessage,
  response: Http.ServerResponse,
  answer: Answer.Response,
  body: string | Uint8Array,
  more: ReadonlyArray<string>
): void => {
  writeHead(request, response, answer, Buffer.byteLength(body), more)
  if (request.method === "HEAD") response.end()
  else if (body.length <= Slices.length) response.end(body)
  else Slices.write(response, body)
}

const writeHead = (
  request: Http.IncomingMessage,
  response: Http.ServerResponse,
  answer: Answer.Response,
  bytes: number,
  more: ReadonlyArray<string>
): void => {
  const { flat, json } = ResponseHeaders.of(response)
  const headers = answer.headers === Answer.json ? json.slice() : flat.concat(Object.entries(answer.headers).flat())
  headers.push(RequestId.header, RequestId.of(request, request.headers))
  if (answer.status !== 204) headers.push("content-length", String(bytes))
  if (more.length > 0) headers.push(...more)
  if (answer.timing !== undefined) headers.push("server-timing", answer.timing)
  if (hasUnreadBody(request)) headers.push("connection", "close")
  response.writeHead(answer.status, headers)
}

const create = (handler: Handler, limits: Limits, { note }: StandIn.StandIn): Http.Server => {
  const server = Http.createServer({
    maxHeaderSize: limits.maxHeaderBytes,
    headersTimeout: Math.min(limits.headersTimeoutMillis, limits.receiveTimeoutMillis),
    requestTimeout: limits.receiveTimeoutMillis,
    keepAliveTimeout: limits.keepAliveTimeoutMillis,
    connectionsCheckingInterval: limits.checkIntervalMillis,
    insecureHTTPParser: false,
    IncomingMessage: Request,
    ServerResponse: Response,
    requireHostHeader: true,
    noDelay: true
  })
  server.on("request", closingAfter(limits.maxRequestsPerConnection, handler, note))
  server.on("upgrade", upgrading(handler, note))
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Answering) =>
    refuseSocket(error.code ?? "", socket, socket[Connections.answering])
  )
  return server
}

/**
 * Closes a connection after its last answer. Node's own limit leaves that to the client, and answers one that sends further
 * requests with 503 for ever. A relayed connection has one answer: the next one needs no relay.
 */
const closingAfter =
  (max: number | undefined, handler: Handler, note: () => void): Handler =>
  (request, response) => {
    note()
    const socket: Answering | RelayedConnection = request.socket
    if (socket instanceof RelayedConnection) response.shouldKeepAlive = false
    else if (max !== undefined) {
      const count = (socket[requests] ?? 0) + 1
      socket[requests] = count
      if (count >= max) response.shouldKeepAlive = false
    }
    handler(request, response)
  }

/** Of a burst of connections that Node's 511 cannot hold, the rest would try again after a second. The system may cap it. */
const backlog = 4_096

/**
 * Handles a request that asks for a WebSocket like any other. Node has given up its connection, so the response is its last
 * one, unless a handler takes the connection.
 */
const upgrading =
  (handler: Handler, note: () => void) =>
  (request: Http.IncomingMessage, socket: Duplex, head: Buffer): void => {
    note()
    const response = new Response(request)
    const end = () => socket.end()
    response.shouldKeepAlive = false
    response.assignSocket(request.socket)
    response.once("finish", end)
    socket.on("error", () => socket.destroy())
    const take = () => {
      response.off("finish", end)
      response.detachSocket(request.socket)
      response.end()
    }
    Upgrade.hold({ request, socket, head, take })
    handler(request, response)
  }

const bind = (server: Http.Server, host: string, port: number): Effect.Effect<Net.AddressInfo, ListenFailed> =>
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

const close = (server: Http.Server, { whenNone }: Connections.Connections): Effect.Effect<void> => {
  const closed = Effect.async<void>((resume) => {
    server.close()
    whenNone(() => resume(Effect.void))
  })
  const closeIdle = Effect.sync(() => server.closeIdleConnections())
  return Effect.raceFirst(closed, Effect.asVoid(Effect.repeat(closeIdle, Schedule.spaced("50 millis")))).pipe(
    Effect.onInterrupt(() => Effect.sync(() => server.closeAllConnections()))
  )
}

/** A server of the connections of an inherited socket, or of those that a door relays to a path. */
const doorServer = (socket: number | string, serve: (connection: Net.Socket) => void): Net.Server =>
  Net.createServer({ allowHalfOpen: true, noDelay: true }).on(
    "connection",
    typeof socket === "string" ? (connection) => Relayed.take(connection, serve) : serve
  )

const stopAccepting = (doors: ReadonlyArray<Net.Server>): Effect.Effect<void> =>
  Effect.sync(() => {
    for (const door of doors) door.close()
  })

const hasUnreadBody = (request: Http.IncomingMessage): boolean => !request.complete && isLong(request)

const isLong = (request: Http.IncomingMessage): boolean =>
  request.headers["transfer-encoding"] !== undefined || Number(request.headers["content-length"] ?? 0) > 65_536

const refusals: Readonly<Record<string, readonly [status: number, phrase: string, message: string]>> = {
  HPE_HEADER_OVERFLOW: [431, "Request Header Fields Too Large", "The request's headers are too large."],
  ERR_HTTP_REQUEST_TIMEOUT: [408, "Request Timeout", "The request did not arrive in time."]
}

/** Node closes the connection afterwards; an answer that is half sent is cut off instead of being mixed with this one. */
const refuseSocket = (code: string, socket: Net.Socket, response: Http.ServerResponse | undefined): void => {
  const isAnswering = response?.headersSent === true && !response.writableFinished
  if (code === "ECONNRESET" || !socket.writable || isAnswering) return void socket.destroy()
  const [status, phrase, message] = refusals[code] ?? [400, "Bad Request", "The request is not valid HTTP."]
  const { body } = Answer.ofError(new InvalidRequest({ message, issues: [] }))
  const headers = [
    ...ResponseHeaders.usual,
    ["Content-Type", "application/json; charset=utf-8"],
    ["Content-Length", String(Buffer.byteLength(body))],
    ["Connection", "close"]
  ].map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(`HTTP/1.1 ${status} ${phrase}\r\n${headers.join("")}\r\n${body}`, () => socket.destroy())
}
