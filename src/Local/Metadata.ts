/**
 * What the local flavor knows about an instance.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Instance } from "../Flavor/Backend.js"

export { portOf } from "../Flavor/Ports.js"

/**
 * Metadata of a process; what is stored in the registry and shown to users.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Metadata = Schema.Struct({
  /** Number of the process. */
  pid: Schema.Int,
  /** Tells the process apart from later ones with the same number. */
  processIdentity: Schema.String,
  /** The port it listens on; missing until it does. */
  port: Schema.optional(Schema.Int),
  /** The address it was told to listen on. */
  host: Schema.String,
  /** The file with its standard output and error. */
  logFile: Schema.String,
  generation: Schema.Int,
  /** When it was started. */
  startedAt: Schema.DateTimeUtc,
  /** Its exit code, once it ended, if it is known. */
  exitCode: Schema.optional(Schema.Int),
  /** The signal that ended it, if it is known. */
  exitSignal: Schema.optional(Schema.String)
})

/**
 * @category models
 * @since 0.1.0
 */
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
