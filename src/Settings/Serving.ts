/** The serving settings of a pipeline, the only settings that a served process receives. */
import * as Schema from "effect/Schema"
import { count, withDefault } from "./Fields.js"

/**
 * A URL path that starts with a slash and has no query, such as `/invoke`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const UrlPath = Schema.String.pipe(
  Schema.pattern(/^(\/[A-Za-z0-9._~-]+)*\/?$/, {
    message: () => 'must be a plain URL path such as "/invoke" (letters, digits, ".", "_", "~", "-")'
  })
)

/**
 * Most workers a service may have.
 *
 * @category constants
 * @since 0.1.0
 */
export const maxWorkers = 64

/**
 * The settings of serving over HTTP. Every field has a default, so `{}` is complete.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Serving = Schema.Struct({
  /** Prefix of every path; default none. */
  rootUrlPath: withDefault(UrlPath, ""),
  /** Prefix of the API paths (invoke, runs, health, info, metrics), after `rootUrlPath`; default none. */
  apiUrlPath: withDefault(UrlPath, ""),
  /** Default `/invoke`. */
  invokeUrlPath: withDefault(UrlPath, "/invoke"),
  /** Default `/runs`. */
  runsUrlPath: withDefault(UrlPath, "/runs"),
  /** Default `/health`; liveness and readiness are below it. It cannot be switched off: deploying depends on it. */
  healthUrlPath: withDefault(UrlPath, "/health"),
  /** Default `/info`. */
  infoUrlPath: withDefault(UrlPath, "/info"),
  /** Default `/metrics`. */
  metricsUrlPath: withDefault(UrlPath, "/metrics"),
  /** Default `/docs`. */
  docsUrlPath: withDefault(UrlPath, "/docs"),
  /** Default `/openapi.json`. */
  openApiUrlPath: withDefault(UrlPath, "/openapi.json"),
  /**
   * Endpoints that are switched off; default none. `docs` covers the documentation and the OpenAPI document, `page` is what
   * the root path answers.
   */
  disabledEndpoints: withDefault(Schema.Array(Schema.Literal("runs", "info", "metrics", "docs", "page")), []),
  /**
   * Endpoints besides invoke and runs that also ask for the key; default none. The page holds no data and asks for the key
   * itself; a browser cannot send the key to open a page.
   */
  protectedEndpoints: withDefault(Schema.Array(Schema.Literal("info", "metrics", "docs", "page")), []),
  /**
   * `durable` (default): every run is on disk before it is answered. `none`: runs are kept nowhere, and there are no
   * endpoints that list them.
   */
  recording: withDefault(Schema.Literal("durable", "none"), "durable"),
  /** Number of the newest runs to keep; older runs that ended are removed. Default all. */
  keepRuns: Schema.optional(count(1)),
  /** Time to keep a run that ended, from its start, in milliseconds; default for ever. */
  keepRunsMillis: Schema.optional(count(1)),
  /** Largest request body in bytes, counted while it streams in; default 1 MiB. */
  maxBodyBytes: withDefault(count(1), 1_048_576),
  /** Deepest JSON nesting accepted; default 64. */
  maxJsonDepth: withDefault(count(1), 64),
  /** Deadline of a run if the caller sets none, in milliseconds; default 300,000. */
  requestTimeoutMillis: withDefault(count(1), 300_000),
  /** Most concurrent runs; default 256. */
  maxConcurrency: withDefault(count(1), 256),
  /**
   * Runs waiting for a place, or for others to have computed; beyond it callers get 429 with Retry-After. Default 1,024.
   */
  maxQueue: withDefault(count(0), 1_024),
  /** Time for running runs to finish after SIGTERM, in milliseconds; default 25,000. */
  drainTimeoutMillis: withDefault(count(0), 25_000),
  /**
   * Processes that serve together behind the one port; default 1, which needs no process beside it. The limits above are
   * those of the service: they are shared out, and there are never more workers than runs that may be in flight.
   */
  workers: withDefault(Schema.Int.pipe(Schema.between(1, maxWorkers)), 1)
})

/**
 * Serving settings, complete.
 *
 * @category models
 * @since 0.1.0
 */
export type Serving = typeof Serving.Type

/**
 * The number of serving processes: as set, and at most one for each concurrent run.
 *
 * @category accessors
 * @since 0.1.0
 */
export const workersOf = (serving: Pick<Serving, "maxConcurrency" | "workers">): number =>
  Math.min(serving.workers, serving.maxConcurrency)

/**
 * Serving settings as users write them: every field is optional.
 *
 * @category models
 * @since 0.1.0
 */
export type ServingInput = typeof Serving.Encoded
