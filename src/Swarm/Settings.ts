/** The settings of a deployment in a swarm. */
import * as Schema from "effect/Schema"
import { ImageReference, ImageRepository } from "../Containerized/ImageReference.js"
import { ImageSettings } from "../Containerized/ImageSettings.js"
import { PortRange } from "../Docker/Settings.js"
import { Memory } from "../Settings/Size.js"
import * as Settings from "../Settings.js"

const atLeast = (minimum: number) => Schema.Int.pipe(Schema.greaterThanOrEqualTo(minimum))
const withDefault = <A, I>(schema: Schema.Schema<A, I>, value: A) =>
  Schema.optionalWith(schema, { default: () => value })

const Port = Schema.Int.pipe(Schema.between(1, 65_535))

const Hostname = Schema.String.pipe(
  Schema.pattern(/^[A-Za-z0-9]([A-Za-z0-9.:-]{0,252}[A-Za-z0-9])?$/, {
    message: () => "must be the name or the address of a node, without a port"
  })
)

const Constraint = Schema.String.pipe(
  Schema.pattern(/^(node|engine)\.[A-Za-z0-9._-]+ ?[=!]= ?[^\s].{0,200}$/, {
    message: () => 'must be a constraint such as "node.role==worker" or "node.labels.disk==ssd"'
  })
)

const ExtraHost = Schema.String.pipe(
  Schema.pattern(/^[A-Za-z0-9][A-Za-z0-9.-]{0,252}:[0-9A-Fa-f.:]{2,45}$/, {
    message: () => 'must be a name and an address such as "database:10.0.0.7"'
  })
)

/**
 * The settings of every flavor, and those of services of a swarm.
 *
 * @category schemas
 * @since 0.2.0
 */
export const SwarmSettings = Schema.Struct({
  ...Settings.Deployment.fields,
  /**
   * The number of tasks; default that of the service, which `Scale.scale` changes, and 1 for a new one. More than one need a
   * run store on PostgreSQL, which `serving.runStoreSecret` names.
   */
  replicas: Schema.optional(Schema.Int.pipe(Schema.between(1, 1_000))),
  /** The tasks that an update replaces at the same time; default 1. */
  updateParallelism: withDefault(Schema.Int.pipe(Schema.between(1, 1_000)), 1),
  /** Conditions on the nodes of its tasks, such as `node.role==worker`; default none. */
  constraints: withDefault(Schema.Array(Constraint), []),
  /**
   * The way of callers to the tasks: a door on each node, which relays connections, or the routing mesh of the swarm, which
   * needs IPVS in the kernel of each node. Default `door`.
   */
  publish: withDefault(Schema.Literal("door", "mesh"), "door"),
  /** The port of its URL on every node. Default one of `portRange`, if possible that of the last generation. */
  port: Schema.optional(Port),
  /** The ports to choose from; default 20000 to 31999. */
  portRange: withDefault(PortRange, { from: 20_000, to: 31_999 }),
  /** The host of its URL: a node, or a balancer in front of the nodes; default the manager in use. */
  address: Schema.optional(Hostname),
  /** The most processors of a task, such as `0.5`; default all. */
  cpus: Schema.optional(Schema.Number.pipe(Schema.between(0.01, 1_024))),
  /** The most memory of a task, such as `512m`; default `512m`. JavaScript's heap gets three quarters of it. */
  memory: withDefault(Memory, "512m"),
  /** The most processes and threads of a task; default 256. */
  pidsLimit: withDefault(Schema.Int.pipe(Schema.between(16, 1_000_000)), 256),
  /** The most open files of a task; default 4096. */
  openFiles: withDefault(Schema.Int.pipe(Schema.between(64, 1_048_576)), 4_096),
  /** The size of `/tmp` of a task in bytes, which is memory; default 64 MiB. */
  tmpfsBytes: withDefault(atLeast(1_048_576), 64 * 1_048_576),
  /** The size of `/data` of a task in bytes, which is memory for a run store on PostgreSQL; default 64 MiB. */
  dataBytes: withDefault(atLeast(1_048_576), 64 * 1_048_576),
  /** Lines of its hosts file, as `name:address`; default none. */
  extraHosts: withDefault(Schema.Array(ExtraHost), []),
  /** The time between two health checks of the engine in milliseconds, at least 500; default 5,000. */
  healthIntervalMillis: withDefault(atLeast(500), 5_000),
  /** The largest size of one log file of a task in bytes; default 10 MiB. */
  logMaxBytes: withDefault(atLeast(16_384), 10_485_760),
  /** The most log files of a task; default 3. */
  logKeep: withDefault(Schema.Int.pipe(Schema.between(1, 99)), 3),
  /** The base of its image by reference, or `host` for this machine's Node; short for `image.base`. */
  base: Schema.optional(Schema.Union(Schema.Literal("host"), ImageReference)),
  /** The shell and the usual tools of this machine in an image from this machine's Node; short for `image.shell`. */
  shell: Schema.optional(Schema.Boolean),
  /** The fonts of this machine in an image from this machine's Node; short for `image.fonts`. */
  fonts: Schema.optional(Schema.Boolean),
  /**
   * The repository of a registry that the image is pushed to, and that every node pulls it from by digest, such as
   * `registry.example:5000/team/app`; default none: then the tasks run on the node of the engine in use.
   */
  imageRepository: Schema.optional(ImageRepository),
  /** The content of its image. */
  image: withDefault(ImageSettings, Schema.decodeSync(ImageSettings)({}))
})

/**
 * Settings of a deployment in a swarm, complete.
 *
 * @category models
 * @since 0.2.0
 */
export type SwarmSettings = typeof SwarmSettings.Type

/**
 * Settings of a deployment in a swarm in a call: every field is optional.
 *
 * @category models
 * @since 0.2.0
 */
export type SwarmSettingsInput = typeof SwarmSettings.Encoded

/**
 * The same; refuses several replicas without a run store that they share.
 *
 * @category schemas
 * @since 0.2.0
 */
export const CheckedSettings: Schema.Schema<SwarmSettings, SwarmSettingsInput> = SwarmSettings.pipe(
  Schema.filter(({ replicas = 1, serving }) =>
    replicas > 1 && serving.runStoreSecret === undefined ? [{ path: ["replicas"], message: sharedStoreNeeded }] : []
  )
)

/**
 * The reason why several replicas are refused.
 *
 * @category constants
 * @since 0.2.0
 */
export const sharedStoreNeeded =
  "several tasks need a run store that all of them share; set serving.runStoreSecret to a secret with the URL of a PostgreSQL database (deploy --run-store-secret)"
