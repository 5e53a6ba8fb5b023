/**
 * The input of a served process: a read-only file with its identity, its settings and the paths of its files. Besides HTTP
 * and the run store, a deployer and a serving runtime share nothing else.
 */
import * as Schema from "effect/Schema"
import * as Settings from "../Settings/Serving.js"
import { LiveKey } from "./Keys.js"

/**
 * The contents of a manifest file.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Manifest = Schema.Struct({
  /** Version of this format; a runtime refuses others. */
  formatVersion: Schema.Literal(1),
  deployment: Schema.Struct({ id: Schema.String, name: Schema.String }),
  generation: Schema.Int,
  snapshot: Schema.Struct({
    id: Schema.String,
    pipelineName: Schema.String,
    version: Schema.Int,
    /** Digest of the bundle. */
    digest: Schema.String
  }),
  serving: Settings.Serving,
  /**
   * Address to listen on. Without a port the system chooses one; with `fallback` also if the port is taken. With
   * `standbyMillis` the service first gets ready, reports it, and waits at most that long for the port.
   */
  listen: Schema.Struct({
    host: Schema.String,
    port: Schema.optional(Schema.Int),
    fallback: Schema.Boolean,
    standbyMillis: Schema.optional(Schema.Int)
  }),
  /**
   * The door of the deployment: the file that steers it, the number of the inherited socket, the path of the Unix socket or
   * the port (`tcp:8001`) for relayed connections, and the address of the URL. The service accepts the connections of the socket while the file
   * names its generation. Default none: `listen` is the only address.
   */
  door: Schema.optional(
    Schema.Struct({ file: Schema.String, socket: Schema.Union(Schema.Int, Schema.String), host: Schema.String })
  ),
  /** SHA-256 digests (hex) of keys with every scope; without any and without `keysFile`, the service requires no key. */
  authKeyDigests: Schema.Array(Schema.String),
  /** The live keys of a service without a file of keys; they replace `authKeyDigests`. */
  keys: Schema.optional(Schema.Array(LiveKey)),
  /** The file with the live keys, see `KeysFile`; it replaces `authKeyDigests`. The service reads it again when it changed. */
  keysFile: Schema.optional(Schema.String),
  /** The file with the intake of the deployment, see `IntakeFile`. The service reads it again when it changed. */
  intakeFile: Schema.optional(Schema.String),
  /** The secret (hex) with which the service proves itself to callers that know its deployment; see `Proof`. */
  proofSecret: Schema.optional(Schema.String),
  /** The port at which callers reach the service, if it differs from the port that it listens on. */
  publishedPort: Schema.optional(Schema.Int),
  /** The SQLite file of the run store. */
  runStore: Schema.String,
  /** The file for {@link Endpoint}, written when the service listens or stands by. */
  endpointFile: Schema.String,
  /** The file of standard output. The process keeps it below `maxBytes`, and keeps `keep` older files. */
  log: Schema.optional(Schema.Struct({ file: Schema.String, maxBytes: Schema.Int, keep: Schema.Int })),
  /** The check of the pipeline runs before the service accepts runs, within this time at most; default: no check. */
  check: Schema.optional(Schema.Struct({ timeoutMillis: Schema.Number })),
  /**
   * The time after a stop signal in which the service goes on accepting runs, each answer the last one of its connection, in
   * milliseconds; default 0. For services behind a load balancer that learns later of the stop.
   */
  drainDelayMillis: Schema.optional(Schema.Int),
  /** A folder with one file per secret. */
  secretsDirectory: Schema.optional(Schema.String)
})

export type Manifest = typeof Manifest.Type

/**
 * The report of a served process that listens, or that is ready and waits for its port.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Endpoint = Schema.Struct({
  pid: Schema.Int,
  host: Schema.String,
  port: Schema.Int,
  generation: Schema.Int,
  /** True if the process is ready and another process still has the port. */
  standsBy: Schema.optional(Schema.Boolean)
})

export type Endpoint = typeof Endpoint.Type

/**
 * The exit of a served process that ended by itself. The process writes it last, so that the restart policy `on-failure` knows
 * the code after the program that started the process is gone.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Exit = Schema.Struct({ pid: Schema.Int, code: Schema.Int })

export type Exit = typeof Exit.Type

/**
 * The path of the file with the exit: beside the endpoint file.
 *
 * @category accessors
 * @since 0.1.0
 */
export const exitFileOf = (endpointFile: string): string => `${endpointFile.replace(/[^/\\]*$/, "")}exit.json`

/**
 * The variable with `publishedPort` for flavors that choose that port after they have written the manifest.
 *
 * @category constants
 * @since 0.1.0
 */
export const publishedPortVariable = "EFFECT_DEPLOYERS_PUBLISHED_PORT"

/**
 * Exit codes of a served process: after a requested drain (128 + SIGTERM, so that restart policies restart it), if its port
 * is taken, if its start fails, if its check fails, if its manifest is not usable.
 *
 * @category constants
 * @since 0.1.0
 */
export const exitCodes = {
  drained: 143,
  portUnavailable: 69,
  startFailed: 70,
  checkFailed: 71,
  badManifest: 78
} as const
