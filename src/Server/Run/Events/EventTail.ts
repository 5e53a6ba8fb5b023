/**
 * Reads the events of a run from the store, a page at a time and no faster than the caller takes them, and goes on with the
 * new ones until the run has ended. An event is never written before it is on disk, so its position stays the same.
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { RunNotFound, ServiceUnavailable } from "../../../Contract/Errors.js"
import * as RunEvent from "../../../Contract/RunEvent.js"
import type { EventPage } from "../../../Store/RunStore.js"
import { Invocation, Lifecycle } from "../Invocation.js"
import { RunQueries } from "../Records/RunQueries.js"
import * as RunRecorder from "../Records/RunRecorder.js"
import * as Response from "../Response.js"
import * as EventInbox from "./EventInbox.js"
import { type EventStream, keepsUpBytes } from "./EventStream.js"

/** The services that reading needs. */
export type Requirements = Invocation | Lifecycle | RunQueries

/**
 * Writes the events of a run after a position, until it has ended. Fails before anything is written. When no event follows
 * any more it writes nothing and returns the answer 204, at which an `EventSource` stops.
 */
export const attach = (
  id: string,
  after: number,
  stream: EventStream
): Effect.Effect<Response.Response | undefined, RunNotFound | ServiceUnavailable, Requirements> =>
  Effect.flatMap(Invocation, ({ follow }) => {
    const inbox = EventInbox.make()
    return Effect.acquireUseRelease(
      Effect.sync(() => follow(id, inbox.follower)),
      (stop) =>
        Effect.gen(function* () {
          const queries = yield* RunQueries
          if (stop === undefined) yield* queries.storeSteps(id)
          const first = yield* queries.events(id, after)
          if (first.isLast && first.events.length === 0) return Response.empty(204)
          stream.begin()
          yield* orUnavailable(
            stream,
            reading({ id, stream, inbox, queries, lifecycle: yield* Lifecycle }, after, first, stop !== undefined)
          )
          return undefined
        }),
      (stop) => Effect.sync(() => stop?.())
    )
  })

// internal

interface Tail {
  readonly id: string
  readonly stream: EventStream
  readonly inbox: EventInbox.EventInbox
  readonly queries: Context.Tag.Service<RunQueries>
  readonly lifecycle: Context.Tag.Service<Lifecycle>
}

type Failure = RunNotFound | ServiceUnavailable

/** Writes a page, and reads what follows it, until the run has ended. `isHere` is true for a run of this process. */
const reading = (tail: Tail, after: number, first: EventPage, isHere: boolean): Effect.Effect<void, Failure> =>
  Effect.gen(function* () {
    const { id, inbox, lifecycle, queries, stream } = tail
    let last = after
    for (let page = first; ; page = yield* queries.events(id, last)) {
      const events = RunEvent.isGoing(page.status) ? withoutGap(page.events, last) : page.events
      events.forEach(stream.tell)
      if (page.isLast) return stream.end()
      last = events.at(-1)?.sequence ?? last
      yield* stream.drained
      if (stream.hasEnded()) return
      if (events.length > 0) continue
      if (inbox.isLost() && lifecycle.isLeaving()) return stop(stream)
      if (inbox.isLost()) return yield* RunRecorder.unavailable
      if (isHere && inbox.missed() <= last) last = yield* listening(tail, last)
      else if (!isHere && lifecycle.phase() === "draining") return stop(stream)
      else yield* Effect.sleep(pollMillis)
      if (stream.hasEnded()) return
    }
  })

const pollMillis = 100

/** Writes the events of a run as they come. Returns the position after which they have to be read from the store. */
const listening = ({ inbox, stream }: Tail, after: number): Effect.Effect<number> =>
  Effect.gen(function* () {
    let last = after
    while (!stream.hasEnded()) {
      const event = inbox.take(last + 1)
      if (event !== undefined) {
        stream.tell(event)
        last = event.sequence
        if (stream.unreadBytes() > keepsUpBytes) yield* stream.drained
      } else if (inbox.missed() > last || inbox.isLost()) return last
      else yield* inbox.changed
    }
    return last
  })

const stop = (stream: EventStream): void => {
  stream.say("shutdown", shutdown)
  stream.end()
}

const shutdown = JSON.stringify({ message: "The service is stopping; follow the run again in a moment." })

/** Steps may be stored after later messages, so events after a gap wait. */
const withoutGap = (events: ReadonlyArray<RunEvent.RunEvent>, last: number): ReadonlyArray<RunEvent.RunEvent> => {
  const gap = events.findIndex(({ sequence }, index) => sequence !== last + 1 + index)
  return gap === -1 ? events : events.slice(0, gap)
}

const orUnavailable = (stream: EventStream, effect: Effect.Effect<void, Failure>): Effect.Effect<void> =>
  Effect.catchAll(effect, (error) =>
    Effect.sync(() => {
      stream.say("unavailable", JSON.stringify(Response.encodeError(error)))
      stream.end()
    })
  )
