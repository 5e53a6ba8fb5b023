/** The content of an image besides the snapshot, and its checksum. */
import { createHash } from "node:crypto"
import * as Json from "../Internal/CanonicalJson.js"
import type { External, Snapshot } from "../Snapshot/Model.js"
import type { ImageReference, ImageRepository } from "./ImageReference.js"
import { appDirectory, numericUser } from "./Layout.js"
import { requirements } from "./Requirements.js"

/**
 * The resolved base of an image.
 *
 * @category models
 * @since 0.1.0
 */
export type ResolvedBase =
  | {
      readonly _tag: "host"
      /** Version of Node. */
      readonly node: string
      /** `sha256:` and 64 hex digits of the layer made of this machine's files. */
      readonly layer: string
    }
  | {
      readonly _tag: "image"
      readonly reference: ImageReference
      /** The digest in the registry; an image that was never in a registry has none. */
      readonly digest?: string | undefined
      /** The engine's id of the image. */
      readonly id: string
      /** The image that installs native packages, if it is another one. */
      readonly builder?: string | undefined
      /** The path of Node inside it. */
      readonly node: string
    }

/**
 * A declared file and the digest of its content.
 *
 * @category models
 * @since 0.1.0
 */
export interface AssetDigest {
  /** Relative to the project, and to `/app`. */
  readonly path: string
  /** SHA-256 (hex). */
  readonly digest: string
}

/**
 * Image settings with all of their references resolved.
 *
 * @category models
 * @since 0.1.0
 */
export interface ResolvedSettings {
  /** `linux/amd64`. */
  readonly platform: string
  readonly base: ResolvedBase
  readonly assets: ReadonlyArray<AssetDigest>
  /** The driver package of the connected SQL run store, if there is one. */
  readonly sqlStore?: External | undefined
}

/**
 * The content of an image besides the snapshot. A version of a package is assumed to be the same everywhere.
 *
 * @category models
 * @since 0.1.0
 */
export interface BuildConfiguration {
  /** Grows when the construction of images changes. */
  readonly formatVersion: 2
  readonly platform: string
  readonly base: ResolvedBase
  readonly requirements: ReadonlyArray<External>
  readonly assets: ReadonlyArray<AssetDigest>
  readonly directory: string
  readonly user: string
}

/**
 * The configuration of a snapshot's image.
 *
 * @category constructors
 * @since 0.1.0
 */
export const buildConfiguration = (
  snapshot: Pick<Snapshot, "bundle">,
  { assets, base, platform, sqlStore }: ResolvedSettings
): BuildConfiguration => ({
  formatVersion: 2,
  platform,
  base,
  requirements: requirements(snapshot, { sqlStore }),
  assets: [...assets].sort((a, b) => (a.path < b.path ? -1 : 1)),
  directory: appDirectory,
  user: numericUser
})

/**
 * JSON with sorted keys and without fields that are `undefined`: equal values give equal text.
 *
 * @category encoding
 * @since 0.1.0
 */
export const canonicalJson: (value: unknown) => string = Json.canonicalJson

/**
 * SHA-256 (hex) of a configuration's {@link canonicalJson}.
 *
 * @category encoding
 * @since 0.1.0
 */
export const checksum = (configuration: BuildConfiguration): string =>
  createHash("sha256").update(canonicalJson(configuration)).digest("hex")

/**
 * SHA-256 (hex) of a configuration whose image is in a repository. The build of that checksum has the reference of the image
 * by digest in place of an engine's id, so other machines pull it.
 *
 * @category encoding
 * @since 0.2.0
 */
export const publishedChecksum = (configuration: BuildConfiguration, repository: ImageRepository): string =>
  createHash("sha256")
    .update(canonicalJson({ ...configuration, repository }))
    .digest("hex")

/**
 * The name of an image in an engine. It depends on the content, so that equal names mean equal images.
 *
 * @param checksum that of the build configuration, in hex
 *
 * @category accessors
 * @since 0.1.0
 */
export const imageName = (snapshot: Pick<Snapshot, "bundle" | "pipelineName">, checksum: string): string => {
  const slug = snapshot.pipelineName
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 60)
    .replace(/-$/, "")
  return `effect-deployers/${slug || "pipeline"}:${snapshot.bundle.digest.slice(0, 12)}-${checksum.slice(0, 12)}`
}
