/** The metadata of a generation in a swarm. */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Instance } from "../Flavor/Instance.js"

export { portOf } from "../Flavor/Ports.js"

/**
 * Metadata of a generation, in the registry and in the output for users.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Metadata = Schema.Struct({
  serviceId: Schema.String,
  serviceName: Schema.String,
  /** The image in the specification. */
  image: Schema.String,
  /** The port of the URL on every node. */
  port: Schema.optional(Schema.Int),
  /** The id of the swarm. Another swarm knows nothing about the service. */
  engineId: Schema.String,
  generation: Schema.Int,
  /** The number of tasks that the service should have. */
  replicas: Schema.Int,
  /** The exit code of the task that ended last, of a generation that does not run. */
  exitCode: Schema.optional(Schema.Int),
  /** True until a task of the generation runs for the first time: an end is a failed start. */
  starting: Schema.optional(Schema.Boolean)
})

export type Metadata = typeof Metadata.Type

/**
 * Reads the stored metadata of a generation; none if it is of another flavor or of another generation.
 *
 * @category decoding
 * @since 0.2.0
 */
export const decodeOf = (
  { generation }: Pick<Instance, "generation">,
  stored: Readonly<Record<string, unknown>>
): Option.Option<Metadata> => Option.filter(decode(stored), (metadata) => metadata.generation === generation)

/**
 * The form in which metadata is stored.
 *
 * @category encoding
 * @since 0.2.0
 */
export const encode: (metadata: Metadata) => typeof Metadata.Encoded = Schema.encodeSync(Metadata)

const decode = Schema.decodeUnknownOption(Metadata)
