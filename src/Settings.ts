/**
 * The settings of a deployment, as Schemas with defaults. Later sources win: library defaults < deployer < snapshot <
 * call.
 */
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { count, withDefault } from "./Settings/Fields.js"
import { withRestart } from "./Settings/Restart.js"
import { Serving } from "./Settings/Serving.js"
import { sizeOf } from "./Settings/Size.js"
import { defaultGraceMillis } from "./Settings/StopGrace.js"

export * from "./Settings/About.js"
export * from "./Settings/Bundling.js"
export * from "./Settings/ResponseHeaders.js"
export * from "./Settings/Serving.js"
export { StaticFiles } from "./Settings/StaticFiles.js"
export { RunEnd, Webhook, Webhooks, WebhookUrl } from "./Settings/Webhooks.js"

/**
 * The authentication of callers: a generated key (kept across redeploys), a key stored as a secret, or none.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Auth = Schema.Union(
  Schema.TaggedStruct("generate", {}),
  Schema.TaggedStruct("none", {}),
  Schema.TaggedStruct("secret", { name: Schema.NonEmptyString })
)

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
 * The ends after which a deployment is started again that should run and does not. `on-failure` counts every end as a
 * failure but one with exit code 0.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Restart = Schema.Literal("always", "on-failure", "never")

export type Restart = typeof Restart.Type

/**
 * The limits of restarts of a deployment that should run and does not: it crashed, is absent, or fails its health check.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Recovery = Schema.Struct({
  /** @deprecated Use the setting `restart` beside `recovery`. */
  mode: Schema.optional(Schema.Literal("always", "never")),
  /** Restarts within the window that make a crash loop, which is restarted each `maxBackoffMillis`. Default 5. */
  maxRestarts: withDefault(count(1), 5),
  /** Length of the window in milliseconds; default 600,000. A deployment that runs that long starts a new count. */
  windowMillis: withDefault(count(1), 600_000),
  /** Time from the first restart to the second, in milliseconds; it doubles with each further one. Default 1,000. */
  backoffMillis: withDefault(count(0), 1_000),
  /** Longest time between two starts, in milliseconds; default 60,000. */
  maxBackoffMillis: withDefault(count(0), 60_000),
  /** Longest time without a passed health check, in milliseconds; default 60,000. */
  unhealthyMillis: withDefault(count(1), 60_000)
})

export type Recovery = typeof Recovery.Type

const SecretEntry = Schema.String.pipe(
  Schema.filter((entry) => {
    const [name = "", source] = entry.split(/=(.*)/s)
    if (!isVariable(name)) return "must be letters, digits and underscores, not starting with a digit"
    return source === undefined || keySource.test(source) || "must be a name, or NAME=key:DEPLOYMENT"
  })
)

/** The part after `@` is the fingerprint of the key: with another key the settings are others. */
const keySource = /^key:[a-z0-9-]+(@[0-9a-f]+)?$/

/**
 * The settings of a deployment that every flavor has.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Deployment = Schema.Struct({
  /** Authentication of callers; default: a generated key. */
  auth: withDefault(Auth, { _tag: "generate" }),
  /** Plain environment variables of the served process; default none. Merged key by key. */
  environment: withDefault(Environment, {}),
  /**
   * Secrets the pipeline may read, by name; they arrive as files, never in the environment. Default none.
   * `NAME=key:DEPLOYMENT` is the key of another deployment of the registry.
   */
  secrets: withDefault(Schema.Array(SecretEntry), []),
  /** Names in `secrets` that become environment variables too, which is not advised; default none. */
  secretsInEnvironment: withDefault(Schema.Array(EnvironmentName), []),
  /**
   * Deadline from the start of a lifecycle operation until its end, in milliseconds; default 60,000. `minHealthyMillis`
   * is added.
   */
  timeoutMillis: withDefault(count(1), 60_000),
  /**
   * Time that a new instance must be healthy without interruption before it gets callers, in milliseconds; default 1,000.
   * It holds for the first instance of a deployment, too.
   */
  minHealthyMillis: withDefault(count(0), 1_000),
  /**
   * Time that a replaced instance serves after the new one gets the callers, before it stops, in milliseconds; default
   * 1,000. It is for callers that read the old URL just before.
   */
  oldInstanceGraceMillis: withDefault(count(0), 1_000),
  /** @deprecated Use `oldInstanceGraceMillis`. */
  lingerMillis: Schema.optional(count(0)),
  /**
   * Time from the stop signal to the kill of the process, in milliseconds; default five seconds more than
   * `serving.drainTimeoutMillis`. A shorter one than a given `drainTimeoutMillis` is refused.
   */
  stopGraceMillis: withDefault(count(0), defaultGraceMillis),
  /** The ends after which it is started again; default `always`. `never` only records the observation. */
  restart: withDefault(Restart, "always"),
  /** The limits of restarts. */
  recovery: withDefault(Recovery, Schema.decodeSync(Recovery)({})),
  /** Serving settings. */
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
 * A deprecated name counts as its new name.
 *
 * @category combining
 * @since 0.1.0
 */
export const merge = <S extends Layer>(...layers: ReadonlyArray<S>): S => layers.map(withCurrentNames).reduce(over)

/**
 * Settings with each deprecated name replaced by its new one: `lingerMillis` by `oldInstanceGraceMillis`, `host` of
 * local deployments by `address`, `memoryBytes` of containers by `memory`, and `recovery.mode` and `restartPolicy` of
 * containers by `restart`.
 *
 * @category combining
 * @since 0.1.0
 */
export const withCurrentNames = <S extends Layer>(given: S): S => {
  const settings = withRestart(given)
  const old = Object.entries(currentNames).filter(([name]) => settings[name] !== undefined)
  if (old.length === 0) return settings
  const rest = Object.entries(settings).filter(([name]) => !Object.hasOwn(currentNames, name))
  const renamed = old.map(
    ([name, current]) => [current, settings[current] ?? currentValue(name, settings[name])] as const
  )
  return Object.fromEntries([...rest, ...renamed]) as Layer as S
}

// internal

const currentNames = { lingerMillis: "oldInstanceGraceMillis", host: "address", memoryBytes: "memory" } as const

/** The value under the new name. The default of `memory` is text, so equal sizes have to be equal texts. */
const currentValue = (name: string, value: unknown): unknown =>
  name === "memoryBytes" && typeof value === "number" ? sizeOf(value) : value

type Layer = Readonly<Record<string, unknown>>

const over = <S extends Layer>(base: S, layer: S): S => {
  const present = Object.fromEntries(Object.entries(layer).filter(([, value]) => value !== undefined))
  const nested = ["environment", "recovery", "serving"].flatMap((key): ReadonlyArray<[string, Layer]> => {
    const below = base[key]
    const above = present[key]
    return Predicate.isReadonlyRecord(below) && Predicate.isReadonlyRecord(above) ? [[key, { ...below, ...above }]] : []
  })
  return { ...base, ...present, ...Object.fromEntries(nested) }
}
