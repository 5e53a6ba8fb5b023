/** The liveness thread of a server, from the time at which there is one. */
import type * as Net from "node:net"
import * as Effect from "effect/Effect"
import type { LivenessThread } from "./LivenessThread.js"
import type { Door } from "./Messages.js"

export interface StandIn {
  /** Lets a thread accept in place of the servers that are watched, from now on. */
  readonly start: (thread: LivenessThread) => Effect.Effect<void>
  readonly watch: (server: Net.Server, door?: Door) => Effect.Effect<void>
  /** Notes a request. */
  readonly note: () => void
  /** Ends when the thread owns nothing of the sockets of servers. */
  readonly leave: (servers: ReadonlyArray<Net.Server>) => Effect.Effect<void>
}

export const make = (): StandIn => {
  const watched = new Map<Net.Server, Door | undefined>()
  let thread: LivenessThread | undefined
  const stand = (server: Net.Server, door: Door | undefined): Effect.Effect<void> =>
    Effect.suspend(() => thread?.watch(server, door) ?? Effect.void).pipe(
      Effect.catchAll(({ reason }) => Effect.logWarning(`Health waits while a step computes: ${reason}.`))
    )
  return {
    watch: (server, door) => {
      watched.set(server, door)
      return stand(server, door)
    },
    note: () => thread?.note(),
    start: (started) =>
      Effect.suspend(() => {
        thread = started
        return Effect.forEach([...watched], ([server, door]) => stand(server, door), {
          concurrency: "unbounded",
          discard: true
        })
      }),
    leave: (servers) =>
      Effect.forEach(
        servers,
        (server) => {
          watched.delete(server)
          return thread?.leave(server) ?? Effect.void
        },
        { concurrency: "unbounded", discard: true }
      )
  }
}
