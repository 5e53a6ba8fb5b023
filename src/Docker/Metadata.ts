/** The metadata of an instance of the Docker flavor. */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Instance } from "../Flavor/Instance.js"

export { portOf } from "../Flavor/Ports.js"

/**
 * Metadata of a container, in the registry and in the output for users.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Metadata = Schema.Struct({
  containerId: Schema.String,
  containerName: Schema.String,
  /** The image in the specification. */
  image: Schema.String,
  /** Digest of the image's configuration, which survives the name of the image. */
  imageId: Schema.String,
  /** The port of the URL at the host; missing while it is not published. */
  port: Schema.optional(Schema.Int),
  /** The address of the host at which it is published. */
  address: Schema.optional(Schema.String),
  /** True if a door has that port, and leads its callers to the container. */
  door: Schema.optional(Schema.Boolean),
  /** The engine that has the container. Another engine knows nothing about it. */
  engineId: Schema.String,
  generation: Schema.Int,
  /** The number of restarts by the engine. */
  restarts: Schema.optional(Schema.Int),
  /** The result of the engine's own health check. */
  health: Schema.optional(Schema.String),
  /** Its exit code, after it exited. */
  exitCode: Schema.optional(Schema.Int),
  /** True while it is paused. */
  paused: Schema.optional(Schema.Boolean),
  /** True if it ran out of memory. */
  outOfMemory: Schema.optional(Schema.Boolean),
  /** True until it answers for the first time: an exit is a failed start, even if the engine restarts it. */
  starting: Schema.optional(Schema.Boolean)
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
