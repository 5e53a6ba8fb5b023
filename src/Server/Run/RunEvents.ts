/**
 * The events of a run, past and future, for a run in any process of the service.
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { RunNotFound, ServiceUnavailable } from "../../Contract/Errors.js"
import * as RunEvent from "../../Contract/RunEvent.js"
import type { Run } from "../../Store/RunStore.js"
import { Invocation, Lifecycle } from "./Invocation.js"
import type { InvokeOptions } from "./InvokeRequest.js"
import * as Response from "./Response.js"
import type { OnDisconnect } from "./RunExecutor.js"
import { RunQueries } from "./RunQueries.js"
import * as RunRecorder from "./RunRecorder.js"
import type { Parsed } from "./SafeJson.js"

/** The events of one run on their way to one caller. The first event begins the response. */
export interface EventStream {
  /** True when a part of the response was sent. */
  readonly hasBegun: () => boolean
  /** True when the response has ended or the caller has disconnected. */
  readonly hasEnded: () => boolean
  /** Sends the headers, for a caller that may wait long for the first event. */
  readonly begin: () => void
  /** Writes an event of the run, and ends the response with the last one. */
  readonly tell: (event: RunEvent.RunEvent) => void
  /** Writes an event that is not one of the run, as JSON text on one line. */
  readonly say: (event: string, json: string) => void
  /** Ends the response, unless it has ended. */
  readonly end: () => void
}

/**
 * Invokes the pipeline and writes the events of the run, until it has ended. An invocation that is refused before its run
 * starts writes none: `onDone` gets its answer, and `undefined` otherwise. Call the returned function when the caller leaves.
 */
export const invoke = (
  { call }: Pick<Context.Tag.Service<Invocation>, "call">,
  body: Parsed,
  stream: EventStream,
  onDone: (answer: Response.Response | undefined) => void
): OnDisconnect | undefined => {
  const manner: InvokeOptions = {
    isDetached: false,
    onAccepted: (run) => {
      if (run.options.isQueued) stream.begin()
      run.follow(stream.tell)
    }
  }
  return call(
    body,
    (answer) => {
      if (stream.hasEnded()) return onDone(undefined)
      if (!stream.hasBegun()) return onDone(answer)
      stream.say("unavailable", answer.body)
      stream.end()
      onDone(undefined)
    },
    manner
  )
}

/** Writes the events of a run after a position, until it has ended. Fails before anything is written. */
export const attach = (
  id: string,
  after: number,
  stream: EventStream
): Effect.Effect<undefined, RunNotFound | ServiceUnavailable, Invocation | Lifecycle | RunQueries> =>
  Effect.flatMap(Invocation, ({ find, follow }) => {
    const heard = hearing()
    return Effect.acquireUseRelease(
      Effect.sync(() => follow(id, heard.hear)),
      (stop) =>
        Effect.flatMap(soFar(id), ({ events, run }) => {
          stream.begin()
          if (RunEvent.isGoing(run.status) && stop === undefined) return elsewhere(id, after, stream)
          for (const event of inOrder([...events, ...heard.meanwhile()])) if (event.sequence > after) stream.tell(event)
          if (RunEvent.isGoing(run.status))
            return Effect.raceFirst(
              heard.rest(stream.tell),
              untold(() => find(id), stream)
            )
          return Effect.sync(stream.end)
        }),
      (stop) => Effect.sync(() => stop?.())
    )
  }).pipe(Effect.as(undefined))

// internal

const isLast = ({ event }: RunEvent.RunEvent): boolean => event === "run_finished"

/** Keeps the events until `rest` is called, and passes on the later ones. */
const hearing = () => {
  const kept: Array<RunEvent.RunEvent> = []
  let hear = (event: RunEvent.RunEvent): void => void kept.push(event)
  return {
    hear: (event: RunEvent.RunEvent): void => hear(event),
    meanwhile: (): ReadonlyArray<RunEvent.RunEvent> => kept,
    rest: (tell: (event: RunEvent.RunEvent) => void): Effect.Effect<void> =>
      Effect.async((resume) => {
        if (kept.some(isLast)) return resume(Effect.void)
        hear = (event) => {
          tell(event)
          if (isLast(event)) resume(Effect.void)
        }
      })
  }
}

/** Followers receive no event of an end that could not be stored: the run just disappears. */
const untold = (find: () => Run | undefined, stream: EventStream): Effect.Effect<void> =>
  Effect.delay(Effect.sync(find), "1 second").pipe(
    Effect.repeat({ while: (run) => run !== undefined }),
    Effect.zipRight(
      Effect.sync(() => {
        stream.say("unavailable", JSON.stringify(Response.encodeError(RunRecorder.unavailable)))
        stream.end()
      })
    )
  )

const since = (events: ReadonlyArray<RunEvent.RunEvent>, after: number) =>
  events.filter(({ sequence }) => sequence > after)

/** By position, each once: an event may be in the record and among the live ones. */
const inOrder = (events: ReadonlyArray<RunEvent.RunEvent>): ReadonlyArray<RunEvent.RunEvent> =>
  [...new Map(events.map((event) => [event.sequence, event])).values()].sort((a, b) => a.sequence - b.sequence)

interface SoFar {
  readonly run: Run
  readonly events: ReadonlyArray<RunEvent.RunEvent>
}

/** Messages are read last, so that those of a run that has ended are complete. */
const soFar = (id: string): Effect.Effect<SoFar, RunNotFound | ServiceUnavailable, RunQueries> =>
  Effect.gen(function* () {
    const reading = yield* RunQueries
    const run = yield* reading.find(id)
    return { run, events: RunEvent.ofRun(run, yield* reading.messages(id)) }
  })

const pollMillis = 100

/**
 * Polls a run in another process. Steps and messages are read one after the other, so events after a gap wait for the next
 * reading.
 */
const elsewhere = (
  id: string,
  after: number,
  stream: EventStream
): Effect.Effect<void, never, Lifecycle | RunQueries> => {
  const look = (last: number): Effect.Effect<void, RunNotFound | ServiceUnavailable, Lifecycle | RunQueries> =>
    Effect.gen(function* () {
      const { phase } = yield* Lifecycle
      const { events, run } = yield* soFar(id)
      const isGoing = RunEvent.isGoing(run.status)
      const news = isGoing ? withoutGap(since(events, last), last) : since(events, last)
      news.forEach(stream.tell)
      if (!isGoing) return stream.end()
      if (phase() === "draining") {
        stream.say("shutdown", shutdown)
        return stream.end()
      }
      return yield* Effect.delay(look(news.at(-1)?.sequence ?? last), pollMillis)
    })
  return Effect.catchAll(look(after), (error) =>
    Effect.sync(() => {
      stream.say("unavailable", JSON.stringify(Response.encodeError(error)))
      stream.end()
    })
  )
}

const shutdown = JSON.stringify({ message: "The service is stopping; follow the run again in a moment." })

const withoutGap = (events: ReadonlyArray<RunEvent.RunEvent>, last: number): ReadonlyArray<RunEvent.RunEvent> => {
  const gap = events.findIndex(({ sequence }, index) => sequence !== last + 1 + index)
  return gap === -1 ? events : events.slice(0, gap)
}
