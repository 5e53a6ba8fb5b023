/**
 * What the Docker flavor knows about an instance.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Instance } from "../Flavor/Backend.js"

export { portOf } from "../Flavor/Ports.js"

/**
 * Metadata of a container; what is stored in the registry and shown to users.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Metadata = Schema.Struct({
  containerId: Schema.String,
  containerName: Schema.String,
  /** The image as it was asked for. */
  image: Schema.String,
  /** Digest of the image's configuration; it stays when the image loses its name. */
  imageId: Schema.String,
  /** The port of the host; missing while it is not published. */
  port: Schema.optional(Schema.Int),
  /** The address of the host it is published at. */
  address: Schema.optional(Schema.String),
  /** The engine that has the container. Another engine knows nothing about it. */
  engineId: Schema.String,
  generation: Schema.Int,
  /** How often the engine started it again. */
  restarts: Schema.optional(Schema.Int),
  /** How the engine's own check finds it. */
  health: Schema.optional(Schema.String),
  /** How it ended, if it did. */
  exitCode: Schema.optional(Schema.Int),
  /** Whether somebody paused it. */
  paused: Schema.optional(Schema.Boolean),
  /** Whether it was ended because it had no memory left. */
  outOfMemory: Schema.optional(Schema.Boolean),
  /** Whether it has yet to answer for the first time, so that an end is a failed start whatever the engine does next. */
  starting: Schema.optional(Schema.Boolean)
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
