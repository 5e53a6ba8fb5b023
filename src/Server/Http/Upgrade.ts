/**
 * Connections that a request asks to turn into WebSockets. A server of this library holds the connection of such a request
 * until its response; a server of the platform offers to upgrade it.
 */
import { IncomingMessage } from "node:http"
import type { Duplex } from "node:stream"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as Effect from "effect/Effect"

/** A connection that can become a WebSocket. */
export interface Upgradable {
  readonly request: IncomingMessage
  readonly socket: Duplex
  /** The bytes that came after the request. */
  readonly head: Buffer
  /** Takes the connection from HTTP: no response is sent any more. */
  readonly take: () => void
}

/**
 * True for a request that asks for a WebSocket. Other upgrades, such as HTTP/2, which some clients offer with every request,
 * are ignored.
 */
export const isAsked = ({ headers, method }: Pick<IncomingMessage, "headers" | "method">): boolean =>
  method === "GET" && headers.upgrade?.toLowerCase() === "websocket"

/** Keeps the connection of a request for {@link of}. */
export const hold = (connection: Upgradable): void => {
  held.set(connection.request, connection)
}

/** The connection of a request, if it asks for a WebSocket and can become one. */
export const of = (request: HttpServerRequest.HttpServerRequest): Effect.Effect<Upgradable | undefined> => {
  const { source } = request
  if (!(source instanceof IncomingMessage) || !isAsked(source)) return Effect.succeed(undefined)
  const known = held.get(source)
  if (known !== undefined) return Effect.succeed(known)
  // The platform keeps the bytes after the request to itself; a client sends none before the response.
  const ofPlatform: Upgradable = { request: source, socket: source.socket, head: Buffer.alloc(0), take: () => {} }
  return Effect.match(request.upgrade, { onFailure: () => undefined, onSuccess: () => ofPlatform })
}

// internal

const held = new WeakMap<IncomingMessage, Upgradable>()
