/** WebSockets of Node's connections. The platform's have neither the size of a message, nor pings, nor unread bytes. */
import * as Effect from "effect/Effect"
import type { WebSocketServer as Server, WebSocket } from "ws"
import type { NotFound } from "../../../Contract/Errors.js"
import * as RunSocket from "../../../Contract/RunSocket.js"
import * as PackedLibrary from "../PackedLibrary.js"
import type { Upgradable } from "../Upgrade.js"

/** An open WebSocket. */
export interface Peer {
  readonly isOpen: () => boolean
  /** Sends a message, if the connection is open. */
  readonly send: (text: string) => void
  readonly ping: () => void
  /** The bytes that were sent and that the client has not taken yet. */
  readonly unreadBytes: () => number
  /** Calls back once, when the client has taken everything or is gone, unless the returned function is called before. */
  readonly onDrained: (callBack: () => void) => () => void
  /** Stops reading, so that the client waits; or reads again. */
  readonly pause: () => void
  readonly resume: () => void
  /** Closes with a code of the contract. The client has half a minute for its part. */
  readonly close: (code: number, reason: string) => void
  /** Closes the connection without another word. */
  readonly terminate: () => void
}

/** The reactions to a client. */
export interface Listener {
  readonly onText: (bytes: Uint8Array) => void
  /** Called for each sign of life besides a message. */
  readonly onPong: () => void
  readonly onClose: () => void
}

/** Completes the handshake. Returns none if the client is gone, or if its handshake is not valid, which is answered. */
export type Accept = (connection: Upgradable, listener: Listener) => Peer | undefined

/** Accepts clients whose messages have at most a number of bytes. The library loads with the first of them. */
export const make = (maxMessageBytes: number): Effect.Effect<Accept, NotFound> => {
  let accept: Accept | undefined
  return Effect.map(library, ({ WebSocketServer }) => {
    accept ??= acceptor(WebSocketServer, maxMessageBytes)
    return accept
  })
}

// internal

const library = PackedLibrary.make<{ readonly WebSocketServer: typeof Server }>({
  url: () => new URL("./websocket.js.br", import.meta.url),
  path: "dist/Server/Http/RunSocket/websocket.js.br"
})

const acceptor = (WebSocketServer: typeof Server, maxMessageBytes: number): Accept => {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: maxMessageBytes,
    handleProtocols: (offered) => offered.has(RunSocket.protocol) && RunSocket.protocol
  })
  return ({ head, request, socket, take }, listener) => {
    let peer: Peer | undefined
    take()
    // It calls back at once: nothing verifies the client later.
    server.handleUpgrade(request, socket, head, (client) => {
      peer = peerOf(client, listener)
    })
    return peer
  }
}

const peerOf = (client: WebSocket, { onClose, onPong, onText }: Listener): Peer => {
  const waiting = new Set<() => void>()
  const drained = () => {
    for (const callBack of waiting) callBack()
    waiting.clear()
  }
  const sent = () => {
    if (client.bufferedAmount === 0) drained()
  }
  client.on("message", (data, isBinary) => {
    if (isBinary) client.close(RunSocket.closeCodes.binary, "Messages are text.")
    else onText(bytesOf(data))
  })
  client.on("pong", onPong)
  // The library closes the connection with the code of the error.
  client.on("error", () => {})
  client.on("close", () => {
    drained()
    onClose()
  })
  const isOpen = () => client.readyState === client.OPEN
  return {
    isOpen,
    send: (text) => {
      if (isOpen()) client.send(text, sent)
    },
    ping: () => {
      if (isOpen()) client.ping()
    },
    unreadBytes: () => client.bufferedAmount,
    onDrained: (callBack) => {
      waiting.add(callBack)
      return () => waiting.delete(callBack)
    },
    pause: () => client.pause(),
    resume: () => client.resume(),
    close: (code, reason) => client.close(code, reason),
    terminate: () => client.terminate()
  }
}

const bytesOf = (data: Buffer | ArrayBuffer | ReadonlyArray<Buffer>): Uint8Array =>
  data instanceof ArrayBuffer ? new Uint8Array(data) : Buffer.isBuffer(data) ? data : Buffer.concat(data)
