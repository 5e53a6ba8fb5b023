/** The settings of a deployment in a container. Every default is the safe choice. */
import * as Schema from "effect/Schema"
import { ImageReference, ImageRepository } from "../Containerized/ImageReference.js"
import { ImageSettings } from "../Containerized/ImageSettings.js"
import { Memory } from "../Settings/Size.js"
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
 * A range of ports, both ends included. Above 32767 the system uses ports for outgoing connections, so a port may be taken
 * when it is needed again.
 *
 * @category schemas
 * @since 0.1.0
 */
export const PortRange = Schema.Struct({ from: Port, to: Port }).pipe(
  Schema.filter(({ from, to }) => from <= to || "from must not be greater than to")
)

/**
 * The earlier form of the setting `restart`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const RestartPolicy = Schema.Union(
  Schema.Literal("always", "unless-stopped", "no"),
  Schema.TaggedStruct("onFailure", { maximumRetryCount: Schema.Int.pipe(Schema.between(1, 100)) })
)

const Gpus = Schema.Union(Schema.Literal("all"), atLeast(1)).annotations({
  message: () => ({ message: 'must be "all" or a whole number of GPUs', override: true })
})

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
  if (key.startsWith("effect-deployers")) return `${key} is reserved for the labels of the deployer`
  return /^[a-z0-9][a-z0-9._/-]{0,126}$/.test(key) ? undefined : `${JSON.stringify(key)} is not the name of a label`
}

/**
 * More options of a container. None of them can weaken the isolation.
 *
 * @category schemas
 * @since 0.1.0
 */
export const RunArguments = Schema.Struct({
  /** Labels besides ours; default none. */
  labels: withDefault(Label, {}),
  /** @deprecated Use the setting `extraHosts` beside `run`. */
  extraHosts: withDefault(Schema.Array(ExtraHost), []),
  /** Name servers; default the engine's. */
  dns: withDefault(Schema.Array(Address), []),
  /** Numbers of groups its user is also in; default none. */
  groups: withDefault(Schema.Array(atLeast(1)), []),
  /** The most open files; default 4096. The engine refuses more than its own limit. */
  openFiles: withDefault(Schema.Int.pipe(Schema.between(64, 1_048_576)), 4_096)
})

/**
 * The settings of every flavor, and those of containers.
 *
 * @category schemas
 * @since 0.1.0
 */
export const DockerSettings = Schema.Struct({
  ...Settings.Deployment.fields,
  /** The fixed port of the host. Default one of `portRange`, if possible the port of the last generation. */
  port: Schema.optional(Port),
  /** The ports to choose from; default 20000 to 31999. */
  portRange: withDefault(PortRange, { from: 20_000, to: 31_999 }),
  /**
   * A door keeps the URL while instances come and go: a small container with the port, which relays connections to the
   * instance; default `true`. Without one the URL of a new version has another port, or with a fixed port a gap.
   */
  door: withDefault(Schema.Boolean, true),
  /**
   * The address of the engine's machine to publish at; default `127.0.0.1`, which only that machine reaches: an engine on
   * another machine needs another address. Callers use the name of the engine's machine.
   */
  address: withDefault(Address, "127.0.0.1"),
  /** The most processors, such as `0.5`; default all. */
  cpus: Schema.optional(Schema.Number.pipe(Schema.between(0.01, 1_024))),
  /**
   * The most memory, such as `512m` or `1g`, without swap; default `512m`. JavaScript's heap gets three quarters of it,
   * divided among the workers.
   */
  memory: withDefault(Memory, "512m"),
  /** @deprecated Use `memory`. */
  memoryBytes: Schema.optional(atLeast(64 * 1_048_576)),
  /** The GPUs: `all`, or a number of them; default none. The engine needs the runtime of the vendor. */
  gpus: Schema.optional(Gpus),
  /** The most processes and threads; default 256. */
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
  /**
   * Lines of its hosts file, as `name:address`; default none. The address `host-gateway` is the engine's machine:
   * `host.docker.internal:host-gateway`.
   */
  extraHosts: withDefault(Schema.Array(ExtraHost), []),
  /** Folders and volumes of the engine's machine inside the container; default none. */
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
  /** @deprecated Use `restart`. */
  restartPolicy: Schema.optional(RestartPolicy),
  /** Run the health check of the engine too, a short process every half minute; default `true`. */
  healthcheck: withDefault(Schema.Boolean, true),
  /** The largest size of one log file in bytes; default 10 MiB. */
  logMaxBytes: withDefault(atLeast(16_384), 10_485_760),
  /** The most log files; default 3. */
  logKeep: withDefault(Schema.Int.pipe(Schema.between(1, 99)), 3),
  /** The base of its image by reference, or `host` for this machine's Node; short for `image.base`. */
  base: Schema.optional(Schema.Union(Schema.Literal("host"), ImageReference)),
  /** The shell and the usual tools of this machine in an image from this machine's Node; short for `image.shell`. */
  shell: Schema.optional(Schema.Boolean),
  /** The fonts of this machine in an image from this machine's Node; short for `image.fonts`. */
  fonts: Schema.optional(Schema.Boolean),
  /**
   * The repository of a registry that the image is pushed to, such as `registry.example:5000/team/app`; default none. The
   * container is made of the image by digest.
   */
  imageRepository: Schema.optional(ImageRepository),
  /** The content of its image. */
  image: withDefault(ImageSettings, Schema.decodeSync(ImageSettings)({})),
  /** More options of its container. */
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
 * Settings of a Docker deployment in a call: every field is optional.
 *
 * @category models
 * @since 0.1.0
 */
export type DockerSettingsInput = typeof DockerSettings.Encoded
