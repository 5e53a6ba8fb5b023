/**
 * State that outlives a run: typed values by session, such as the messages of a conversation, which later runs of the same
 * session read and change.
 *
 * **Details**
 *
 * A run belongs to the session that its caller names in the header `Session-Id`, or that the pipeline reads from its
 * parameters (`session` of `Pipeline.make`). All workers and versions of a deployment share the states. Each write has a
 * version, so a run never overwrites what another one wrote since it read.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import {
  SessionConflict,
  SessionMisfit,
  SessionMissing,
  SessionTooLarge,
  SessionUnavailable
} from "./Errors/Sessions.js"
import * as StrictJson from "./Internal/StrictJson.js"
import { CurrentRun } from "./Run.js"
import * as Misfit from "./Session/Misfit.js"
import { type SessionStates, Sessions } from "./Session/States.js"

export {
  SessionConflict,
  SessionMisfit,
  SessionMissing,
  SessionTooLarge,
  SessionUnavailable
} from "./Errors/Sessions.js"
export { layerMemory, type SessionStates, Sessions, type StoredState } from "./Session/States.js"

/**
 * Failures of reading a state.
 *
 * @category errors
 * @since 0.1.0
 */
export type ReadError = SessionMissing | SessionMisfit | SessionUnavailable

/**
 * Failures of changing a state.
 *
 * @category errors
 * @since 0.1.0
 */
export type WriteError = ReadError | SessionConflict | SessionTooLarge

/**
 * The failures of sessions as a schema, for the `error` of a pipeline that lets them pass: each answers with its own HTTP
 * status.
 *
 * @example
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { Pipeline, Session } from "effect-deployers"
 *
 * const visits = Session.make("visits", Schema.Number)
 *
 * export const greet = Pipeline.make("greet", {
 *   input: Schema.Struct({}),
 *   output: Schema.Number,
 *   error: Session.AnyError,
 *   run: () => visits.update((count) => (count ?? 0) + 1)
 * })
 * ```
 *
 * @category errors
 * @since 0.1.0
 */
export const AnyError = Schema.Union(
  SessionMissing,
  SessionConflict,
  SessionTooLarge,
  SessionMisfit,
  SessionUnavailable
)

/**
 * A state and its version. A state that does not exist has the version 0.
 *
 * @category models
 * @since 0.1.0
 */
export interface Versioned<out A> {
  readonly value: A | undefined
  /** Grows with each write. */
  readonly version: number
}

/**
 * A kind of state, one value for each session.
 *
 * @category models
 * @since 0.1.0
 */
export interface Session<A> {
  /** The name under which the state is stored. */
  readonly name: string
  /** The state of the session of the current run; `undefined` if there is none yet, or if its time is over. */
  readonly get: Effect.Effect<A | undefined, ReadError>
  /** The same with its version, for {@link Session.set}. */
  readonly read: Effect.Effect<Versioned<A>, ReadError>
  /**
   * Writes the state, and returns its new version. With `version` it writes only if the state still has that version, and
   * fails with `SessionConflict` otherwise.
   */
  readonly set: (value: A, options?: { readonly version?: number | undefined }) => Effect.Effect<number, WriteError>
  /**
   * Writes what a function makes of the state, and returns it. If another run wrote meanwhile, the function is called again
   * with the newer state, so it must be pure; after 20 conflicts in a row the update fails with `SessionConflict`.
   */
  readonly update: (change: (current: A | undefined) => A) => Effect.Effect<A, WriteError>
  /** Like `update`, with an effect. Each try runs it again. */
  readonly updateEffect: <E, R>(
    change: (current: A | undefined) => Effect.Effect<A, E, R>
  ) => Effect.Effect<A, WriteError | E, R>
  /** Removes the state; a state that does not exist stays absent. */
  readonly remove: Effect.Effect<void, SessionMissing | SessionUnavailable>
  /** The same state of another session than that of the run. */
  readonly of: (session: string) => Session<A>
}

/**
 * The options of a state.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** The time after the last write at which the state is removed; default never. */
  readonly ttl?: Duration.DurationInput | undefined
  /** The largest state in bytes of JSON; default 256 KiB. */
  readonly maxBytes?: number | undefined
}

/**
 * Makes a kind of state. Two kinds with one name are the same stored state, so give each a name of its own.
 *
 * @param name The name under which it is stored, and which `GET /sessions/{id}` shows.
 * @param schema The schema of the state; its encoded side is stored.
 *
 * @example
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { Pipeline, Session } from "effect-deployers"
 *
 * const history = Session.make("history", Schema.Array(Schema.String), { ttl: "7 days" })
 *
 * export const chat = Pipeline.make("chat", {
 *   input: Schema.Struct({ conversation: Schema.String, text: Schema.String }),
 *   output: Schema.Struct({ messages: Schema.Int }),
 *   error: Session.AnyError,
 *   session: ({ conversation }) => conversation,
 *   run: ({ text }) =>
 *     Effect.map(
 *       history.update((messages = []) => [...messages, text]),
 *       (messages) => ({ messages: messages.length })
 *     )
 * })
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <A, I>(name: string, schema: Schema.Schema<A, I>, options: Options = {}): Session<A> => {
  const kind: Kind<A> = {
    name,
    decode: ParseResult.decodeUnknown(schema),
    encode: ParseResult.encodeUnknown(schema),
    ttlMillis: options.ttl === undefined ? undefined : Duration.toMillis(options.ttl),
    maxBytes: options.maxBytes ?? defaultMaxBytes
  }
  return of(kind, undefined)
}

// internal

const defaultMaxBytes = 262_144

/** A conflict means that another run made progress, so the waits are short. */
const afterConflict = Schedule.exponential("1 millis").pipe(
  Schedule.union(Schedule.spaced("50 millis")),
  Schedule.jittered,
  Schedule.intersect(Schedule.recurs(20))
)

interface Kind<A> {
  readonly name: string
  readonly decode: (json: unknown) => Effect.Effect<A, ParseResult.ParseIssue>
  readonly encode: (value: unknown) => Effect.Effect<unknown, ParseResult.ParseIssue>
  readonly ttlMillis: number | undefined
  readonly maxBytes: number
}

/** The states of the service, and the session they are asked for. */
interface Place {
  readonly states: SessionStates
  readonly session: string
}

const of = <A>(kind: Kind<A>, given: string | undefined): Session<A> => {
  const at = placeOf(kind.name, given)
  const read = Effect.flatMap(at, (place) => readFrom(kind, place))
  const set: Session<A>["set"] = (value, { version } = {}) =>
    Effect.flatMap(at, (place) => writeTo(kind, place, value, version))
  const updateEffect: Session<A>["updateEffect"] = (change) =>
    Effect.retry(
      Effect.flatMap(read, ({ value, version }) => Effect.tap(change(value), (next) => set(next, { version }))),
      { schedule: afterConflict, while: (error) => error instanceof SessionConflict }
    )
  return {
    name: kind.name,
    get: Effect.map(read, ({ value }) => value),
    read,
    set,
    update: (change) => updateEffect((current) => Effect.sync(() => change(current))),
    updateEffect,
    remove: Effect.flatMap(at, ({ session, states }) => states.remove(session, kind.name)),
    of: (session) => of(kind, session)
  }
}

const placeOf = (name: string, given: string | undefined): Effect.Effect<Place, SessionMissing> =>
  Effect.gen(function* () {
    const states = yield* Sessions
    const session = given ?? (yield* CurrentRun).session ?? states.session
    return session === undefined ? yield* new SessionMissing({ name }) : { states, session }
  })

const readFrom = <A>(
  { decode, name }: Kind<A>,
  { session, states }: Place
): Effect.Effect<Versioned<A>, SessionMisfit | SessionUnavailable> =>
  Effect.gen(function* () {
    const stored = yield* states.read(session, name)
    if (stored === undefined) return { value: undefined, version: 0 }
    const misfit = (issue: ParseResult.ParseIssue) => misfitOf({ session, name, operation: "read" }, issue)
    return { value: yield* Effect.mapError(decode(stored.value), misfit), version: stored.version }
  })

const writeTo = <A>(
  { encode, maxBytes, name, ttlMillis }: Kind<A>,
  { session, states }: Place,
  value: A,
  version: number | undefined
): Effect.Effect<number, SessionConflict | SessionTooLarge | SessionMisfit | SessionUnavailable> =>
  Effect.gen(function* () {
    const state = { session, name }
    const encoded = yield* Effect.mapError(encode(value), (issue) => misfitOf({ ...state, operation: "write" }, issue))
    const problem = StrictJson.problemOf(encoded)
    if (problem !== undefined) {
      const { path, reason } = problem
      return yield* new SessionMisfit({ ...state, operation: "write", field: path.map(String).join("."), reason })
    }
    const text = JSON.stringify(encoded) ?? "null"
    const actual = new TextEncoder().encode(text).byteLength
    if (actual > maxBytes) return yield* new SessionTooLarge({ ...state, maximum: maxBytes, actual })
    const written = yield* states.write({ ...state, text, version, ttlMillis })
    return Option.isSome(written) ? written.value : yield* new SessionConflict(state)
  })

const misfitOf = (
  state: Pick<SessionMisfit, "session" | "name" | "operation">,
  issue: ParseResult.ParseIssue
): SessionMisfit => new SessionMisfit({ ...state, ...Misfit.firstOf(issue) })
