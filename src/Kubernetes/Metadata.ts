/** The metadata of an instance of the Kubernetes flavor. */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Instance } from "../Flavor/Instance.js"

/**
 * The image of a generation.
 *
 * @category schemas
 * @since 0.2.0
 */
export const PodImage = Schema.Struct({
  /** The reference that nodes pull, with its digest. */
  reference: Schema.String,
  /** The program and its arguments. */
  entrypoint: Schema.Array(Schema.String)
})

export type PodImage = typeof PodImage.Type

/**
 * Metadata of an instance, in the registry and in the output for users.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Metadata = Schema.Struct({
  namespace: Schema.String,
  /** Name of its Deployment. */
  deployment: Schema.String,
  /** The address of the API of its cluster. */
  server: Schema.String,
  /** The identity of its namespace. A namespace with the same name in another cluster has another one. */
  engineId: Schema.String,
  generation: Schema.Int,
  /** The image of its pods. */
  image: Schema.optional(PodImage),
  /** True until it answers for the first time: then a restart means that its start failed. */
  starting: Schema.optional(Schema.Boolean)
})

export type Metadata = typeof Metadata.Type

/**
 * Reads the stored metadata of an instance; none if it is of another flavor or of another generation.
 *
 * @category decoding
 * @since 0.2.0
 */
export const decodeOf = (
  { generation }: Pick<Instance, "generation">,
  stored: Readonly<Record<string, unknown>>
): Option.Option<Metadata> =>
  Option.filter(Schema.decodeUnknownOption(Metadata)(stored), (metadata) => metadata.generation === generation)

/**
 * The form in which metadata is stored.
 *
 * @category encoding
 * @since 0.2.0
 */
export const encode: (metadata: Metadata) => typeof Metadata.Encoded = Schema.encodeSync(Metadata)
