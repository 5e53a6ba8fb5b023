/**
 * The connections of a door that this process accepts for its workers. Each goes to a worker that has taken all it got
 * before, so a worker that computes holds up one at most.
 *
 * Node's own way of sharing a socket among processes closes it when the last of them leaves, together with the connections
 * that no process has taken yet. Here the socket is left first, and then the workers get every connection.
 */
import type { Socket } from "node:net"

/** A worker that takes connections. */
export interface Taker {
  /** Gives the worker a connection; false if the worker cannot be reached any more. */
  readonly give: (connection: Socket) => boolean
}

export interface DoorConnections {
  readonly add: (worker: Taker) => void
  /** Notes that a worker has taken the connection that it got. */
  readonly taken: (worker: Taker) => void
  readonly remove: (worker: Taker) => void
  /** Gives a connection to a worker, at once or as soon as one is free. */
  readonly offer: (connection: Socket) => void
  /** Gives every connection that waits to a worker, free or not. */
  readonly handOver: () => void
}

export const make = (): DoorConnections => {
  const workers = new Set<Taker>()
  const free = new Set<Taker>()
  const waiting = new Set<Socket>()

  /** Gives the connections that wait to workers of a set, in turn, until there are no more of either. */
  const giveTo = (takers: Set<Taker>): void => {
    for (const connection of waiting) {
      for (const worker of takers) {
        takers.delete(worker)
        free.delete(worker)
        if (!worker.give(connection)) continue
        waiting.delete(connection)
        break
      }
      if (takers.size === 0) return
    }
  }
  const becomesFree = (worker: Taker): void => {
    free.add(worker)
    giveTo(free)
  }
  return {
    add: (worker) => {
      workers.add(worker)
      becomesFree(worker)
    },
    taken: (worker) => {
      if (workers.has(worker)) becomesFree(worker)
    },
    remove: (worker) => {
      workers.delete(worker)
      free.delete(worker)
    },
    offer: (connection) => {
      waiting.add(connection)
      connection.once("close", () => waiting.delete(connection))
      giveTo(free)
    },
    handOver: () => {
      for (let before = Infinity; waiting.size > 0 && waiting.size < before; ) {
        before = waiting.size
        giveTo(new Set(workers))
      }
    }
  }
}
