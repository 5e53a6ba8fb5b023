/**
 * Closes connections that a worker died before it accepted. Node's primary forgets such a connection: it stays open in the
 * primary and its caller waits for ever.
 */
import type { Worker } from "node:cluster"

/** Tracks the connections between the primary and its workers. */
export interface ConnectionHandoff {
  /** Tracks a worker. It must be called before the worker receives a connection. */
  readonly follow: (worker: Worker) => void
  /** Closes the connections that an ended worker has not accepted. */
  readonly drop: (worker: Worker) => void
}

export const make = (): ConnectionHandoff => {
  const inTransit = new Map<Connection, Worker>()
  return {
    follow: (worker) => {
      const { process } = worker
      const send: (...message: Parameters<typeof process.send>) => boolean = process.send.bind(process)
      Object.assign(process, {
        send: (...message: Parameters<typeof process.send>): boolean => {
          const connection: unknown = message[1]
          if (isConnection(connection)) {
            if (!inTransit.has(connection)) onClose(connection, () => inTransit.delete(connection))
            inTransit.set(connection, worker)
          }
          return send(...message)
        }
      })
    },
    drop: (worker) => {
      for (const [connection, to] of inTransit) if (to === worker) connection.close()
    }
  }
}

// internal

/** The handle of a connection. The primary closes it when a worker has accepted it. */
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
