/** Sessions as the service answers them. */
import * as Schema from "effect/Schema"
import { cursorProblem, pageLimit, refuse } from "./Query.js"

/**
 * The id of a session, which its caller chooses: 1 to 200 letters, digits and `. _ ~ : @ + = -`, the first one a letter or
 * a digit.
 *
 * @category schemas
 * @since 0.1.0
 */
export const SessionId = Schema.String.pipe(Schema.pattern(/^[A-Za-z0-9][A-Za-z0-9._~:@+=-]{0,199}$/))

/**
 * The reason for refusing an id that is not one of a session.
 *
 * @category constants
 * @since 0.1.0
 */
export const sessionIdProblem =
  "must have 1 to 200 letters, digits and . _ ~ : @ + = -, and begin with a letter or a digit"

const times = {
  createdAt: Schema.DateTimeUtc,
  updatedAt: Schema.DateTimeUtc,
  /** The time at which it is removed; absent if it stays. */
  expiresAt: Schema.optional(Schema.DateTimeUtc)
}

/**
 * One state of a session.
 *
 * @category schemas
 * @since 0.1.0
 */
export const SessionState = Schema.Struct({
  /** The name that `Session.make` gave it. */
  name: Schema.String,
  /** Grows with each write. */
  version: Schema.Int,
  /** The encoded value. */
  value: Schema.Unknown,
  ...times
})

export type SessionState = typeof SessionState.Type

/**
 * A session in a list, without its values.
 *
 * @category schemas
 * @since 0.1.0
 */
export const SessionSummary = Schema.Struct({
  id: Schema.String,
  /** The names of its states. */
  states: Schema.Array(Schema.String),
  /** The bytes of its values as JSON. */
  bytes: Schema.Int,
  ...times
})

export type SessionSummary = typeof SessionSummary.Type

/**
 * A session with its states, by their names.
 *
 * @category schemas
 * @since 0.1.0
 */
export const SessionRecord = Schema.Struct({ id: Schema.String, states: Schema.Array(SessionState) })

export type SessionRecord = typeof SessionRecord.Type

/**
 * One page of `GET /sessions`, in the order of their ids.
 *
 * @category schemas
 * @since 0.1.0
 */
export const SessionPage = Schema.Struct({
  sessions: Schema.Array(SessionSummary),
  /** The `cursor` of the next page; absent on the last page. */
  nextCursor: Schema.optional(Schema.String)
})

export type SessionPage = typeof SessionPage.Type

/**
 * The query of `GET /sessions`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const SessionsQuery = Schema.Struct({
  limit: pageLimit(20, 100),
  cursor: Schema.optional(SessionId.annotations(refuse(cursorProblem)))
})
