/**
 * What can be set about a deployment, as Schemas with their defaults. Settings are merged from four places, later ones
 * winning: library defaults < the deployer's own < the snapshot's < the call's.
 *
 * @since 0.1.0
 */
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { count, withDefault } from "./Settings/Fields.js"
import { Serving } from "./Settings/Serving.js"

export * from "./Settings/Serving.js"

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
   * Time for which a replaced instance still serves after callers were led to the new one, before it is told to stop, in
   * milliseconds; default 1,000. For callers that looked its URL up a moment before.
   */
  oldInstanceGraceMillis: withDefault(count(0), 1_000),
  /** @deprecated Use `oldInstanceGraceMillis`. */
  lingerMillis: Schema.optional(count(0)),
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
 * A deprecated name counts as its new name.
 *
 * @category combining
 * @since 0.1.0
 */
export const merge = <S extends Layer>(...layers: ReadonlyArray<S>): S => layers.map(withCurrentNames).reduce(over)

/**
 * Settings with each deprecated name replaced by its new one: `lingerMillis` by `oldInstanceGraceMillis`.
 *
 * @category combining
 * @since 0.1.0
 */
export const withCurrentNames = <S extends Layer>(settings: S): S => {
  if (settings.lingerMillis === undefined) return settings
  const { lingerMillis, ...rest } = settings
  return { ...rest, oldInstanceGraceMillis: settings.oldInstanceGraceMillis ?? lingerMillis } as Layer as S
}

// internal

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
