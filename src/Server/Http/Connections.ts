/** The open connections of a server, and the response that each of them waits for. */
import type * as Http from "node:http"
import type { Server, Socket } from "node:net"

/** The response a socket answers with. Kept at the socket: a weak map costs every request more. */
export const answering: unique symbol = Symbol.for("effect-deployers/Server/NodeServer/answering")

export interface Connection extends Socket {
  [answering]?: Http.ServerResponse | undefined
}

export interface Connections {
  /** Keeps a connection. */
  readonly add: (connection: Connection) => void
  /** Keeps the connections of a server from now on. */
  readonly follow: <S extends Server>(server: S) => S
  /** Makes each answer that is in progress the last one of its connection. */
  readonly retire: () => void
  /** Calls back as soon as no connection is open. */
  readonly whenNone: (then: () => void) => void
}

export const make = (): Connections => {
  const open = new Set<Connection>()
  const waiting: Array<() => void> = []
  const closed = (connection: Connection) => {
    open.delete(connection)
    if (open.size === 0) for (const then of waiting.splice(0)) then()
  }
  const add = (connection: Connection): void => {
    open.add(connection)
    connection.once("close", () => closed(connection))
  }
  return {
    add,
    follow: (server) => {
      server.on("connection", add)
      return server
    },
    retire: () => {
      for (const connection of open) {
        const response = connection[answering]
        if (response?.headersSent === false) response.shouldKeepAlive = false
      }
    },
    whenNone: (then) => {
      if (open.size === 0) then()
      else waiting.push(then)
    }
  }
}
