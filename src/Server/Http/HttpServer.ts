/** Node's HTTP server with the limits of a service that strangers can reach. */
import * as Http from "node:http"
import type * as Net from "node:net"
import type { Duplex } from "node:stream"
import { InvalidRequest } from "../../Contract/Errors.js"
import type { CallerKey } from "../../Contract/Keys.js"
import type { Serving } from "../../Settings/Serving.js"
import { RelayedConnection } from "../Liveness/RelayedConnection.js"
import * as Answer from "../Run/Response.js"
import * as Connections from "./Connections.js"
import * as ResponseHeaders from "./ResponseHeaders.js"
import * as Upgrade from "./Upgrade.js"

/** Handles one request. `caller` is its key, if the guard has recognised one. */
export type Handler = (request: Http.IncomingMessage, response: Http.ServerResponse, caller?: CallerKey) => void

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
 * Makes a server that listens nowhere yet.
 *
 * @param note - called at each request, before its handler
 */
export const make = (handler: Handler, limits: Limits, note: () => void): Http.Server => {
  const server = Http.createServer({
    maxHeaderSize: limits.maxHeaderBytes,
    headersTimeout: Math.min(limits.headersTimeoutMillis, limits.receiveTimeoutMillis),
    requestTimeout: limits.receiveTimeoutMillis,
    keepAliveTimeout: limits.keepAliveTimeoutMillis,
    connectionsCheckingInterval: limits.checkIntervalMillis,
    insecureHTTPParser: false,
    IncomingMessage: Request,
    ServerResponse: Response,
    // Node would answer without a body.
    requireHostHeader: false,
    noDelay: true
  })
  server.on("request", closingAfter(limits.maxRequestsPerConnection, handler, note))
  server.on("checkExpectation", unexpected)
  server.on("upgrade", upgrading(handler, note))
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Answering) =>
    refuseSocket(error.code ?? "", socket, socket[Connections.answering])
  )
  return server
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
    if (request.headers.host === undefined && request.httpVersionMinor === 1) refuse(response, 400, withoutHost)
    else handler(request, response)
  }

const withoutHost = 'The header "Host" is missing.'

/** Only `100-continue` is an expectation that servers know. */
const unexpected = (_: Http.IncomingMessage, response: Http.ServerResponse): void =>
  refuse(response, 417, 'The service knows no expectation besides "100-continue"; leave out the header "Expect".')

/** Refuses a request that is not read further, so the answer is the last one of its connection. */
const refuse = (response: Http.ServerResponse, status: number, message: string): void => {
  const { body } = Answer.ofError(new InvalidRequest({ message, issues: [] }))
  response.shouldKeepAlive = false
  for (const [name, value] of ResponseHeaders.usual) response.setHeader(name, value)
  response.writeHead(status, {
    "Content-Type": "application/json; charset=utf-8",
    "Content-Length": Buffer.byteLength(body)
  })
  response.end(body)
}

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
