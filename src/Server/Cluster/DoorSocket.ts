/** The socket of a door, at which the primary accepts for its workers. */
import * as Net from "node:net"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as NodeServer from "../Http/NodeServer.js"
import type { Steered } from "../Process/Door.js"
import type { DoorConnections } from "./DoorConnections.js"

/** Steers the primary of a service. `tellWorkers` has the workers make every answer the last one of its connection. */
export const make = (
  { handOver, offer }: DoorConnections,
  tellWorkers: Effect.Effect<void>
): Effect.Effect<Steered, never, Scope.Scope> =>
  Effect.gen(function* () {
    const servers = new Set<Net.Server>()
    const close = Effect.sync(() => {
      for (const server of servers) server.close()
      servers.clear()
    })
    yield* Effect.addFinalizer(() => close)
    return {
      accept: (socket) => Effect.map(NodeServer.openDoor(socket, offerTo(offer)), (server) => void servers.add(server)),
      leave: Effect.all([close, Effect.sync(handOver), tellWorkers], { discard: true })
    }
  })

// internal

/** The worker reads the connection. */
const offerTo = (offer: DoorConnections["offer"]): Net.Server => {
  const server = Net.createServer({ pauseOnConnect: true, allowHalfOpen: true })
  return server.on("connection", (connection) => {
    connection.on("error", () => connection.destroy())
    offer(connection)
  })
}
