/** The sockets of a service: its own address, and the doors that lead to it. Only this module listens. */
import type * as Http from "node:http"
import * as Net from "node:net"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { LivenessThread } from "../Liveness/LivenessThread.js"
import type { Door } from "../Liveness/Messages.js"
import { RelayedConnection } from "../Liveness/RelayedConnection.js"
import * as StandIn from "../Liveness/StandIn.js"
import * as Connections from "./Connections.js"
import * as HttpServer from "./HttpServer.js"
import * as Relayed from "./Relayed.js"

/**
 * The address could not be listened on.
 *
 * @category errors
 * @since 0.1.0
 */
export class ListenFailed extends Schema.TaggedError<ListenFailed>()("ListenFailed", {
  host: Schema.String,
  port: Schema.Int,
  code: Schema.String
}) {
  override get message(): string {
    if (this.host.startsWith("/")) {
      return `Cannot listen on the socket ${this.host} of the deployment's door (${this.code}); give this program the folder of that door, writable for its user, or leave "door" out of its manifest.`
    }
    return this.code === "EADDRINUSE"
      ? `Port ${this.port} on ${this.host} is taken; free it, choose another, or let the system choose.`
      : `Cannot listen on ${this.host}:${this.port} (${this.code}); check the host and whether the port is allowed.`
  }
}

/** A server that listens. */
export interface NodeServer {
  readonly host: string
  readonly port: number
  /** Makes each answer that is in progress the last one of its connection. */
  readonly retire: Effect.Effect<void>
  /**
   * Accepts the connections of a listening socket that this process inherited, or those relayed to a path, too. A thread
   * stands in while the door leads here.
   */
  readonly accept: (socket: number | string, door?: Door) => Effect.Effect<void, ListenFailed>
  /** Serves a connection of such a socket or path that another process has accepted. */
  readonly take: (connection: Net.Socket, socket: number | string) => void
  /** Stops accepting at these sockets, and retires. */
  readonly leave: Effect.Effect<void>
  /** Waits until no connection of these sockets is open. */
  readonly left: Effect.Effect<void>
  /** Lets a thread accept at all sockets while the event loop is blocked, from now on, in place of an earlier one. */
  readonly standIn: (thread: LivenessThread) => Effect.Effect<void>
  /**
   * Stops accepting, closes every connection when it is idle, and ends with the last one. Interrupting it closes all
   * connections.
   */
  readonly close: Effect.Effect<void>
}

/**
 * The address of a server.
 *
 * @category models
 * @since 0.1.0
 */
export interface Address {
  readonly host: string
  /** Default a port that the system chooses. */
  readonly port?: number | undefined
  /** Lets the system choose another port when this one is taken. */
  readonly fallback: boolean
  /** The wait for a port that is taken, in milliseconds; default 0. */
  readonly standbyMillis?: number | undefined
}

/** Listens until the scope closes. The address decides about a port that is taken. */
export const listen = (
  handler: HttpServer.Handler,
  address: Address,
  limits: HttpServer.Limits = HttpServer.defaultLimits
): Effect.Effect<NodeServer, ListenFailed, Scope.Scope> =>
  Effect.gen(function* () {
    const connections = Connections.make()
    const standIn = StandIn.make()
    const server = yield* Effect.acquireRelease(
      Effect.sync(() => connections.follow(HttpServer.make(handler, limits, standIn.note))),
      (server) =>
        Effect.sync(() => {
          server.close()
          server.closeAllConnections()
        })
    )
    const wanted = Effect.retry(bind(server, address.host, address.port ?? 0), {
      while: ({ code }) => code === "EADDRINUSE",
      schedule: Schedule.upTo(Schedule.spaced("2 millis"), address.standbyMillis ?? 0)
    })
    const bound = yield* Effect.catchIf(
      wanted,
      (error) => address.fallback && error.code === "EADDRINUSE",
      () => bind(server, address.host, 0)
    )
    yield* standIn.watch(server)
    const doors = new Set<Net.Server>()
    const atDoors = Connections.make()
    // A second caller would otherwise miss the connections that the thread still passes on.
    const leaveDoors = Effect.uninterruptible(
      Effect.suspend(() => {
        const left = [...doors]
        doors.clear()
        return Effect.zipRight(standIn.leave(left), stopAccepting(left))
      })
    )
    yield* Effect.addFinalizer(() => leaveDoors)
    const serve = (connection: Net.Socket) => server.emit("connection", connection)
    return {
      host: address.host,
      port: bound.port,
      retire: Effect.sync(connections.retire),
      accept: (socket, door) =>
        Effect.flatMap(openDoor(socket, atDoors.follow(doorServer(socket, serve))), (atDoor) => {
          doors.add(atDoor)
          return standIn.watch(atDoor, { door, isRelayed: typeof socket === "string" })
        }),
      take: (connection, socket) => {
        connection.allowHalfOpen = true
        connection.setNoDelay(true)
        atDoors.add(connection)
        if (typeof socket === "string") Relayed.take(connection, serve)
        else serve(connection)
      },
      leave: Effect.zipRight(leaveDoors, Effect.sync(connections.retire)),
      left: Effect.async<void>((resume) => atDoors.whenNone(() => resume(Effect.void))),
      standIn: standIn.start,
      close: Effect.all([leaveDoors, standIn.leave([server]), close(server, connections)], { discard: true })
    }
  })

/** Listens at an inherited socket, or at a path to which a door relays connections. */
export const openDoor = (socket: number | string, door: Net.Server): Effect.Effect<Net.Server, ListenFailed> =>
  Effect.async((resume) => {
    const isPath = typeof socket === "string"
    const [host, port] = isPath ? [socket, 0] : ["an inherited socket", socket]
    door.once("error", (error: NodeJS.ErrnoException) =>
      resume(new ListenFailed({ host, port, code: error.code ?? "unknown" }))
    )
    door.listen({ ...placeOf(socket), backlog }, () => resume(Effect.succeed(door)))
  })

// internal

/** A door of another container relays to a port instead of a path: `tcp:8001`. */
const placeOf = (socket: number | string) => {
  if (typeof socket === "number") return { fd: socket }
  const port = /^tcp:(\d+)$/.exec(socket)?.[1]
  return port === undefined ? { path: socket } : { host: "0.0.0.0", port: Number(port) }
}

/** Of a burst of connections that Node's 511 cannot hold, the rest would try again after a second. The system may cap it. */
const backlog = 4_096

const bind = (server: Http.Server, host: string, port: number): Effect.Effect<Net.AddressInfo, ListenFailed> =>
  Effect.async((resume) => {
    const fail = (code: string) => resume(new ListenFailed({ host, port, code }))
    const onError = (error: NodeJS.ErrnoException) => {
      server.off("listening", onListening)
      fail(error.code ?? "unknown")
    }
    const onListening = () => {
      server.off("error", onError)
      const address = server.address()
      if (address === null || typeof address === "string") fail("not a TCP address")
      else resume(Effect.succeed(address))
    }
    server.once("error", onError)
    server.once("listening", onListening)
    server.listen({ host, port, backlog })
  })

const close = (server: Http.Server, { whenNone }: Connections.Connections): Effect.Effect<void> => {
  const closed = Effect.async<void>((resume) => {
    server.close()
    whenNone(() => resume(Effect.void))
  })
  const closeIdle = Effect.sync(() => server.closeIdleConnections())
  return Effect.raceFirst(closed, Effect.asVoid(Effect.repeat(closeIdle, Schedule.spaced("50 millis")))).pipe(
    Effect.onInterrupt(() => Effect.sync(() => server.closeAllConnections()))
  )
}

/** A server of the connections of an inherited socket, or of those that a door relays to a path. */
const doorServer = (socket: number | string, serve: (connection: Net.Socket) => void): Net.Server =>
  Net.createServer({ allowHalfOpen: true, noDelay: true }).on(
    "connection",
    typeof socket === "string" ? introduced(serve) : serve
  )

/** The thread passes on connections whose callers have been introduced to it. */
const introduced = (serve: (connection: Net.Socket) => void) => (connection: Net.Socket) => {
  if (connection instanceof RelayedConnection) serve(connection)
  else Relayed.take(connection, serve)
}

const stopAccepting = (doors: ReadonlyArray<Net.Server>): Effect.Effect<void> =>
  Effect.sync(() => {
    for (const door of doors) door.close()
  })
