/**
 * The run of a step or pipeline: user code publishes messages and reads the run's identity, and the serving runtime listens
 * to steps. Outside a served deployment (a unit test, a script) the current run is
 * detached: nothing is recorded and everything still works.
 */
import * as Chunk from "effect/Chunk"
import type * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { ResponseRefused } from "./Errors/Runs.js"
import * as File from "./File.js"
import { CurrentRun, type RunInfo, SignalTimedOut } from "./Run/Listener.js"
import * as Request from "./Run/Request.js"
import * as Response from "./Run/Response.js"

export {
  CurrentRun,
  type Emission,
  type FileSource,
  type InterruptionCause,
  type LogLine,
  type RunInfo,
  type RunListener,
  type RunOperations,
  SignalTimedOut,
  type StepCall,
  type StepHandling,
  type StepObserver
} from "./Run/Listener.js"
export { type Caller, type RunRequest, redacted } from "./Run/Request.js"
export type { RespondOptions, RunResponse } from "./Run/Response.js"

/**
 * Publishes a JSON message on the current run: it is stored with the run and streamed to its followers. Does
 * nothing outside a served run.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Run } from "effect-deployers"
 *
 * const program = Run.publish({ progress: 0.5 }).pipe(Effect.as("half way"))
 * ```
 *
 * @category running
 * @since 0.1.0
 */
export const publish = (data: unknown): Effect.Effect<void> =>
  Effect.flatMap(CurrentRun, (listener) => listener.published(data))

/**
 * The identity of the current run, or `undefined` outside a served run.
 *
 * @category accessors
 * @since 0.1.0
 */
export const info: Effect.Effect<RunInfo | undefined> = Effect.map(CurrentRun, (listener) => listener.info)

/**
 * The session that the current run belongs to, or `undefined` if it has none, or outside a served run. `Session` keeps
 * values by session.
 *
 * @category accessors
 * @since 0.1.0
 */
export const session: Effect.Effect<string | undefined> = Effect.map(CurrentRun, (listener) => listener.session)

/**
 * The request that started the current run: method, path, headers, the key of the caller with its scopes, the id of the
 * request and the address of the caller. The parts are absent outside a served run, and in a run that another trigger
 * started.
 *
 * **Details**
 *
 * Keys and cookies are redacted: `authorization` and `cookie` have the value {@link redacted}. The request is not recorded
 * with the run; a pipeline that needs a part of it later takes it as a parameter, or publishes it.
 *
 * @example
 * ```ts
 * import { Effect, Option } from "effect"
 * import { Run } from "effect-deployers"
 *
 * const tenant = Effect.map(Run.request, ({ caller, headers }) => ({
 *   tenant: headers["x-tenant"] ?? "none",
 *   isAdmin: Option.exists(caller, ({ scopes }) => scopes.includes("admin"))
 * }))
 * ```
 *
 * @category accessors
 * @since 0.2.0
 */
export const request: Effect.Effect<Request.RunRequest> = Effect.map(
  CurrentRun,
  (listener) => listener.request ?? Request.none
)

/**
 * Sets the status and headers of the response to the current run, for a run that succeeds. Calls add up; the later value
 * of a status or a header counts. Outside a served run the values are checked and have no other effect.
 *
 * **Details**
 *
 * The record of the run has both, and a caller that repeats the request with its idempotency key gets them again. A run
 * that fails answers with the status of its failure and without these headers. A caller that does not wait
 * (`Prefer: respond-async`), or that follows the events, has its answer before; the record has the values all the same.
 *
 * @param options the status (200 to 299 without 202, 204, 205 and 206) and the headers. Fails with `ResponseRefused` for
 *   another status, for a header that the service decides, such as `content-type`, and for one that is not valid.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Run } from "effect-deployers"
 *
 * const created = (id: string) =>
 *   Run.respond({ status: 201, headers: { location: `/orders/${id}` } }).pipe(Effect.orDie, Effect.as({ id }))
 * ```
 *
 * @category running
 * @since 0.2.0
 */
export const respond = (options: Response.RespondOptions): Effect.Effect<void, ResponseRefused> =>
  Effect.flatMap(CurrentRun, (listener) =>
    listener.respond === undefined
      ? Either.map(Response.merged(Response.initial, options), () => undefined)
      : listener.respond(options)
  )

/**
 * Writes a file of the run while its bytes come, and takes their digest: for outputs that are too large for memory. In a served
 * run the file is in the folder of the run, which is removed when the run has ended, and the serving setting `maxOutputBytes`
 * limits it. Outside a served run it is in memory.
 *
 * @param options its name, default `file`, and its content type, default `application/octet-stream`
 *
 * @example
 * ```ts
 * import { Schema, Stream } from "effect"
 * import { Output, Pipeline, Run } from "effect-deployers"
 *
 * export const table = Pipeline.make("table", {
 *   input: Schema.Struct({ rows: Schema.Int }),
 *   output: Output.file({ contentType: "text/csv" }),
 *   settings: { maxOutputBytes: 1_000_000_000 },
 *   run: ({ rows }) =>
 *     Run.writeFile(Stream.encodeText(Stream.map(Stream.range(1, rows), (row) => `${row},${row * row}\n`)), {
 *       name: "squares.csv",
 *       contentType: "text/csv"
 *     })
 * })
 * ```
 *
 * @category running
 * @since 0.2.0
 */
export const writeFile = <E, R>(
  content: Stream.Stream<Uint8Array, E, R>,
  options: { readonly name?: string | undefined; readonly contentType?: string | undefined } = {}
): Effect.Effect<File.File, E, R> =>
  Effect.contextWithEffect((context: Context.Context<R>) =>
    Effect.flatMap(CurrentRun, (listener) => {
      const { contentType = File.defaultContentType, name = "file" } = options
      return listener.writeFile === undefined
        ? Effect.flatMap(collected(content), (bytes) => File.fromBytes(bytes, { name, contentType }))
        : listener.writeFile({ name, contentType, content: Stream.provideContext(content, context) })
    })
  )

/**
 * Runs an effect once in the life of the run, and returns what it returned. In a service with `recovery: "resume"` the value
 * is on record before the run continues, and a run that goes on in another process gets the recorded one. Use it for what
 * differs between two executions of the same code: a random number, an id, a time. A failure is not recorded.
 *
 * @param name The operation in the record of the run; a run may use a name several times.
 * @param schema The Schema of the value, whose encoded side is recorded.
 *
 * @example
 * ```ts
 * import { Effect, Random, Schema } from "effect"
 * import { Run } from "effect-deployers"
 *
 * const lottery = Run.once("winner", Schema.Int, Random.nextIntBetween(1, 50))
 * ```
 *
 * @category durable runs
 * @since 0.1.0
 */
export const once = <A, I, E, R>(
  name: string,
  schema: Schema.Schema<A, I>,
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.flatMap(CurrentRun, ({ operations }) =>
    operations === undefined ? effect : operations.once(name, schema, effect)
  )

/**
 * The time of the first execution, as {@link once} records it.
 *
 * @category durable runs
 * @since 0.1.0
 */
export const now: Effect.Effect<DateTime.Utc> = Effect.suspend(() => once("now", Schema.DateTimeUtc, DateTime.now))

/**
 * A random UUID, as {@link once} records it: a key for requests to other services that a second execution must not repeat.
 *
 * @category durable runs
 * @since 0.1.0
 */
export const uuid: Effect.Effect<string> = Effect.suspend(() =>
  once(
    "uuid",
    Schema.String,
    Effect.sync(() => globalThis.crypto.randomUUID())
  )
)

/**
 * Sleeps, for days if need be. In a service with `recovery` the end of the sleep is on record: a run that goes on in another
 * process sleeps for the rest of the time. The deadline of the run does not count the time, and a run that only sleeps has no
 * place among the concurrent runs.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Run } from "effect-deployers"
 *
 * const reminder = Run.sleep("3 days").pipe(Effect.as("It is time."))
 * ```
 *
 * @category durable runs
 * @since 0.1.0
 */
export const sleep = (duration: Duration.DurationInput): Effect.Effect<void> =>
  Effect.flatMap(CurrentRun, ({ operations }) =>
    operations === undefined ? Effect.sleep(duration) : operations.sleep(Duration.decode(duration))
  )

/**
 * Waits for a signal: a message that `POST /runs/{id}/signals/{name}`, `Client.signal` or `deployers signal` sends to the run.
 *
 * **Details**
 *
 * The body of the signal is decoded by the Schema. A signal that arrives before the wait is kept; each wait takes one. With
 * `timeout` the wait fails with {@link SignalTimedOut} at its end. In a service with `recovery` the received signal is on
 * record, as is the end of the timeout. The deadline of the run does not count the time of the wait, and a run that only waits
 * has no place among the concurrent runs.
 *
 * Outside a served run no signal arrives.
 *
 * @example
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { Run } from "effect-deployers"
 *
 * const Approval = Schema.Struct({ by: Schema.String, isApproved: Schema.Boolean })
 *
 * const approved = Run.waitFor("approval", Approval, { timeout: "3 days" }).pipe(
 *   Effect.map(({ isApproved }) => isApproved),
 *   Effect.catchTag("SignalTimedOut", () => Effect.succeed(false))
 * )
 * ```
 *
 * @category durable runs
 * @since 0.1.0
 */
export const waitFor: {
  <A, I>(name: string, schema: Schema.Schema<A, I>, options?: { readonly timeout?: undefined }): Effect.Effect<A>
  <A, I>(
    name: string,
    schema: Schema.Schema<A, I>,
    options: { readonly timeout: Duration.DurationInput }
  ): Effect.Effect<A, SignalTimedOut>
} = <A, I>(
  name: string,
  schema: Schema.Schema<A, I>,
  options?: { readonly timeout?: Duration.DurationInput | undefined }
): Effect.Effect<A> => {
  const timeout = options?.timeout === undefined ? undefined : Duration.decode(options.timeout)
  const waiting: Effect.Effect<A, SignalTimedOut> = Effect.flatMap(CurrentRun, ({ operations }) =>
    operations === undefined ? unsignalled(name, timeout) : operations.waitFor(name, schema, timeout)
  )
  // Without a timeout none of the waits fails.
  return waiting as Effect.Effect<A>
}

// internal

const collected = <E, R>(content: Stream.Stream<Uint8Array, E, R>): Effect.Effect<Uint8Array, E, R> =>
  Effect.map(Stream.runCollect(content), (slices) => {
    const bytes = new Uint8Array(Chunk.reduce(slices, 0, (size, slice) => size + slice.length))
    let at = 0
    for (const slice of slices) {
      bytes.set(slice, at)
      at += slice.length
    }
    return bytes
  })

const unsignalled = (signal: string, timeout: Duration.Duration | undefined): Effect.Effect<never, SignalTimedOut> =>
  timeout === undefined
    ? Effect.never
    : Effect.delay(
        Effect.suspend(() => Effect.fail(new SignalTimedOut({ signal, timeoutMillis: Duration.toMillis(timeout) }))),
        timeout
      )
