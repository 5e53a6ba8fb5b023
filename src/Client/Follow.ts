/**
 * Following runs: what happens in them, as it happens.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import type { DeploymentHttpError, RunNotFound } from "../Contract/Errors.js"
import * as Routes from "../Contract/Routes.js"
import * as RunEvent from "../Contract/RunEvent.js"
import type { Endpoint, Ref } from "./Endpoints.js"
import * as Events from "./Events.js"
import { errorOf, type Opened } from "./Http.js"
import { asking, coerced, type InvokeOptions } from "./InvokeRequest.js"
import { run } from "./Queries.js"
import { type Called, callForEvents, type FindError, type Requirements, repeats } from "./Retry.js"
import { type QueryError, queryError, runNotFound, type StartError, startError } from "./Wire.js"

/**
 * What has happened in a run, and what happens in it until it has ended; `run_finished` is the last event. Following a run
 * leaves it alone: who follows may come and go.
 *
 * **Details**
 *
 * A connection that breaks off is taken up again after the last event, and a service that stops is looked for where the
 * registry leads by then; every event comes once. It is given up when nothing is heard for two seconds of trying.
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
    /** `sequence` of the last event that is known already. */
    readonly after?: number | undefined
  } = {}
): Stream.Stream<RunEvent.RunEvent, RunNotFound | QueryError | FindError<R>, Requirements<R>> =>
  Stream.unwrap(
    Effect.map(Schedule.driver(repeats), (tries) => {
      const state: State = { last: options.after ?? 0, connectedAt: undefined, hasTold: false }
      const once = Stream.unwrap(Effect.map(connect(ref, id, state), (called) => attached(ref, id, state, called)))
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
 * Runs a deployed pipeline without knowing its types, and tells what happens in the run until it has ended. A failure of
 * the pipeline is an event, too: `run_finished` says how it ended.
 *
 * **Details**
 *
 * The run is interrupted when the stream is, unless it has an idempotency key. So it is when the connection breaks off, which is a `DeploymentHttpError`;
 * nothing is repeated that may have been run. {@link start} and {@link events} are for runs that shall outlive their
 * caller.
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

/**
 * The events of a run that a call starts.
 *
 * @category following
 * @since 0.1.0
 */
export const invoked = <E, R>(
  call: Effect.Effect<Called<Opened>, E, R>
): Stream.Stream<RunEvent.RunEvent, StartError | E, R> =>
  Stream.unwrap(
    Effect.map(call, ({ answer, endpoint }): Stream.Stream<RunEvent.RunEvent, StartError> => {
      if (answer.bytes === undefined) return Stream.fail(startError(endpoint, answer))
      return Events.read(answer.bytes).pipe(
        Stream.mapError(({ error }) => error),
        Stream.mapEffect((told): Effect.Effect<RunEvent.RunEvent, StartError> => {
          switch (told._tag) {
            case "Event":
              return Effect.succeed(told.event)
            case "Unavailable":
              return Effect.fail(startError(endpoint, { status: 503, text: "", json: told.error }))
            default:
              return Effect.fail(strange(endpoint))
          }
        }),
        Stream.concat(Stream.fail(errorOf(endpoint, "its answer broke off before the run had ended"))),
        Stream.takeUntil(isLast)
      )
    })
  )

// internal

/** Where following stands, over all its connections. */
interface State {
  last: number
  /** Since when, in milliseconds; `undefined` before the first connection. */
  connectedAt: number | undefined
  /** Whether this connection told anything new. */
  hasTold: boolean
}

/** A connection that lasted or told something ends the trying: the next one that breaks off is tried anew. */
const wasWorthIt = ({ connectedAt, hasTold }: State): Effect.Effect<boolean> =>
  Effect.map(Clock.currentTimeMillis, (now) => hasTold || (connectedAt !== undefined && now - connectedAt >= 2_000))

/** The connection ended before the run; unless it can be taken up again, this is the error. */
class BrokenOff extends Data.TaggedError("BrokenOff")<{ readonly error: DeploymentHttpError }> {}

const isLast = ({ event }: RunEvent.RunEvent): boolean => event === "run_finished"

const strange = (endpoint: Endpoint): DeploymentHttpError =>
  errorOf(endpoint, "what it tells of the run is not what a deployment tells")

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
        state.hasTold = false
      })
  )

const attached = <const R extends Ref>(
  ref: R,
  id: string,
  state: State,
  { answer, endpoint }: Called<Opened>
): Stream.Stream<RunEvent.RunEvent, BrokenOff | RunNotFound | QueryError | FindError<R>, Requirements<R>> => {
  if (answer.bytes === undefined) return Stream.fail(refusal(endpoint, answer))
  const broken = (reason: string) => new BrokenOff({ error: errorOf(endpoint, reason) })
  const unfinished = Effect.suspend(() => Effect.fail(broken("its answer broke off before the run had ended")))
  // A run that ended before the position asked for has nothing more to tell.
  const ended = Effect.suspend(() =>
    state.hasTold
      ? unfinished
      : Effect.flatMap(run(ref, id), ({ status }) =>
          RunEvent.isGoing(status) ? unfinished : Effect.succeed(Stream.empty)
        )
  )
  return Events.read(answer.bytes).pipe(
    Stream.mapError(({ error }) => new BrokenOff({ error })),
    Stream.mapEffect((told): Effect.Effect<RunEvent.RunEvent, BrokenOff | QueryError> => {
      switch (told._tag) {
        case "Event":
          return Effect.succeed(told.event)
        case "Shutdown":
          return Effect.fail(broken("it stops, and nobody else knows the run yet"))
        case "Unavailable":
          return Effect.fail(queryError(endpoint, { status: 503, text: "", json: told.error }))
        case "Strange":
          return Effect.fail(strange(endpoint))
      }
    }),
    Stream.filter(({ sequence }) => sequence > state.last),
    Stream.tap(({ sequence }) =>
      Effect.sync(() => {
        state.last = sequence
        state.hasTold = true
      })
    ),
    Stream.concat(Stream.unwrap(ended)),
    Stream.takeUntil(isLast)
  )
}

const refusal = (endpoint: Endpoint, answer: Opened): RunNotFound | QueryError => {
  const missing = runNotFound(answer.json)
  return missing._tag === "Some" ? missing.value : queryError(endpoint, answer)
}
