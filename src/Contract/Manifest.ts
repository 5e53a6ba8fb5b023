/**
 * The input of a served process: a read-only file with its identity, its settings and the paths of its files. Besides HTTP
 * and the run store, a deployer and a serving runtime share nothing else.
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
   * Address to listen on. Without a port the system chooses one; with `fallback` also if the port is taken. With
   * `standbyMillis` the service first gets ready, reports it, and waits at most that long for the port.
   */
  listen: Schema.Struct({
    host: Schema.String,
    port: Schema.optional(Schema.Int),
    fallback: Schema.Boolean,
    standbyMillis: Schema.optional(Schema.Int)
  }),
  /** SHA-256 digests (hex) of the accepted keys; without any, the service requires no key. */
  authKeyDigests: Schema.Array(Schema.String),
  /** The SQLite file of the run store. */
  runStore: Schema.String,
  /** The file for {@link Endpoint}, written when the service listens or stands by. */
  endpointFile: Schema.String,
  /** The file of standard output. The process keeps it below `maxBytes`, and keeps `keep` older files. */
  log: Schema.optional(Schema.Struct({ file: Schema.String, maxBytes: Schema.Int, keep: Schema.Int })),
  /** The check of the pipeline runs before the service accepts runs, within this time at most; default: no check. */
  check: Schema.optional(Schema.Struct({ timeoutMillis: Schema.Number })),
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
