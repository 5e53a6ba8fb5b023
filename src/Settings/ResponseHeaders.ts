/** The headers that settings put on the responses of a service: CORS, and headers that make browsers careful. */
import * as Schema from "effect/Schema"
import { count, withDefault } from "./Fields.js"

/**
 * The origin of a web page as browsers send it, such as `https://app.example.com`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Origin = Schema.String.pipe(
  Schema.filter(
    (text) =>
      isOrigin(text) ||
      'must be an origin as browsers send it, such as "https://app.example.com": scheme and lower-case host, without a path and without a slash at the end'
  ),
  Schema.annotations({ description: "an origin" })
)

/**
 * The rules for web pages of other origins (CORS).
 *
 * @category schemas
 * @since 0.1.0
 */
export const Cors = Schema.Struct({
  /** The origins whose pages may read responses; `["*"]` stands for any, and excludes `credentials`. */
  origins: Schema.Array(Schema.Union(Schema.Literal("*"), Origin)).pipe(
    Schema.filter((origins) => {
      if (origins.length === 0) return 'must name an origin, or be ["*"]; leave "cors" out to permit none'
      return !origins.includes("*") || origins.length === 1 || '"*" stands for every origin; list it alone'
    })
  ),
  /** Methods of requests; default `GET`, `HEAD`, `POST`, `PUT`, `PATCH`, `DELETE`. */
  methods: withDefault(Schema.Array(Schema.suspend(() => Token)), ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]),
  /** Headers that requests may have, besides those that are always permitted; default those that the service reads. */
  headers: withDefault(Schema.Array(Schema.suspend(() => Token)), [
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "Last-Event-ID",
    "Mcp-Protocol-Version",
    "Mcp-Session-Id",
    "Prefer",
    "X-Request-Id",
    "traceparent"
  ]),
  /** Headers of responses that pages may read, besides those that are always readable; default those that the service sends. */
  exposedHeaders: withDefault(Schema.Array(Schema.suspend(() => Token)), [
    "ETag",
    "Location",
    "Mcp-Session-Id",
    "Preference-Applied",
    "Retry-After",
    "Server-Timing",
    "WWW-Authenticate",
    "X-Request-Id"
  ]),
  /** Permits cookies and other credentials of the browser; default false. Keys in `Authorization` do not need it. */
  credentials: withDefault(Schema.Boolean, false),
  /** Time for which a browser remembers the rules, in milliseconds; default 600,000. */
  maxAgeMillis: withDefault(count(0), 600_000)
}).pipe(
  Schema.filter(({ credentials, origins }) =>
    credentials && origins.includes("*")
      ? {
          path: ["origins"],
          message:
            'must be exact origins, such as "https://app.example.com", where "credentials" is true: "*" would let every page of the web act for its reader'
        }
      : undefined
  )
)

export type Cors = typeof Cors.Type

/** A header is off, has its usual value, or has a value of one's own. */
const Header = Schema.Union(
  Schema.Boolean,
  Schema.String.pipe(
    Schema.pattern(/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/, {
      message: () => "must be true, false, or the value of the header in one line of visible ASCII characters"
    })
  )
)

/**
 * Headers of every response that make browsers careful. `true` is the usual value, `false` leaves the header out, a text
 * is the value. A response that has the header already, such as a page with its own policy, keeps it.
 *
 * @category schemas
 * @since 0.1.0
 */
export const SecureHeaders = Schema.Struct({
  /** `Server`; default false. The usual value is `effect-deployers`. */
  server: withDefault(Header, false),
  /** `Strict-Transport-Security`; default false: the service speaks HTTP. The usual value is that of two years. */
  strictTransportSecurity: withDefault(Header, false),
  /** `X-Frame-Options`; default false: `contentSecurityPolicy` has the same effect. The usual value is `DENY`. */
  frameOptions: withDefault(Header, false),
  /** `X-Content-Type-Options`; default true: `nosniff`. */
  contentTypeOptions: withDefault(Header, true),
  /** `Content-Security-Policy`; default true: `default-src 'none'; frame-ancestors 'none'`. */
  contentSecurityPolicy: withDefault(Header, true),
  /** `Referrer-Policy`; default true: `no-referrer`. */
  referrerPolicy: withDefault(Header, true),
  /** `Cache-Control`; default true: `no-store`. */
  cacheControl: withDefault(Header, true),
  /** `Permissions-Policy`; default false. The usual value forbids camera, microphone, location, payment and USB. */
  permissionsPolicy: withDefault(Header, false)
})

export type SecureHeaders = typeof SecureHeaders.Type

// internal

const Token = Schema.String.pipe(
  Schema.pattern(/^[A-Za-z0-9!#$%&'+.^_`|~-]+$/, {
    message: () => 'must be the name of a method or a header, such as "PUT" or "X-Trace"; "*" is not one'
  })
)

/** Other schemes, such as that of an app on a phone, have no port by default and no other form. */
const isOrigin = (text: string): boolean =>
  /^https?:/.test(text)
    ? URL.canParse(text) && new URL(text).origin === text
    : /^[a-z][a-z0-9+.-]*:\/\/[a-z0-9_.-]+(?::\d{1,5})?$/.test(text)
