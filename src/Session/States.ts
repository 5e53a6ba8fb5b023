/** The stored states of sessions, as runs reach them: the serving runtime gives its store, and tests one in memory. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { SessionUnavailable } from "../Errors/Sessions.js"

/**
 * A state as it is stored.
 *
 * @category models
 * @since 0.1.0
 */
export interface StoredState {
  /** The encoded value. */
  readonly value: unknown
  readonly version: number
}

/**
 * The stored states of sessions.
 *
 * @category models
 * @since 0.1.0
 */
export interface SessionStates {
  /** The session of runs that have none of their own; a served run never uses it. */
  readonly session: string | undefined
  /** A state; `undefined` if there is none, or if its time is over. */
  readonly read: (session: string, name: string) => Effect.Effect<StoredState | undefined, SessionUnavailable>
  /**
   * Writes a state and returns its new version. With a version it writes nothing and returns none if the state has another
   * one; the version 0 stands for a state that does not exist.
   */
  readonly write: (state: {
    readonly session: string
    readonly name: string
    /** The encoded value as JSON. */
    readonly text: string
    readonly version: number | undefined
    readonly ttlMillis: number | undefined
  }) => Effect.Effect<Option.Option<number>, SessionUnavailable>
  /** Removes a state, if it exists. */
  readonly remove: (session: string, name: string) => Effect.Effect<void, SessionUnavailable>
}

/**
 * The states that the current run uses. The serving runtime provides them; outside of a service every use fails with
 * `SessionUnavailable`. It has a default, so it never shows up in `R`.
 *
 * @category services
 * @since 0.1.0
 */
export class Sessions extends Context.Reference<Sessions>()("effect-deployers/Session/Sessions", {
  defaultValue: (): SessionStates => absent
}) {}

/**
 * States in memory, for tests of pipelines without a service. They do not end.
 *
 * @param session The session of runs; default none.
 *
 * @example
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { Session } from "effect-deployers"
 *
 * const visits = Session.make("visits", Schema.Number)
 *
 * const test = visits
 *   .update((count = 0) => count + 1)
 *   .pipe(Effect.repeatN(1), Effect.provide(Session.layerMemory("ada")))
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layerMemory = (session?: string): Layer.Layer<never> =>
  Layer.unwrapEffect(Effect.sync(() => Layer.succeed(Sessions, inMemory(session)))) as Layer.Layer<never>

// internal

const unavailable = (name: string) =>
  Effect.fail(
    new SessionUnavailable({
      name,
      reason: "this program is not a service; in a test, provide `Session.layerMemory`"
    })
  )

const absent: SessionStates = {
  session: undefined,
  read: (_, name) => unavailable(name),
  write: ({ name }) => unavailable(name),
  remove: (_, name) => unavailable(name)
}

const inMemory = (session: string | undefined): SessionStates => {
  const states = new Map<string, { readonly text: string; readonly version: number }>()
  let last = 0
  const keyOf = (session: string, name: string) => JSON.stringify([session, name])
  return {
    session,
    read: (session, name) =>
      Effect.sync(() => {
        const found = states.get(keyOf(session, name))
        return found === undefined ? undefined : { value: JSON.parse(found.text) as unknown, version: found.version }
      }),
    write: ({ name, session, text, version }) =>
      Effect.sync(() => {
        const key = keyOf(session, name)
        if (version !== undefined && version !== (states.get(key)?.version ?? 0)) return Option.none()
        states.set(key, { text, version: ++last })
        return Option.some(last)
      }),
    remove: (session, name) => Effect.sync(() => void states.delete(keyOf(session, name)))
  }
}
