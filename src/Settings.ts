/**
 * What can be set about a deployment, as Schemas with their defaults. Settings are merged from four places, later ones
 * winning: library defaults < the deployer's own < the snapshot's < the call's.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

const count = (minimum: number) => Schema.Int.pipe(Schema.greaterThanOrEqualTo(minimum))
const withDefault = <A, I>(schema: Schema.Schema<A, I>, value: A) =>
  Schema.optionalWith(schema, { default: () => value })

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
 * How a pipeline is served over HTTP. Every field has a default, so `{}` is complete.
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
  /** Endpoints that are switched off; default none. `docs` covers the page and the OpenAPI document. */
  disabledEndpoints: withDefault(Schema.Array(Schema.Literal("runs", "info", "metrics", "docs")), []),
  /** Endpoints besides invoke and runs that also ask for the key; default none. */
  protectedEndpoints: withDefault(Schema.Array(Schema.Literal("info", "metrics", "docs")), []),
  /**
   * `durable` (default): every run is on disk before it is answered. `none`: runs are kept nowhere, and there are no
   * endpoints that list them.
   */
  recording: withDefault(Schema.Literal("durable", "none"), "durable"),
  /** Largest request body in bytes, counted while it streams in; default 1 MiB. */
  maxBodyBytes: withDefault(count(1), 1_048_576),
  /** Deepest JSON nesting accepted; default 64. */
  maxJsonDepth: withDefault(count(1), 64),
  /** Deadline of a run when the caller sets none, in milliseconds; default 300,000. */
  requestTimeoutMillis: withDefault(count(1), 300_000),
  /** Runs in flight at once; default 256. */
  maxConcurrency: withDefault(count(1), 256),
  /** Runs waiting for a place; beyond it callers get 429 with Retry-After. Default 1,024. */
  maxQueue: withDefault(count(0), 1_024),
  /** How long runs in flight may take to finish after SIGTERM, in milliseconds; default 25,000. */
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
 * How many processes serve: as many as set, but none that could never take a run.
 *
 * @category accessors
 * @since 0.1.0
 */
export const workersOf = (serving: Pick<Serving, "maxConcurrency" | "workers">): number =>
  Math.min(serving.workers, serving.maxConcurrency)

/**
 * Serving settings as people write them: everything may be left out.
 *
 * @category models
 * @since 0.1.0
 */
export type ServingInput = typeof Serving.Encoded

/**
 * How callers prove who they are: with a generated key (kept across redeploys), with a key stored as a secret, or not
 * at all.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Auth = Schema.Union(
  Schema.TaggedStruct("generate", {}),
  Schema.TaggedStruct("none", {}),
  Schema.TaggedStruct("secret", { name: Schema.NonEmptyString })
)

/**
 * @category models
 * @since 0.1.0
 */
export type Auth = typeof Auth.Type

/**
 * Name of an environment variable or secret: letters, digits and underscores, not starting with a digit.
 *
 * @category schemas
 * @since 0.1.0
 */
export const VariableName = Schema.String.pipe(
  Schema.pattern(/^[A-Za-z_][A-Za-z0-9_]*$/, {
    message: () => "must be letters, digits and underscores, not starting with a digit"
  }),
  Schema.maxLength(128)
)

/**
 * Variables that would change how the serving process itself starts or where it connects; a deployment may not set
 * them.
 *
 * @category constants
 * @since 0.1.0
 */
export const reservedVariables: ReadonlySet<string> = new Set([
  "NODE_OPTIONS",
  "NODE_PATH",
  "NODE_V8_COVERAGE",
  "NODE_TLS_REJECT_UNAUTHORIZED",
  "LD_PRELOAD",
  "LD_LIBRARY_PATH",
  "LD_AUDIT",
  "DYLD_INSERT_LIBRARIES",
  "DOCKER_HOST",
  "PATH"
])

const isVariable = Schema.is(VariableName)

const environmentProblem = (name: string): string | undefined =>
  reservedVariables.has(name)
    ? `${name} is reserved for the serving process`
    : isVariable(name)
      ? undefined
      : `${JSON.stringify(name)} must be letters, digits and underscores, not starting with a digit`

const EnvironmentName = VariableName.pipe(Schema.filter((name) => environmentProblem(name) ?? true))

// A filter on the whole record: one on its keys would make a refused name an unknown key, which decoding may drop.
const Environment = Schema.Record({ key: Schema.String, value: Schema.String }).pipe(
  Schema.filter(
    (environment) =>
      Object.keys(environment)
        .flatMap((name) => environmentProblem(name) ?? [])
        .join("; ") || true
  )
)

/**
 * What reconciling does about a deployment that shall run and does not: it crashed, is gone, or answers no health check.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Recovery = Schema.Struct({
  /** `always` starts it again, `never` only writes down what was seen; default `always`. */
  mode: withDefault(Schema.Literal("always", "never"), "always"),
  /** How often within the window before it is left alone as a crash loop; default 5. */
  maxRestarts: withDefault(count(1), 5),
  /** Length of the window in milliseconds; default 600,000. Who stays up that long starts afresh. */
  windowMillis: withDefault(count(1), 600_000),
  /** From the first start to the second, in milliseconds; doubles with every further one. Default 1,000. */
  backoffMillis: withDefault(count(0), 1_000),
  /** Longest time between two starts, in milliseconds; default 60,000. */
  maxBackoffMillis: withDefault(count(0), 60_000),
  /** How long it may run without being healthy, in milliseconds; default 60,000. */
  unhealthyMillis: withDefault(count(1), 60_000)
})

/**
 * @category models
 * @since 0.1.0
 */
export type Recovery = typeof Recovery.Type

/**
 * What every flavor understands about a deployment.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Deployment = Schema.Struct({
  /** Who may call; default: a generated key. */
  auth: withDefault(Auth, { _tag: "generate" }),
  /** Plain environment variables of the served process; default none. Merged key by key. */
  environment: withDefault(Environment, {}),
  /** Secrets the pipeline may read, by name; they arrive as files, never in the environment. Default none. */
  secrets: withDefault(Schema.Array(VariableName), []),
  /** Those of `secrets` that shall also be environment variables, against our advice; default none. */
  secretsInEnvironment: withDefault(Schema.Array(EnvironmentName), []),
  /**
   * Deadline from the start of a lifecycle operation until its end, in milliseconds; default 60,000. `minHealthyMillis`
   * comes on top when it applies.
   */
  timeoutMillis: withDefault(count(1), 60_000),
  /**
   * How long a new instance that replaces a serving one has to be healthy without a break before callers are led to it,
   * in milliseconds; default 1,000. A first instance is taken as soon as it is healthy.
   */
  minHealthyMillis: withDefault(count(0), 1_000),
  /**
   * How long a replaced instance goes on serving after callers were led to the new one, before it is told to stop, in
   * milliseconds; default 1,000. For callers that looked its URL up a moment before.
   */
  lingerMillis: withDefault(count(0), 1_000),
  /** From the stop signal until the process is killed, in milliseconds; default 30,000, longer than the drain. */
  stopGraceMillis: withDefault(count(0), 30_000),
  /** What reconciling does about it when it should run and does not. */
  recovery: withDefault(Recovery, Schema.decodeSync(Recovery)({})),
  /** How the pipeline is served. */
  serving: withDefault(Serving, Schema.decodeSync(Serving)({}))
})

/**
 * Deployment settings, complete.
 *
 * @category models
 * @since 0.1.0
 */
export type Deployment = typeof Deployment.Type

/**
 * Deployment settings as people write them: everything may be left out.
 *
 * @category models
 * @since 0.1.0
 */
export type DeploymentInput = typeof Deployment.Encoded

/**
 * Merges settings, later ones winning; `environment`, `serving` and `recovery` are merged key by key, lists are replaced.
 *
 * @category combining
 * @since 0.1.0
 */
export const merge = <S extends DeploymentInput>(...layers: ReadonlyArray<S>): S => layers.reduce(over)

// internal

const over = <S extends DeploymentInput>(base: S, layer: S): S => {
  const present = Object.fromEntries(Object.entries(layer).filter(([, value]) => value !== undefined)) as S
  return {
    ...base,
    ...present,
    ...(base.environment || present.environment
      ? { environment: { ...base.environment, ...present.environment } }
      : {}),
    ...(base.recovery || present.recovery ? { recovery: { ...base.recovery, ...present.recovery } } : {}),
    ...(base.serving || present.serving ? { serving: { ...base.serving, ...present.serving } } : {})
  }
}
