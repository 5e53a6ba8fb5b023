/** The request that started a run, as its pipeline reads it. */
import * as Option from "effect/Option"

/**
 * The key of a caller: its id, and the rights that it has. The key itself is not known to a pipeline.
 *
 * @category models
 * @since 0.2.0
 */
export interface Caller {
  /** The name of the key in commands, logs and lists. */
  readonly keyId: string
  readonly scopes: ReadonlyArray<"invoke" | "read" | "admin">
}

/**
 * The request that started a run. A run that another trigger started has no method, no path and no headers.
 *
 * @category models
 * @since 0.2.0
 */
export interface RunRequest {
  /** `POST`. */
  readonly method: Option.Option<string>
  /** The path that the caller asked for, without the query: with the path of a mount, and with that of a trusted proxy. */
  readonly path: Option.Option<string>
  /**
   * The headers by their names in lower case. The value of a header that carries a key or a cookie is
   * {@link redacted}.
   */
  readonly headers: Readonly<Record<string, string>>
  /** The key of the caller; none if the service asks for no key. */
  readonly caller: Option.Option<Caller>
  /** The `X-Request-Id` of the request, or the one that the service gave it. */
  readonly requestId: Option.Option<string>
  /** The address of the caller: the last one in front of the proxies that the service trusts. */
  readonly remoteAddress: Option.Option<string>
}

/**
 * The value of a header that a pipeline does not see.
 *
 * @category constants
 * @since 0.2.0
 */
export const redacted = "<redacted>"

/**
 * The request of a run that no request started, or that runs outside a service.
 *
 * @category constructors
 * @since 0.2.0
 */
export const none: RunRequest = {
  method: Option.none(),
  path: Option.none(),
  headers: {},
  caller: Option.none(),
  requestId: Option.none(),
  remoteAddress: Option.none()
}

/** The headers of a request for a pipeline: several values of one name become one, and secrets are {@link redacted}. */
export const headersOf = (
  given: Readonly<Record<string, string | ReadonlyArray<string> | undefined>>
): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(given).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, secret.has(name) ? redacted : textOf(value)]]
    )
  )

// internal

/** A key may come as a subprotocol of a WebSocket, too. */
const secret: ReadonlySet<string> = new Set([
  "authorization",
  "cookie",
  "proxy-authorization",
  "sec-websocket-protocol",
  "set-cookie",
  "x-api-key"
])

const textOf = (value: string | ReadonlyArray<string>): string => (typeof value === "string" ? value : value.join(", "))
