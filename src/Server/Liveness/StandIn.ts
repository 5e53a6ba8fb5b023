/** The liveness thread of a server, from the time at which there is one. */
import type * as Net from "node:net"
import * as Effect from "effect/Effect"
import type { LivenessThread } from "./LivenessThread.js"
import type { Door } from "./Messages.js"

/** The place of a server at a door. */
export interface AtDoor {
  readonly door?: Door | undefined
  /** True if the door relays the connections, instead of sharing its socket. */
  readonly isRelayed: boolean
}

export interface StandIn {
  /** Lets a thread accept in place of the servers that are watched, from now on, and an earlier one no more. */
  readonly start: (thread: LivenessThread) => Effect.Effect<void>
  readonly watch: (server: Net.Server, at?: AtDoor) => Effect.Effect<void>
  /** Notes a request. */
  readonly note: () => void
  /** Ends when the thread owns nothing of the sockets of servers. */
  readonly leave: (servers: ReadonlyArray<Net.Server>) => Effect.Effect<void>
}

export const make = (): StandIn => {
  const watched = new Map<Net.Server, AtDoor | undefined>()
  let thread: LivenessThread | undefined
  const stand = (server: Net.Server, at: AtDoor | undefined): Effect.Effect<void> =>
    Effect.suspend(() => thread?.watch(server, at) ?? Effect.void).pipe(
      Effect.catchAll(({ reason }) => Effect.logWarning(`Health waits while a step computes: ${reason}.`))
    )
  return {
    watch: (server, at) => {
      watched.set(server, at)
      return stand(server, at)
    },
    note: () => thread?.note(),
    start: (started) =>
      Effect.suspend(() => {
        const before = thread
        thread = started
        const left = before === undefined ? Effect.void : leaving(before, [...watched.keys()])
        // One after another: each takes a process for a moment, and a container may have little memory.
        return Effect.zipRight(
          left,
          Effect.forEach([...watched], ([server, at]) => stand(server, at), { discard: true })
        )
      }),
    leave: (servers) =>
      Effect.suspend(() => {
        for (const server of servers) watched.delete(server)
        return thread === undefined ? Effect.void : leaving(thread, servers)
      })
  }
}

// internal

const leaving = (thread: LivenessThread, servers: ReadonlyArray<Net.Server>): Effect.Effect<void> =>
  Effect.forEach(servers, thread.leave, { concurrency: "unbounded", discard: true })
