/**
 * The states of sessions of one deployment: values by session and name, each with a version.
 *
 * **Details**
 *
 * Invariants every implementation keeps and `StoreSuite` checks: a write is on disk when it succeeds; of two writes with the
 * same expected version at most one succeeds; versions grow, also across a removal; a state whose time is over is as if it
 * did not exist.
 */
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type { SessionRecord, SessionSummary } from "../Contract/Sessions.js"
import type { StoreError } from "../Errors/Stores.js"

/**
 * Keeps the states of sessions. A part of `RunStore`.
 *
 * @category services
 * @since 0.1.0
 */
export interface SessionStore {
  /** A state: its JSON and its version. */
  readonly read: (
    session: string,
    name: string
  ) => Effect.Effect<Option.Option<{ readonly value: unknown; readonly version: number }>, StoreError>
  /**
   * Writes a state and returns its new version; none if it has another version than expected. The version 0 stands for a
   * state that does not exist; without an expected version the state is written in any case.
   */
  readonly write: (state: {
    readonly session: string
    readonly name: string
    /** The value as JSON. */
    readonly text: string
    readonly version: number | undefined
    readonly ttlMillis: number | undefined
  }) => Effect.Effect<Option.Option<number>, StoreError>
  /** Removes a state, if it exists. */
  readonly remove: (session: string, name: string) => Effect.Effect<void, StoreError>
  /** Sessions in the order of their ids, after `cursor`. */
  readonly list: (options: {
    readonly limit: number
    readonly cursor?: string | undefined
  }) => Effect.Effect<
    { readonly sessions: ReadonlyArray<SessionSummary>; readonly nextCursor: string | undefined },
    StoreError
  >
  /** A session with its states in the order of their names. */
  readonly find: (session: string) => Effect.Effect<Option.Option<SessionRecord>, StoreError>
  /** Removes a session with its states; true if it existed. */
  readonly delete: (session: string) => Effect.Effect<boolean, StoreError>
  /** Removes states whose time is over, a few hundred at most; returns the number. */
  readonly expire: Effect.Effect<number, StoreError>
}
