/** Accepts the connections of a duplicate of a listening socket. */
import * as Net from "node:net"
import type { Handle } from "./duplicates.js"

export interface Listener {
  readonly close: () => void
}

/** Accepts at a handle, which is closed with the listener. */
export const at = (handle: Handle, take: (connection: Net.Socket) => void): Listener =>
  isOfPath(handle) ? atPath(handle, take) : atPort(handle, take)

// internal

/** The length of the queue of connections, which belongs to the socket: the service sets the same. */
const backlog = 4_096

const options = { allowHalfOpen: true, noDelay: true }

const atPort = (handle: Handle, take: (connection: Net.Socket) => void): Listener =>
  Net.createServer(options, take)
    .on("error", () => {})
    .listen(handle, backlog)

/** The handle of a Unix socket, as Node has it inside. */
interface PathHandle extends Handle {
  onconnection: (error: number, connection: Handle | undefined) => void
  readonly listen: (backlog: number) => number
}

const isOfPath = (handle: Handle): handle is PathHandle => handle.constructor.name === "Pipe" && "listen" in handle

/** `listen` of Node takes only handles of ports: it opens the number of another one again, and closes it twice later. */
const atPath = (handle: PathHandle, take: (connection: Net.Socket) => void): Listener => {
  handle.onconnection = (_, connection) => {
    if (connection !== undefined) take(new Net.Socket({ ...options, ...{ handle: connection } }))
  }
  handle.listen(backlog)
  return handle
}
