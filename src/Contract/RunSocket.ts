/** The WebSocket of a run as data: its subprotocols, its messages in both directions, and its close codes. */
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as Schema from "effect/Schema"
import { refuse, wholeNumber } from "./Query.js"

/**
 * The subprotocol of the messages. A client that offers subprotocols names it first.
 *
 * @category constants
 * @since 0.2.0
 */
export const protocol = "deployers.run.v1"

/**
 * The beginning of the subprotocol that has the key.
 *
 * @category constants
 * @since 0.2.0
 */
export const keyPrefix = "deployers.key."

/**
 * The subprotocols that a client offers. A browser sets no header on a WebSocket, and a key in a URL ends up in logs, so the
 * key travels as a second subprotocol, in base64url. The service never selects that one, so it is in no response.
 *
 * @category constructors
 * @since 0.2.0
 */
export const protocolsOf = (key: string | undefined): Array<string> =>
  key === undefined ? [protocol] : [protocol, `${keyPrefix}${Encoding.encodeBase64Url(key)}`]

/**
 * The key in the header `Sec-WebSocket-Protocol`.
 *
 * @category accessors
 * @since 0.2.0
 */
export const keyIn = (header: string): string | undefined => {
  const offered = offeredIn(header).find((name) => name.startsWith(keyPrefix))
  if (offered === undefined) return undefined
  return Either.getOrUndefined(Encoding.decodeBase64UrlString(offered.slice(keyPrefix.length)))
}

/**
 * True if a client that sends the header `Sec-WebSocket-Protocol` understands the messages.
 *
 * @category guards
 * @since 0.2.0
 */
export const isOffered = (header: string): boolean => offeredIn(header)[0] === protocol

/**
 * The query of `GET /runs/{id}/socket`.
 *
 * @category schemas
 * @since 0.2.0
 */
export const SocketQuery = Schema.Struct({
  /** Id of the last event that the client has; the events start after it. */
  after: Schema.optionalWith(
    wholeNumber(Schema.nonNegative()).annotations({
      ...refuse("must be the id of an event, a whole number"),
      jsonSchema: { type: "integer", minimum: 0, default: 0 }
    }),
    { default: () => 0 }
  )
})

/** The mark of a command, which its reply repeats. */
const ref = Schema.optional(
  Schema.Union(Schema.String.pipe(Schema.maxLength(200)), Schema.Finite).annotations(
    refuse("must be a number, or a text of at most 200 characters")
  )
)

/**
 * A message of a client: a signal to the run, or its cancelling.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Command = Schema.Struct({
  /** The name of the signal. */
  signal: Schema.optional(Schema.String),
  /** The body of the signal; default null. */
  body: Schema.optional(Schema.Unknown),
  cancel: Schema.optional(Schema.Literal(true).annotations(refuse("must be true"))),
  ref
}).pipe(
  Schema.filter(({ cancel, signal }) =>
    (signal === undefined) === (cancel === undefined) ? 'must have either "signal" or "cancel"' : undefined
  )
)

export type Command = typeof Command.Type

/**
 * The reply to a command: `accepted` has its kind, `refused` has the error that the same request over HTTP is answered with.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Reply = Schema.Union(
  Schema.Struct({ accepted: Schema.Literal("signal", "cancel"), ref }),
  Schema.Struct({ refused: Schema.Unknown, ref })
)

export type Reply = typeof Reply.Type

/**
 * The codes with which the service closes the connection, besides those of the protocol itself: 1002 for a frame that is not
 * valid, 1007 for text that is not UTF-8.
 *
 * @category constants
 * @since 0.2.0
 */
export const closeCodes = {
  /** The run has ended, and the client has all of its events. */
  ended: 1000,
  /** The service stops. The client connects again and continues after its last event. */
  leaving: 1001,
  /** A message was bytes instead of text. */
  binary: 1003,
  /** The client reads too slowly. It may continue after its last event. */
  slow: 1008,
  /** A message was larger than `maxBodyBytes`. */
  tooLarge: 1009,
  /** The events cannot be read at present. */
  unavailable: 1013
} as const

// internal

const offeredIn = (header: string): ReadonlyArray<string> => header.split(",").map((name) => name.trim())
