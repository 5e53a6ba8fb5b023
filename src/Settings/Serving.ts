/** The serving settings of a pipeline, the only settings that a served process receives. */
import * as Schema from "effect/Schema"
import { About, LogLevel } from "./About.js"
import { count, withDefault } from "./Fields.js"
import { HostPattern, ProxyAddress } from "./Network.js"
import { Cors, SecureHeaders } from "./ResponseHeaders.js"
import { StaticFiles } from "./StaticFiles.js"
import { defaultDrainMillis } from "./StopGrace.js"
import { Webhooks } from "./Webhooks.js"

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

/** A URL in its place would stand in the arguments of a command. */
const SecretName = Schema.String.pipe(
  Schema.pattern(/^[A-Za-z_][A-Za-z0-9_]*$/, {
    message: () =>
      "must be the name of a secret: letters, digits and underscores, not starting with a digit; store the URL with `deployers secret set NAME`"
  })
)

/** The number of steps of a run that a run store can keep. */
const mostSteps = 1_048_576

/** A line with a time, a level and the ids of a run has room in it. */
const minLogLineBytes = 1_024

/**
 * The settings of serving over HTTP. Every field has a default, so `{}` is complete.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Serving = Schema.Struct({
  /** Prefix of every path; default none. */
  rootUrlPath: withDefault(UrlPath, ""),
  /** Prefix of the API paths (invoke, runs, sessions, schedules, triggers, mcp, health, info, metrics, proof), after `rootUrlPath`; default none. */
  apiUrlPath: withDefault(UrlPath, ""),
  /** Default `/invoke`. */
  invokeUrlPath: withDefault(UrlPath, "/invoke"),
  /** Default `/runs`. */
  runsUrlPath: withDefault(UrlPath, "/runs"),
  /** Default `/sessions`. */
  sessionsUrlPath: withDefault(UrlPath, "/sessions"),
  /** Default `/schedules`. */
  schedulesUrlPath: withDefault(UrlPath, "/schedules"),
  /** Default `/triggers`. */
  triggersUrlPath: withDefault(UrlPath, "/triggers"),
  /** Default `/webhooks`. */
  webhooksUrlPath: withDefault(UrlPath, "/webhooks"),
  /** The path of the Model Context Protocol; default `/mcp`. */
  mcpUrlPath: withDefault(UrlPath, "/mcp"),
  /** The path of health, with liveness and readiness below it; default `/health`. It cannot be switched off: deploying depends on it. */
  healthUrlPath: withDefault(UrlPath, "/health"),
  /** Default `/info`. */
  infoUrlPath: withDefault(UrlPath, "/info"),
  /** Default `/metrics`. */
  metricsUrlPath: withDefault(UrlPath, "/metrics"),
  /** Default `/docs`. */
  docsUrlPath: withDefault(UrlPath, "/docs"),
  /** Default `/openapi.json`. */
  openApiUrlPath: withDefault(UrlPath, "/openapi.json"),
  /** The path of the deployment's page; default `/`. */
  pageUrlPath: withDefault(UrlPath, "/"),
  /** The path of the proof of a service; default `/proof`. It cannot be switched off: callers ask for the proof before they send a key. */
  proofUrlPath: withDefault(UrlPath, "/proof"),
  /**
   * Endpoints that are switched off; default none. `docs` covers the documentation and the OpenAPI document, `page` is the
   * deployment's page. `mcp` and `page` are off without `invoke`, too.
   */
  disabledEndpoints: withDefault(
    Schema.Array(
      Schema.Literal(
        "invoke",
        "runs",
        "sessions",
        "schedules",
        "triggers",
        "webhooks",
        "mcp",
        "info",
        "metrics",
        "docs",
        "page"
      )
    ),
    []
  ),
  /**
   * Endpoints besides invoke and runs that also ask for the key; default none. The page holds no data and asks for the key
   * itself; a browser cannot send the key to open a page.
   */
  protectedEndpoints: withDefault(Schema.Array(Schema.Literal("info", "metrics", "docs", "page")), []),
  /**
   * Endpoints that ask for no key although the service has one; default none. `runs` are the list, the records and their
   * events; cancelling asks for the key all the same.
   */
  publicEndpoints: withDefault(Schema.Array(Schema.Literal("invoke", "runs")), []),
  /**
   * `durable` (default): every run is on disk before it is answered. `relaxed`: every run has reached its file before it is
   * answered, so a crash of the process loses nothing, and a loss of power may lose the last moments. `none`: runs are kept
   * nowhere, and there are no endpoints that list them.
   */
  recording: withDefault(Schema.Literal("durable", "relaxed", "none"), "durable"),
  /**
   * The secret with the URL of a PostgreSQL database, `postgres://user:password@host/database`, that keeps the runs of the
   * service; the instances of a deployment share it. Default: a file of the instance. The service gets the secret without a row
   * of its own in `secrets`.
   */
  runStoreSecret: Schema.optional(SecretName),
  /**
   * The runs of a process that ended before them, by a crash, a redeploy or a move. `fail` (default): they are interrupted.
   * `rerun`: the next process runs them again from their start. `resume`: it goes on after their recorded steps, which are not
   * executed again. It needs recorded runs: with `recording: "none"` it has no effect.
   */
  recovery: withDefault(Schema.Literal("fail", "rerun", "resume"), "fail"),
  /**
   * `step`: the result of a step is on record before the run continues. `run`: the results of steps are recorded soon, and with
   * the end of the run at the latest. Default `step` for `recovery: "resume"`, else `run`.
   */
  durability: Schema.optional(Schema.Literal("run", "step")),
  /**
   * Processes that may die with a run before it fails with `RunNotRecovered`; default 5. With `recovery: "resume"` the result of
   * a step sets the count back.
   */
  maxRecoveries: withDefault(count(0), 5),
  /** False starts no runs by the schedules of the pipeline, as for a copy of a deployment that must not repeat them; default true. */
  runSchedules: withDefault(Schema.Boolean, true),
  /** False consumes no messages by the triggers of the pipeline; default true. */
  runTriggers: withDefault(Schema.Boolean, true),
  /** URLs that the service calls when a run ends; default none. */
  webhooks: Schema.optional(Webhooks),
  /** Number of the newest runs to keep; older runs that ended are removed. Default all. */
  keepRuns: Schema.optional(count(1)),
  /** Time to keep a run that ended, from its start, in milliseconds; default for ever. */
  keepRunsMillis: Schema.optional(count(1)),
  /** Largest request body in bytes, counted while it streams in; default 1 MiB. */
  maxBodyBytes: withDefault(count(1), 1_048_576),
  /** Deepest JSON nesting accepted; default 64. */
  maxJsonDepth: withDefault(count(1), 64),
  /** Largest outputs of a run in bytes, as JSON; default 4 MiB. A run with larger ones fails. */
  maxOutputBytes: withDefault(count(1), 4_194_304),
  /** Largest typed failure of a run or a step in bytes, as JSON; default 1 MiB. An error without data replaces a larger one. */
  maxErrorBytes: withDefault(count(1), 1_048_576),
  /** Largest published message and largest recorded output of a step in bytes, as JSON; default 1 MiB. */
  maxEventBytes: withDefault(count(1), 1_048_576),
  /**
   * Most bytes that one run records before its end: its messages, the outputs of its steps and their failures; default
   * 16 MiB.
   */
  maxRunBytes: withDefault(count(1), 16_777_216),
  /** Most recorded calls of steps in one run; default 10,000. */
  maxStepsPerRun: withDefault(Schema.Int.pipe(Schema.between(0, mostSteps)), 10_000),
  /** Most events of one run: two for each call of a step, and its messages; default 100,000. */
  maxEventsPerRun: withDefault(count(0), 100_000),
  /** Most streams of events that are open at once; beyond it callers get 503 with Retry-After. Default 1,000. */
  maxStreams: withDefault(count(0), 1_000),
  /** Longest line of the log in bytes; longer ones are cut, with a mark. Default 64 KiB. */
  maxLogLineBytes: withDefault(count(minLogLineBytes), 65_536),
  /**
   * Most bytes of log lines that are kept with a run; further ones are in the log of the service only; default 256 KiB. 0
   * keeps none.
   */
  maxRunLogBytes: withDefault(count(0), 262_144),
  /**
   * Outputs of steps that take more bytes as JSON are artifacts: the store of artifacts keeps them by their content, and the
   * record of the run has their digest. Default none: every output is in the record, and `maxEventBytes` limits it.
   */
  artifactBytes: Schema.optional(count(1)),
  /** Largest output of a step in bytes, as JSON, with `artifactBytes`; default 64 MiB. */
  maxArtifactBytes: withDefault(count(1), 67_108_864),
  /** Deadline of a run if the caller sets none, in milliseconds; default 300,000. */
  requestTimeoutMillis: withDefault(count(1), 300_000),
  /** Most concurrent runs; default 256. */
  maxConcurrency: withDefault(count(1), 256),
  /**
   * Runs waiting for a place, or for others to have computed; beyond it callers get 429 with Retry-After. Default 1,024.
   */
  maxQueue: withDefault(count(0), 1_024),
  /**
   * Time that an idle connection stays open, in milliseconds; default 75,000. It has to be longer than the idle time of a
   * proxy in front, so that the proxy closes first: 60 seconds for nginx and the load balancers of AWS.
   */
  keepAliveTimeoutMillis: withDefault(count(1), 75_000),
  /** Time for the headers of a request to arrive, in milliseconds; default 10,000. */
  headersTimeoutMillis: withDefault(count(1), 10_000),
  /** Time for a whole request to arrive, its body included, in milliseconds; default 30,000. */
  receiveTimeoutMillis: withDefault(count(1), 30_000),
  /** Requests on one connection, after which the service closes it; default no limit. */
  maxRequestsPerConnection: Schema.optional(count(1)),
  /**
   * Names that the `Host` header may have, such as `api.example.com` or `*.example.com`; default any, and only names of
   * this machine for a service without a key on a loopback address. Names of this machine are always accepted, and health
   * is answered under any name.
   */
  allowedHosts: withDefault(Schema.Array(HostPattern), []),
  /**
   * Addresses of proxies whose `X-Forwarded-For`, `-Host`, `-Proto` and `-Prefix` are believed: an address, a subnet such
   * as `10.0.0.0/8`, or `loopback`; default none.
   */
  trustedProxies: withDefault(Schema.Array(ProxyAddress), []),
  /** The rules for web pages of other origins; default none, so that browsers keep other pages out. */
  cors: Schema.optional(Cors),
  /** Headers of every response that make browsers careful. */
  secureHeaders: withDefault(SecureHeaders, Schema.decodeSync(SecureHeaders)({})),
  /** Files that the service serves, such as a built single-page app; default none. */
  static: Schema.optional(StaticFiles),
  /** The service in words, for the OpenAPI document and the pages. */
  about: withDefault(About, {}),
  /**
   * The least level of log entries that the service writes; default `info`, or that of the program around a service inside
   * one.
   */
  logLevel: Schema.optional(LogLevel),
  /** Compresses responses of a kilobyte or more for callers that accept Brotli or gzip; default true. */
  compression: withDefault(Schema.Boolean, true),
  /**
   * The end of a process after an error that no run catches, such as a throw in a timer or a rejection that nothing awaits.
   * `restart` (default): it finishes its runs within `drainTimeoutMillis`, ends, and is started again; of several workers only
   * this one. `continue`: it logs the error and serves on, with the state that the error has left.
   */
  onUncaughtError: withDefault(Schema.Literal("restart", "continue"), "restart"),
  /**
   * Time for running runs to finish after SIGTERM, in milliseconds; default 25,000, and five sixths of a `stopGraceMillis` that
   * is shorter than usual.
   */
  drainTimeoutMillis: withDefault(count(0), defaultDrainMillis),
  /**
   * Processes that serve together behind the one port; default 1, which needs no process beside it. The limits above are
   * those of the service: they are shared out, and there are never more workers than runs that may be in flight, or streams
   * that may be open.
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
 * The number of serving processes: as set, and at most one for each concurrent run and for each open stream, so that each has a
 * share of both. A service without streams has no share of them.
 *
 * @category accessors
 * @since 0.1.0
 */
export const workersOf = ({
  maxConcurrency,
  maxStreams,
  workers
}: Pick<Serving, "maxConcurrency" | "maxStreams" | "workers">): number =>
  Math.min(workers, maxConcurrency, maxStreams === 0 ? workers : maxStreams)

/**
 * The effective recovery of a service: a service that records no runs has none.
 *
 * @category accessors
 * @since 0.1.0
 */
export const recoveryOf = ({ recording, recovery }: Pick<Serving, "recording" | "recovery">): Serving["recovery"] =>
  recording === "none" ? "fail" : recovery

/**
 * True if the result of a step is on record before its run continues.
 *
 * @category accessors
 * @since 0.1.0
 */
export const storesEachStep = ({
  durability,
  recording,
  recovery
}: Pick<Serving, "durability" | "recording" | "recovery">): boolean =>
  recording !== "none" && (durability ?? (recovery === "resume" ? "step" : "run")) === "step"

/**
 * Serving settings as users write them: every field is optional.
 *
 * @category models
 * @since 0.1.0
 */
export type ServingInput = typeof Serving.Encoded
