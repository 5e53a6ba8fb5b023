/** References to container images, such as `node:22-slim` or `registry.example:5000/team/app:1.2@sha256:...`. */
import * as Schema from "effect/Schema"

const domain =
  "(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*(?::[0-9]{1,5})?/)?"
const component = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
const grammar = new RegExp(
  `^(?<repository>${domain}${component}(?:/${component})*)(?::(?<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?:@(?<digest>sha256:[a-f0-9]{64}))?$`
)

/**
 * A reference by name, with a tag, a digest or both. Nothing else gets through: no blank, no line break, no variable.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ImageReference = Schema.String.pipe(
  Schema.maxLength(255),
  Schema.filter((text) => grammar.test(text) || 'must be an image reference such as "node:22-slim"'),
  Schema.brand("ImageReference")
)

export type ImageReference = typeof ImageReference.Type

/**
 * The parts of a reference.
 *
 * @category models
 * @since 0.1.0
 */
export interface Parts {
  /** With the registry, when it names one. */
  readonly repository: string
  readonly tag: string | undefined
  /** `sha256:` and 64 hex digits. */
  readonly digest: string | undefined
}

/**
 * Takes a reference apart. Another text is all repository.
 *
 * @category accessors
 * @since 0.1.0
 */
export const partsOf = (reference: string): Parts => {
  const { digest, repository = reference, tag } = grammar.exec(reference)?.groups ?? {}
  return { repository, tag, digest }
}

/**
 * The registry that a name leads to: `registry.example:5000`, and `docker.io` for a name without one.
 *
 * @category accessors
 * @since 0.2.0
 */
export const registryOf = (name: string): string => {
  const [first = "", rest] = name.split("/", 2)
  return rest !== undefined && (/[.:]/.test(first) || first === "localhost") ? first : "docker.io"
}

/**
 * A repository of a registry: the name of an image without tag and digest.
 *
 * @category schemas
 * @since 0.2.0
 */
export const ImageRepository = Schema.String.pipe(
  Schema.maxLength(200),
  Schema.filter((text) => {
    const parts = grammar.test(text) ? partsOf(text) : undefined
    return (
      (parts !== undefined && parts.tag === undefined && parts.digest === undefined) ||
      'must be a repository such as "registry.example:5000/team/app": lower case, without tag and digest'
    )
  }),
  Schema.brand("ImageRepository")
)

export type ImageRepository = typeof ImageRepository.Type

/**
 * The reference pinned to a digest: `node:22-slim` becomes `node:22-slim@sha256:...`. One that has a digest stays as it
 * is.
 *
 * @param digest `sha256:` and 64 hex digits
 *
 * @category combining
 * @since 0.1.0
 */
export const pin = (reference: ImageReference, digest: string): ImageReference =>
  partsOf(reference).digest === undefined ? ImageReference.make(`${reference}@${digest}`) : reference
