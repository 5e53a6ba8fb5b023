/** Following runs: their events as they happen. */
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import type { DeploymentHttpError, RunNotFound } from "../Contract/Errors.js"
import * as Routes from "../Contract/Routes.js"
import type * as RunEvent from "../Contract/RunEvent.js"
import type { Endpoint, Ref } from "./Endpoints.js"
import * as Events from "./Events.js"
import { errorOf, type Opened } from "./Http.js"
import { asking, coerced, type InvokeOptions } from "./InvokeRequest.js"
import { type Called, callForEvents, type FindError, type Requirements, repeats } from "./Retry.js"
import { type QueryError, queryError, runNotFound, type StartError, startError } from "./Wire.js"

/**
 * The events of a run from its start to its end; `run_finished` is the last one. Following a run does not affect it.
 *
 * **Details**
 *
 * After a broken connection the stream continues behind the last event; if the service stops, it continues at the
 * deployment's new URL in the registry. Each event occurs once. The stream fails after two seconds without an event or a
 * connection.
 *
 * @example
 * ```ts
 * import { Console, Effect, Stream } from "effect"
 * import { Client } from "effect-deployers"
 *
 * const program = Effect.gen(function* () {
 *   const runId = yield* Client.start("weather", { city: "Oslo" })
 *   yield* Stream.runForEach(Client.events("weather", runId), ({ event }) => Console.log(event))
 * })
 * ```
 *
 * @category runs
 * @since 0.1.0
 */
export const events = <const R extends Ref>(
  ref: R,
  id: string,
  options: {
    /** `sequence` of the last event that the caller has. */
    readonly after?: number | undefined
  } = {}
): Stream.Stream<RunEvent.RunEvent, RunNotFound | QueryError | FindError<R>, Requirements<R>> =>
  Stream.unwrap(
    Effect.map(Schedule.driver(repeats), (tries) => {
      const state: State = { last: options.after ?? 0, connectedAt: undefined, hasEvents: false }
      const once = Stream.unwrap(Effect.map(connect(ref, id, state), (called) => attached(state, called)))
      type Events = Stream.Stream<RunEvent.RunEvent, RunNotFound | QueryError | FindError<R>, Requirements<R>>
      const all: Events = Stream.catchAll(once, (error) =>
        error instanceof BrokenOff
          ? Stream.unwrap(
              Effect.gen(function* () {
                if (yield* wasWorthIt(state)) yield* tries.reset
                return Option.isSome(yield* Effect.option(tries.next(undefined))) ? all : Stream.fail(error.error)
              })
            )
          : Stream.fail(error)
      )
      return all
    })
  )

/**
 * Invokes a deployed pipeline without its types, and emits the events of the run to its end. A failure of the pipeline is
 * an event too: `run_finished` contains the result.
 *
 * **Details**
 *
 * Interrupting the stream interrupts the run, unless it has an idempotency key. A broken connection does too, and is a
 * `DeploymentHttpError`; no request is repeated that may have started a run. {@link start} and {@link events} are for
 * runs that outlive their caller.
 *
 * @category runs
 * @since 0.1.0
 */
export const stream = <const R extends Ref>(
  ref: R,
  parameters: Readonly<Record<string, unknown>>,
  options: InvokeOptions = {}
): Stream.Stream<RunEvent.RunEvent, StartError | FindError<R>, Requirements<R>> =>
  invoked(
    callForEvents(ref, (endpoint) =>
      Effect.map(coerced(endpoint, parameters), (coerced) => asking(endpoint, coerced, options))
    )
  )

/** The events of the run that a call starts. */
export const invoked = <E, R>(
  call: Effect.Effect<Called<Opened>, E, R>
): Stream.Stream<RunEvent.RunEvent, StartError | E, R> =>
  Stream.unwrap(
    Effect.map(call, ({ answer, endpoint }): Stream.Stream<RunEvent.RunEvent, StartError> => {
      if (answer.bytes === undefined) return Stream.fail(startError(endpoint, answer))
      return Events.read(answer.bytes).pipe(
        Stream.mapError(({ error }) => error),
        Stream.mapEffect((message): Effect.Effect<RunEvent.RunEvent, StartError> => {
          switch (message._tag) {
            case "Event":
              return Effect.succeed(message.event)
            case "Unavailable":
              return Effect.fail(startError(endpoint, { status: 503, text: "", json: message.error }))
            default:
              return Effect.fail(malformed(endpoint))
          }
        }),
        Stream.concat(Stream.fail(errorOf(endpoint, "the connection broke before the run ended"))),
        Stream.takeUntil(isLast)
      )
    })
  )

// internal

/** The position in the events of a run, over all connections. */
interface State {
  last: number
  /** Start of the connection in epoch milliseconds; `undefined` before the first one. */
  connectedAt: number | undefined
  /** True if this connection delivered a new event. */
  hasEvents: boolean
}

/** A connection that lasted or delivered events resets the retries. */
const wasWorthIt = ({ connectedAt, hasEvents }: State): Effect.Effect<boolean> =>
  Effect.map(Clock.currentTimeMillis, (now) => hasEvents || (connectedAt !== undefined && now - connectedAt >= 2_000))

/** The connection ended before the run. The error counts if no further connection succeeds. */
class BrokenOff extends Data.TaggedError("BrokenOff")<{ readonly error: DeploymentHttpError }> {}

const isLast = ({ event }: RunEvent.RunEvent): boolean => event === "run_finished"

const malformed = (endpoint: Endpoint): DeploymentHttpError =>
  errorOf(endpoint, "it sent an event that no deployment sends; check that the URL is that of a deployment")

const connect = <const R extends Ref>(ref: R, id: string, state: State) =>
  Effect.tap(
    callForEvents(
      ref,
      ({ serving }) =>
        Effect.succeed({
          method: "GET",
          path: Routes.runPath(serving, id, "events"),
          headers: { "last-event-id": String(state.last) },
          timeout: "30 seconds"
        }),
      typeof ref === "string" || state.connectedAt !== undefined
    ),
    () =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        state.connectedAt = now
        state.hasEvents = false
      })
  )

const attached = (
  state: State,
  { answer, endpoint }: Called<Opened>
): Stream.Stream<RunEvent.RunEvent, BrokenOff | RunNotFound | QueryError> => {
  if (answer.bytes === undefined) {
    // A run that ended before the requested position has no further events.
    return answer.status === 204 ? Stream.empty : Stream.fail(refusal(endpoint, answer))
  }
  const broken = (reason: string) => new BrokenOff({ error: errorOf(endpoint, reason) })
  return Events.read(answer.bytes).pipe(
    Stream.mapError(({ error }) => new BrokenOff({ error })),
    Stream.mapEffect((message): Effect.Effect<RunEvent.RunEvent, BrokenOff | QueryError> => {
      switch (message._tag) {
        case "Event":
          return Effect.succeed(message.event)
        case "Shutdown":
          return Effect.fail(broken("the service stopped, and no other process of the deployment has the run yet"))
        case "Unavailable":
          return Effect.fail(queryError(endpoint, { status: 503, text: "", json: message.error }))
        case "Malformed":
          return Effect.fail(malformed(endpoint))
      }
    }),
    Stream.filter(({ sequence }) => sequence > state.last),
    Stream.tap(({ sequence }) =>
      Effect.sync(() => {
        state.last = sequence
        state.hasEvents = true
      })
    ),
    Stream.concat(Stream.fail(broken("the connection broke before the run ended"))),
    Stream.takeUntil(isLast)
  )
}

const refusal = (endpoint: Endpoint, answer: Opened): RunNotFound | QueryError => {
  const missing = runNotFound(answer.json)
  return missing._tag === "Some" ? missing.value : queryError(endpoint, answer)
}
