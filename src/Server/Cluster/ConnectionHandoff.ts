/**
 * Connections on their way from the primary to a worker. Node's primary forgets one that it has handed to a worker which
 * dies before it takes it: the connection stays open in the primary, and its caller waits for ever. Here they are closed.
 */
import type { Worker } from "node:cluster"

/** Follows the connections that are handed to workers. */
export interface Handover {
  /** To be called before the worker is handed any. */
  readonly follow: (worker: Worker) => void
  /** Closes what was on its way to a worker that ended. */
  readonly drop: (worker: Worker) => void
}

export const make = (): Handover => {
  const onTheirWay = new Map<Connection, Worker>()
  return {
    follow: (worker) => {
      const { process } = worker
      const send: (...message: Parameters<typeof process.send>) => boolean = process.send.bind(process)
      Object.assign(process, {
        send: (...message: Parameters<typeof process.send>): boolean => {
          const connection: unknown = message[1]
          if (isConnection(connection)) {
            if (!onTheirWay.has(connection)) onClose(connection, () => onTheirWay.delete(connection))
            onTheirWay.set(connection, worker)
          }
          return send(...message)
        }
      })
    },
    drop: (worker) => {
      for (const [connection, to] of onTheirWay) if (to === worker) connection.close()
    }
  }
}

// internal

/** The handle of a connection, which the primary closes when a worker took it. */
interface Connection {
  close: (...rest: ReadonlyArray<unknown>) => void
}

const isConnection = (value: unknown): value is Connection =>
  typeof value === "object" && value !== null && "close" in value && typeof value.close === "function"

const onClose = (connection: Connection, then: () => void): void => {
  const close = connection.close.bind(connection)
  connection.close = (...rest) => {
    then()
    close(...rest)
  }
}
