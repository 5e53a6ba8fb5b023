/** The metadata of an instance of the local flavor. */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Instance } from "../Flavor/Instance.js"

export { portOf } from "../Flavor/Ports.js"

/**
 * Metadata of a process, in the registry and in the output for users.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Metadata = Schema.Struct({
  /** Number of the process. */
  pid: Schema.Int,
  /** Distinguishes the process from a later one with the same number. */
  processIdentity: Schema.String,
  /** The port of the deployment's URL; missing before it listens, if it has no door. */
  port: Schema.optional(Schema.Int),
  /** True if a door owns that port, and leads its callers to the process. */
  door: Schema.optional(Schema.Boolean),
  /** The address in its manifest. */
  host: Schema.String,
  /** The file with its standard output and error. */
  logFile: Schema.String,
  generation: Schema.Int,
  /** The time of its start. */
  startedAt: Schema.DateTimeUtc,
  /** Its exit code, after it exited, if that is known. */
  exitCode: Schema.optional(Schema.Int),
  /** The signal that ended it, if it is known. */
  exitSignal: Schema.optional(Schema.String)
})

export type Metadata = typeof Metadata.Type

/**
 * Reads stored metadata; none if it is not of this flavor.
 *
 * @category decoding
 * @since 0.1.0
 */
export const decode: (stored: unknown) => Option.Option<Metadata> = Schema.decodeUnknownOption(Metadata)

/**
 * Reads the stored metadata of an instance; none if it is of another flavor or of another generation.
 *
 * @category decoding
 * @since 0.1.0
 */
export const decodeOf = (
  { generation }: Pick<Instance, "generation">,
  stored: Readonly<Record<string, unknown>>
): Option.Option<Metadata> => Option.filter(decode(stored), (metadata) => metadata.generation === generation)

/**
 * The form in which metadata is stored.
 *
 * @category encoding
 * @since 0.1.0
 */
export const encode: (metadata: Metadata) => typeof Metadata.Encoded = Schema.encodeSync(Metadata)
