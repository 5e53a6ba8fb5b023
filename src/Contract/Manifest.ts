/**
 * What a served process is given: a read-only file that says who it is, how to serve and where its files are. It is the
 * only thing a deployer and a serving runtime share besides HTTP and the run store.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import * as Settings from "../Settings/Serving.js"

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
   * Where to listen. Without a port the system chooses one; with `fallback` it does so too when the port is taken. With
   * `standbyMillis` the service makes everything ready first, says so, and waits that long at most until the port is free.
   */
  listen: Schema.Struct({
    host: Schema.String,
    port: Schema.optional(Schema.Int),
    fallback: Schema.Boolean,
    standbyMillis: Schema.optional(Schema.Int)
  }),
  /** SHA-256 digests (hex) of the keys that are accepted; none means that no key is asked for. */
  authKeyDigests: Schema.Array(Schema.String),
  /** The SQLite file of the run store. */
  runStore: Schema.String,
  /** The file to write {@link Endpoint} to, once the service listens or stands by. */
  endpointFile: Schema.String,
  /** The file standard output goes to, which the process keeps below `maxBytes`, keeping `keep` older ones. */
  log: Schema.optional(Schema.Struct({ file: Schema.String, maxBytes: Schema.Int, keep: Schema.Int })),
  /** A folder with one file per secret. */
  secretsDirectory: Schema.optional(Schema.String)
})

/**
 * @category models
 * @since 0.1.0
 */
export type Manifest = typeof Manifest.Type

/**
 * What a served process says of itself once it listens, or once only its port is missing.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Endpoint = Schema.Struct({
  pid: Schema.Int,
  host: Schema.String,
  port: Schema.Int,
  generation: Schema.Int,
  /** Whether everything is ready and another process still has the port. */
  standsBy: Schema.optional(Schema.Boolean)
})

/**
 * @category models
 * @since 0.1.0
 */
export type Endpoint = typeof Endpoint.Type

/**
 * How a served process ends: after a drain it was asked for (128 + SIGTERM, so that restart policies bring it back), when
 * its port is taken, when its start fails, when its manifest cannot be used.
 *
 * @category constants
 * @since 0.1.0
 */
export const exitCodes = { drained: 143, portUnavailable: 69, startFailed: 70, badManifest: 78 } as const
