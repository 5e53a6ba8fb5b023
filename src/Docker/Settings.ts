/**
 * What can be set about a deployment that is a container. Every default is the careful choice; what is weaker has to be
 * said.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { ImageSettings } from "../Containerized/ImageSettings.js"
import * as Settings from "../Settings.js"
import { Volume } from "./VolumeSettings.js"

const atLeast = (minimum: number) => Schema.Int.pipe(Schema.greaterThanOrEqualTo(minimum))
const withDefault = <A, I>(schema: Schema.Schema<A, I>, value: A) =>
  Schema.optionalWith(schema, { default: () => value })

const Port = Schema.Int.pipe(Schema.between(1, 65_535))

const octet = "(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)"
const ipv4 = `(?:${octet}\\.){3}${octet}`
const ipv6 = "(?=[0-9A-Fa-f:.]*:)[0-9A-Fa-f:.]{2,45}"
const Address = Schema.String.pipe(
  Schema.pattern(new RegExp(`^(?:${ipv4}|${ipv6})$`), {
    message: () => 'must be an address of the engine\'s host such as "127.0.0.1", "0.0.0.0" or "::1"'
  })
)

/**
 * The ports one may be chosen from, both ends included. Above 32767 the system gives ports to whoever calls out, so that a
 * chosen one may be taken when it is needed again.
 *
 * @category schemas
 * @since 0.1.0
 */
export const PortRange = Schema.Struct({ from: Port, to: Port }).pipe(
  Schema.filter(({ from, to }) => from <= to || "from must not be greater than to")
)

/**
 * When the engine starts a container again. `always` also after the engine itself crashed, which `unless-stopped` and
 * `on-failure` do not survive; a deployment that shall not run has no container, so nothing comes back unasked.
 *
 * @category schemas
 * @since 0.1.0
 */
export const RestartPolicy = Schema.Union(
  Schema.Literal("always", "unless-stopped", "no"),
  Schema.TaggedStruct("onFailure", { maximumRetryCount: Schema.Int.pipe(Schema.between(1, 100)) })
)

const ExtraHost = Schema.String.pipe(
  Schema.pattern(new RegExp(`^[A-Za-z0-9][A-Za-z0-9.-]{0,252}:(?:${ipv4}|${ipv6}|host-gateway)$`), {
    message: () => 'must be a name and an address such as "database:10.0.0.7"'
  })
)

const Label = Schema.Record({ key: Schema.String, value: Schema.String }).pipe(
  Schema.filter(
    (labels) =>
      Object.keys(labels)
        .flatMap((key) => labelProblem(key) ?? [])
        .join("; ") || true
  )
)

const labelProblem = (key: string): string | undefined => {
  if (key.startsWith("effect-deployers")) return `${key} is reserved for what finds our containers`
  return /^[a-z0-9][a-z0-9._/-]{0,126}$/.test(key) ? undefined : `${JSON.stringify(key)} is no name of a label`
}

/**
 * What else a container is run with. Only what is listed here can be said: nothing of it can undo the isolation.
 *
 * @category schemas
 * @since 0.1.0
 */
export const RunArguments = Schema.Struct({
  /** Labels besides ours; default none. */
  labels: withDefault(Label, {}),
  /** Lines of its hosts file, as `name:address`; default none. */
  extraHosts: withDefault(Schema.Array(ExtraHost), []),
  /** Name servers; default the engine's. */
  dns: withDefault(Schema.Array(Address), []),
  /** Numbers of groups its user is also in; default none. */
  groups: withDefault(Schema.Array(atLeast(1)), []),
  /** Files it may have open; default 4096. The engine refuses more than it may have itself. */
  openFiles: withDefault(Schema.Int.pipe(Schema.between(64, 1_048_576)), 4_096)
})

/**
 * Settings every flavor understands, and those of containers.
 *
 * @category schemas
 * @since 0.1.0
 */
export const DockerSettings = Schema.Struct({
  ...Settings.Deployment.fields,
  /** The port of the host, always. Without it one is chosen, if possible the one of the last generation. */
  port: Schema.optional(Port),
  /** Where a port is chosen from; default 20000 to 31999. */
  portRange: withDefault(PortRange, { from: 20_000, to: 31_999 }),
  /**
   * The address of the engine's machine to publish at; default `127.0.0.1`, which only that machine reaches, so that an
   * engine of another machine needs one. Callers use the name under which the engine is reached.
   */
  address: withDefault(Address, "127.0.0.1"),
  /** Processors it may use, such as `0.5`; default all. */
  cpus: Schema.optional(Schema.Number.pipe(Schema.between(0.01, 1_024))),
  /** Memory it may use, in bytes, without swap; default 512 MiB. JavaScript's heap gets three quarters of it. */
  memoryBytes: withDefault(atLeast(64 * 1_048_576), 512 * 1_048_576),
  /** Processes and threads it may have; default 256. */
  pidsLimit: withDefault(Schema.Int.pipe(Schema.between(16, 1_000_000)), 256),
  /** Size of its `/tmp` in bytes, which is memory; default 64 MiB. */
  tmpfsBytes: withDefault(atLeast(1_048_576), 64 * 1_048_576),
  /** Name of an existing network to join; default one of the deployment's own. */
  network: Schema.optional(
    Schema.String.pipe(
      Schema.pattern(/^(?!(?:host|none|container:.*)$)[A-Za-z0-9][A-Za-z0-9_.-]{1,127}$/, {
        message: () => 'must be the name of a network; "host" and "none" cannot be used'
      })
    )
  ),
  /** What of the engine's machine it sees besides its own data; default nothing. */
  volumes: withDefault(
    Schema.Array(Volume).pipe(
      Schema.filter((volumes) => {
        const targets = volumes.map(({ target }) => target)
        const twice = targets.find((target, index) => targets.indexOf(target) !== index)
        return twice === undefined || `two volumes have the target ${twice}`
      })
    ),
    []
  ),
  /** Default `always`. */
  restartPolicy: withDefault(RestartPolicy, "always" as const),
  /** Whether the engine shows how healthy it is, which costs a short process each half minute; default `true`. */
  healthcheck: withDefault(Schema.Boolean, true),
  /** Size in bytes one file of its log may have; default 10 MiB. */
  logMaxBytes: withDefault(atLeast(16_384), 10_485_760),
  /** How many files of its log there are at most; default 3. */
  logKeep: withDefault(Schema.Int.pipe(Schema.between(1, 99)), 3),
  /** What its image is made of. */
  image: withDefault(ImageSettings, Schema.decodeSync(ImageSettings)({})),
  /** What else it is run with. */
  run: withDefault(RunArguments, Schema.decodeSync(RunArguments)({}))
})

/**
 * Settings of a Docker deployment, complete.
 *
 * @category models
 * @since 0.1.0
 */
export type DockerSettings = typeof DockerSettings.Type

/**
 * Settings of a Docker deployment as people write them: everything may be left out.
 *
 * @category models
 * @since 0.1.0
 */
export type DockerSettingsInput = typeof DockerSettings.Encoded
