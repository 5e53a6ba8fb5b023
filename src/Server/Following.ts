/**
 * Following runs: everything that has happened in one, and what happens while it goes, wherever in the service it goes.
 *
 * @since 0.1.0
 */
import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Mailbox from "effect/Mailbox"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { RunNotFound, ServiceUnavailable } from "../Errors/Http.js"
import * as RunEvent from "../Store/RunEvent.js"
import type { Run } from "../Store/RunStore.js"
import * as Answer from "./Answer.js"
import { Invocation } from "./Invocation.js"
import type { Parsed } from "./JsonText.js"
import { Lifecycle } from "./Lifecycle.js"
import { Reading } from "./Reading.js"
import * as Sse from "./Sse.js"

/**
 * Invokes the pipeline and answers with the events of the run, until it has ended. What is refused before it starts is
 * answered as to everybody else. The run is interrupted when its caller goes away.
 *
 * @category following
 * @since 0.1.0
 */
export const invoke = (
  body: Parsed
): Effect.Effect<HttpServerResponse.HttpServerResponse, never, Invocation | Scope.Scope> =>
  Effect.gen(function* () {
    const { call } = yield* Invocation
    const { hear, heard } = yield* hearing<RunEvent.RunEvent | Answer.Answer>()
    const manner = { isDetached: false, onAccepted: (run: Followable) => void run.follow(hear) }
    yield* Effect.acquireRelease(
      Effect.sync(() => call(body, hear, manner)),
      (leave) => Effect.sync(() => leave?.())
    )
    const first = yield* Effect.orDie(heard.take)
    if (isAnswer(first)) return Answer.toResponse(first)
    const rest = Stream.takeUntil(Mailbox.toStream(heard), (it) => isAnswer(it) || isLast(it))
    const all = isLast(first) ? Stream.make(first) : Stream.concat(Stream.make(first), rest)
    return Sse.response(Stream.map(all, frame))
  })

/**
 * The events of a run after a position, until it has ended.
 *
 * @category following
 * @since 0.1.0
 */
export const attach = (
  id: string,
  after: number
): Effect.Effect<
  HttpServerResponse.HttpServerResponse,
  RunNotFound | ServiceUnavailable,
  Invocation | Lifecycle | Reading | Scope.Scope
> =>
  Effect.gen(function* () {
    const { follow } = yield* Invocation
    const { hear, heard } = yield* hearing<RunEvent.RunEvent>()
    const stop = yield* Effect.acquireRelease(
      Effect.sync(() => follow(id, hear)),
      (stop) => Effect.sync(() => stop?.())
    )
    const { events, run } = yield* soFar(id)
    if (!RunEvent.isGoing(run.status)) return Sse.response(Stream.map(Stream.fromIterable(since(events, after)), frame))
    if (stop === undefined) return Sse.response(yield* elsewhere(id, after))
    const meanwhile = yield* heard.clear
    const known = inOrder([...events, ...meanwhile])
    const all = Stream.concat(Stream.fromIterable(known), Mailbox.toStream(heard))
    return Sse.response(Stream.map(untilLast(Stream.filter(all, ({ sequence }) => sequence > after)), frame))
  })

// internal

/** How far behind who follows may be; one that does not keep up is taken to be gone. */
const mostUnread = 10_000

const hearing = <A>() =>
  Effect.map(Mailbox.make<A>({ capacity: mostUnread, strategy: "dropping" }), (heard) => ({
    heard,
    hear: (it: A): void => {
      if (!heard.unsafeOffer(it)) heard.unsafeDone(Exit.void)
    }
  }))

interface Followable {
  readonly follow: (follower: (event: RunEvent.RunEvent) => void) => unknown
}

const isAnswer = (it: RunEvent.RunEvent | Answer.Answer): it is Answer.Answer => "body" in it

const isLast = ({ event }: RunEvent.RunEvent): boolean => event === "run_finished"

const untilLast = (events: Stream.Stream<RunEvent.RunEvent>) => Stream.takeUntil(events, isLast)

/** An answer among events is that of a run which ended but could not be stored. */
const frame = (it: RunEvent.RunEvent | Answer.Answer): string =>
  isAnswer(it) ? Sse.frame("unavailable", it.body) : Sse.frame(it.event, JSON.stringify(it.data), it.sequence)

const since = (events: ReadonlyArray<RunEvent.RunEvent>, after: number) =>
  events.filter(({ sequence }) => sequence > after)

/** By position, each once: what happened while the record was read is in it, or was heard, or both. */
const inOrder = (events: ReadonlyArray<RunEvent.RunEvent>): ReadonlyArray<RunEvent.RunEvent> =>
  [...new Map(events.map((event) => [event.sequence, event])).values()].sort((a, b) => a.sequence - b.sequence)

interface SoFar {
  readonly run: Run
  readonly events: ReadonlyArray<RunEvent.RunEvent>
}

/** Messages are read last: those of a run that has ended are all there. */
const soFar = (id: string): Effect.Effect<SoFar, RunNotFound | ServiceUnavailable, Reading> =>
  Effect.gen(function* () {
    const reading = yield* Reading
    const run = yield* reading.find(id)
    return { run, events: RunEvent.ofRun(run, yield* reading.messages(id)) }
  })

const pollMillis = 100

/**
 * A run that goes in another process is looked at again and again. Steps and messages are read one after the other, so what
 * comes after a gap waits for the next look.
 */
const elsewhere = (id: string, after: number): Effect.Effect<Stream.Stream<string>, never, Lifecycle | Reading> =>
  Effect.map(Effect.context<Lifecycle | Reading>(), (context) =>
    Stream.paginateChunkEffect(after, (last) =>
      Effect.gen(function* () {
        const { phase } = yield* Lifecycle
        const { events, run } = yield* soFar(id)
        const isGoing = RunEvent.isGoing(run.status)
        const news = isGoing ? withoutGap(since(events, last), last) : since(events, last)
        const frames = news.map(frame)
        if (!isGoing) return [Chunk.fromIterable(frames), Option.none<number>()] as const
        if (phase() === "draining")
          return [Chunk.fromIterable([...frames, Sse.shutdown]), Option.none<number>()] as const
        yield* Effect.sleep(pollMillis)
        return [Chunk.fromIterable(frames), Option.some(news.at(-1)?.sequence ?? last)] as const
      })
    ).pipe(
      Stream.catchAll((error) => Stream.make(Sse.frame("unavailable", JSON.stringify(Answer.encodeError(error))))),
      Stream.provideContext(context)
    )
  )

const withoutGap = (events: ReadonlyArray<RunEvent.RunEvent>, last: number): ReadonlyArray<RunEvent.RunEvent> => {
  const gap = events.findIndex(({ sequence }, index) => sequence !== last + 1 + index)
  return gap === -1 ? events : events.slice(0, gap)
}
