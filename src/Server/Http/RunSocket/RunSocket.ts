/** The WebSocket of one run and one client. The client receives the events of the run and sends commands. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import type { RunNotFound, ServiceUnavailable } from "../../../Contract/Errors.js"
import * as EventTail from "../../Run/Events/EventTail.js"
import * as EventFormat from "../EventFormat.js"
import type { Upgradable } from "../Upgrade.js"
import type { Act, Requirements as CommandRequirements } from "./SocketCommands.js"
import * as SocketFormat from "./SocketFormat.js"
import type { Accept, Peer } from "./WebSockets.js"

/** The services of a WebSocket. */
export type Requirements = EventTail.Requirements | CommandRequirements

/** A run, and the client that follows it. */
export interface Target {
  readonly runId: string
  /** The events start after this one. */
  readonly after: number
  readonly act: Act
}

/**
 * Serves a client until its connection is closed.
 *
 * **Details**
 *
 * The handshake is completed when the run is found, so a failure before is an ordinary response. The events come from the
 * store at the pace of the client. One command is answered after another, and nothing is read meanwhile: a client that sends
 * commands and reads no replies waits.
 */
export const serve = (
  accept: Accept,
  connection: Upgradable,
  { act, after, runId }: Target
): Effect.Effect<void, RunNotFound | ServiceUnavailable, Requirements | Scope.Scope> =>
  Effect.gen(function* () {
    const channel = yield* open(accept, connection)
    const { closed, stream } = channel
    yield* Effect.forkScoped(answering(channel, act))
    yield* Effect.forkScoped(keepAlive(channel))
    yield* Effect.raceFirst(Effect.asVoid(EventTail.attach(runId, after, stream)), closed)
    // A run that has no event after the position has none that would begin the stream.
    stream.begin()
    yield* finish(channel)
  })

// internal

/** Beats without a sign of life after which a client counts as gone: a minute. */
const mostSilentBeats = 4

/** The connection and what is known about its end. */
interface Channel {
  readonly peer: () => Peer | undefined
  readonly stream: ReturnType<typeof EventFormat.over>
  readonly inbox: Queue.Dequeue<Uint8Array>
  readonly ending: () => SocketFormat.Ending
  readonly closed: Effect.Effect<void>
  /** Marks a command as answered. */
  readonly answered: () => void
  /** Waits until every command is answered. */
  readonly idle: Effect.Effect<void>
  /** The beats since the last sign of life, the present one included. */
  readonly beat: () => number
}

const open = (accept: Accept, connection: Upgradable): Effect.Effect<Channel, never, Scope.Scope> =>
  Effect.gen(function* () {
    const closed = yield* Deferred.make<void>()
    const inbox = yield* Queue.unbounded<Uint8Array>()
    const commands = counter()
    let peer: Peer | undefined
    let hasEnded = false
    let ending = SocketFormat.ended
    let silentBeats = 0
    const heard = () => {
      silentBeats = 0
    }
    const begin = () => {
      peer = accept(connection, {
        onText: (bytes) => {
          heard()
          commands.add()
          peer?.pause()
          inbox.unsafeOffer(bytes)
        },
        onPong: heard,
        onClose: () => Deferred.unsafeDone(closed, Effect.void)
      })
      if (peer === undefined) Deferred.unsafeDone(closed, Effect.void)
    }
    const sink: EventFormat.Sink = {
      hasBegun: () => peer !== undefined,
      hasEnded: () => hasEnded || (peer === undefined ? connection.socket.destroyed : !peer.isOpen()),
      begin,
      write: (text) => peer?.send(text),
      end: () => {
        hasEnded = true
      },
      unreadBytes: () => peer?.unreadBytes() ?? 0,
      onDrained: (callBack) => peer?.onDrained(callBack) ?? (() => {}),
      // The end of the stream closes the connection, and limits the time for that.
      abandon: () => {}
    }
    const stream = EventFormat.over(
      sink,
      SocketFormat.make((next) => {
        ending = next
      })
    )
    const channel: Channel = {
      peer: () => peer,
      stream,
      inbox,
      ending: () => ending,
      closed: Deferred.await(closed),
      answered: () => {
        if (commands.remove() === 0) peer?.resume()
      },
      idle: commands.none,
      beat: () => ++silentBeats
    }
    yield* Effect.addFinalizer(() => leave(channel))
    return channel
  })

/** Answers the commands of a client in their order, at the pace at which it reads the replies. */
const answering = ({ answered, inbox, peer, stream }: Channel, act: Act) =>
  Effect.forever(
    Effect.gen(function* () {
      const reply = yield* Effect.flatMap(inbox.take, act)
      peer()?.send(reply)
      yield* stream.drained
      answered()
    })
  )

/** Asks for a sign of life, and gives up a client that shows none. */
const keepAlive = ({ beat, peer }: Channel) =>
  Effect.forever(
    Effect.delay(
      Effect.sync(() => {
        const open = peer()
        if (open === undefined) return
        if (beat() > mostSilentBeats) open.terminate()
        else open.ping()
      }),
      EventFormat.heartbeatPause
    )
  )

/** Closes the connection when the commands that came before the end are answered. */
const finish = ({ closed, ending, idle, peer }: Channel) =>
  Effect.gen(function* () {
    yield* Effect.timeoutOption(Effect.raceFirst(idle, closed), "1 second")
    const { code, reason } = ending()
    peer()?.close(code, reason)
    yield* Effect.timeoutOption(closed, EventFormat.patience)
  })

/** Closes a connection whose service ends. A finalizer is uninterruptible, so its limit needs a fiber of its own. */
const leave = ({ closed, peer }: Channel): Effect.Effect<void> =>
  Effect.suspend(() => {
    const open = peer()
    if (open === undefined) return Effect.void
    const { code, reason } = SocketFormat.leaving
    open.close(code, reason)
    const waiting = Effect.ensuring(
      Effect.timeoutOption(closed, "1 second"),
      Effect.sync(() => open.terminate())
    )
    return Effect.asVoid(Effect.flatMap(Effect.forkDaemon(Effect.interruptible(waiting)), (fiber) => fiber.await))
  })

/** Counts commands, and calls back when there are none. */
const counter = () => {
  let count = 0
  let whenNone: (() => void) | undefined
  return {
    add: () => {
      count++
    },
    remove: () => {
      count--
      if (count === 0) whenNone?.()
      return count
    },
    none: Effect.async<void>((resume) => {
      if (count === 0) return resume(Effect.void)
      whenNone = () => resume(Effect.void)
    })
  }
}
