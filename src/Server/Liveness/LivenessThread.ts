/**
 * A thread that answers requests for health while the event loop of this process is blocked. It sleeps while the event loop
 * turns, so that it costs a request nothing.
 */
import type * as Net from "node:net"
import { MessageChannel, Worker } from "node:worker_threads"
import * as Data from "effect/Data"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { descriptorOf } from "../../Internal/Descriptor.js"
import type { Condition } from "../Run/Metrics/Report.js"
import * as Heart from "./Heart.js"
import { cells, type FromThread, type HealthRoutes, type ThreadData, type ToThread } from "./Messages.js"
import { program } from "./Packed.js"
import { RelayedConnection } from "./RelayedConnection.js"
import type { AtDoor } from "./StandIn.js"

/** The thread could not be started. */
export class ThreadFailed extends Data.TaggedError("ThreadFailed")<{ readonly reason: string }> {}

export interface LivenessThread {
  /**
   * Accepts in place of a listening server while the event loop is blocked, and while the door of the socket leads here if it
   * has one. Ends when the thread can do so.
   */
  readonly watch: (server: Net.Server, at?: AtDoor) => Effect.Effect<void, ThreadFailed>
  /** Accepts no more in place of a server. Ends when the thread owns nothing of its socket. */
  readonly leave: (server: Net.Server) => Effect.Effect<void>
  /** Notes a request, after which the event loop beats often. Each request calls it, so it is a plain function. */
  readonly note: () => void
}

/** The parts of a service that its thread reads. */
export interface Options {
  readonly health: HealthRoutes
  /** The condition of the service, which is read several times a second. */
  readonly condition: () => Condition
  /** True while no run is in progress. */
  readonly isIdle: () => boolean
}

/** Starts the thread, which ends with the scope. */
export const make = (options: Options): Effect.Effect<LivenessThread, ThreadFailed, Scope.Scope> =>
  Effect.gen(function* () {
    const { heart, port, send, worker } = yield* Effect.acquireRelease(start(options), ({ heart, worker }) =>
      Effect.promise(() => {
        heart.stop()
        return worker.terminate()
      })
    )
    const watched = new Map<number, Watched>()
    const connections = new Map<number, RelayedConnection>()
    port.on("message", (message: FromThread) => receive(message, { watched, connections, send }))
    // Node keeps a process alive for a port that is listened to.
    port.unref()
    let isEnding = false
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        isEnding = true
      })
    )
    worker.once("exit", () => {
      for (const connection of connections.values()) connection.gone()
      for (const { left, watching } of watched.values()) {
        Deferred.unsafeDone(
          watching,
          isEnding ? Effect.interrupt : new ThreadFailed({ reason: "the thread has ended" })
        )
        Deferred.unsafeDone(left, Effect.void)
      }
    })
    let last = 0
    return {
      note: heart.note,
      watch: (server, { door, isRelayed } = outside) =>
        Effect.gen(function* () {
          const descriptor = descriptorOf(server)
          if (descriptor === undefined) return yield* new ThreadFailed({ reason: "the system has no such sockets" })
          const socket = ++last
          const watching = yield* Deferred.make<void, ThreadFailed>()
          watched.set(socket, { server, watching, left: yield* Deferred.make<void>() })
          send({ _tag: "Watch", socket, descriptor, door, isRelayed })
          yield* Deferred.await(watching)
        }),
      leave: (server) =>
        Effect.suspend(() => {
          const found = [...watched].find(([, entry]) => entry.server === server)
          if (found === undefined || worker.threadId === -1) return Effect.void
          const [socket, { left }] = found
          send({ _tag: "Leave", socket })
          return Deferred.await(left)
        })
    }
  })

// internal

const outside: AtDoor = { isRelayed: false }

/** The thread holds a few connections for a moment. */
const resourceLimits = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 2 }

interface Watched {
  readonly server: Net.Server
  readonly watching: Deferred.Deferred<void, ThreadFailed>
  readonly left: Deferred.Deferred<void>
}

const start = ({ condition, health, isIdle }: Options) =>
  Effect.try({
    try: () => {
      const memory = new SharedArrayBuffer(12)
      const shared = new Int32Array(memory)
      const { port1: port, port2 } = new MessageChannel()
      let sent = JSON.stringify(condition())
      const workerData: ThreadData = { memory, port: port2, health, condition: sent }
      const worker = new Worker(program, {
        eval: true,
        name: "liveness",
        workerData,
        transferList: [port2],
        // The thread has neither the variables nor the modules of the service: it needs none of them.
        env: {},
        execArgv: [],
        resourceLimits
      })
      worker.on("error", () => {})
      worker.unref()
      const send = (message: ToThread, moved?: Uint8Array<ArrayBuffer>): void => {
        port.postMessage(message, moved === undefined ? [] : [moved.buffer])
        Atomics.store(shared, cells.call, 1)
        Atomics.notify(shared, cells.call)
      }
      const look = (): void => {
        const now = JSON.stringify(condition())
        if (now !== sent) send({ _tag: "Condition", condition: now })
        sent = now
      }
      return { worker, port, send, heart: Heart.make(shared, { isIdle, look }) }
    },
    catch: (error) => new ThreadFailed({ reason: error instanceof Error ? error.message : String(error) })
  })

const receive = (
  message: FromThread,
  {
    connections,
    send,
    watched
  }: {
    readonly watched: Map<number, Watched>
    readonly connections: Map<number, RelayedConnection>
    readonly send: (message: ToThread, moved?: Uint8Array<ArrayBuffer>) => void
  }
): void => {
  switch (message._tag) {
    case "Watching": {
      const { problem, socket } = message
      const end = problem === undefined ? Effect.void : Effect.fail(new ThreadFailed({ reason: problem }))
      const entry = watched.get(socket)
      if (entry !== undefined) Deferred.unsafeDone(entry.watching, end)
      return
    }
    case "Left": {
      // Its connections may still be on their way.
      const entry = watched.get(message.socket)
      if (entry !== undefined) Deferred.unsafeDone(entry.left, Effect.void)
      return
    }
    case "Opened": {
      const { addresses, connection: id, socket } = message
      const connection = new RelayedConnection(id, addresses, send)
      connections.set(id, connection)
      connection.on("error", () => {})
      watched.get(socket)?.server.emit("connection", connection)
      return
    }
    case "Data":
      return void connections.get(message.connection)?.received(message.bytes)
    case "End":
      return void connections.get(message.connection)?.push(null)
    case "Written":
      return void connections.get(message.connection)?.written()
    case "Closed": {
      const connection = connections.get(message.connection)
      connections.delete(message.connection)
      connection?.gone()
    }
  }
}
