/** Questions about the sessions of a deployment, and their removal. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { SessionNotFound } from "../Contract/Errors.js"
import * as Routes from "../Contract/Routes.js"
import { SessionPage, SessionRecord } from "../Contract/Sessions.js"
import type { Ref } from "./Endpoints.js"
import { decoded, get } from "./Queries.js"
import { type Called, call, type FindError, type Requirements } from "./Retry.js"
import { type QueryError, queryError } from "./Wire.js"

/**
 * The sessions of a deployment in the order of their ids, without their values. `limit` is at most 100.
 *
 * @category sessions
 * @since 0.1.0
 */
export const sessions = <const R extends Ref>(
  ref: R,
  options: { readonly limit?: number | undefined; readonly cursor?: string | undefined } = {}
): Effect.Effect<SessionPage, QueryError | FindError<R>, Requirements<R>> =>
  Effect.flatMap(
    get(ref, ({ serving }) => Routes.paths(serving).sessions, {
      limit: options.limit === undefined ? undefined : String(options.limit),
      cursor: options.cursor
    }),
    (called) => decoded(called, decodePage)
  )

/**
 * One session of a deployment with its states, each with its encoded value.
 *
 * @category sessions
 * @since 0.1.0
 */
export const session = <const R extends Ref>(
  ref: R,
  id: string
): Effect.Effect<SessionRecord, SessionNotFound | QueryError | FindError<R>, Requirements<R>> =>
  Effect.flatMap(
    get(ref, ({ serving }) => Routes.sessionPath(serving, id)),
    (called) => orMissing(called, decoded(called, decodeRecord))
  )

/**
 * Removes a session of a deployment with its states. Its runs stay on record. A session that does not exist is
 * `SessionNotFound`.
 *
 * @category sessions
 * @since 0.1.0
 */
export const deleteSession = <const R extends Ref>(
  ref: R,
  id: string
): Effect.Effect<void, SessionNotFound | QueryError | FindError<R>, Requirements<R>> =>
  Effect.flatMap(
    call(ref, ({ serving }) =>
      Effect.succeed({ method: "DELETE", path: Routes.sessionPath(serving, id), timeout: "30 seconds" })
    ),
    (called) =>
      orMissing(
        called,
        called.answer.status === 204 ? Effect.void : Effect.fail(queryError(called.endpoint, called.answer))
      )
  )

// internal

const decodePage = Schema.decodeUnknownOption(SessionPage)
const decodeRecord = Schema.decodeUnknownOption(SessionRecord)
const decodeMissing = Schema.decodeUnknownOption(SessionNotFound)

const orMissing = <A>(
  { answer }: Called,
  found: Effect.Effect<A, QueryError>
): Effect.Effect<A, SessionNotFound | QueryError> =>
  Option.match(decodeMissing(answer.json), { onNone: () => found, onSome: Effect.fail })
