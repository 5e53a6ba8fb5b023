/**
 * The labels of images. They depend on the content of an image alone, so that equal images are equal on every machine.
 * Values are encoded, because a pipeline can have any name.
 */
import type { Snapshot } from "../../Snapshot/Model.js"

/** Names of the labels of images. */
export const names = {
  /** `app` for an image of a snapshot, `base` for its base. */
  role: "effect-deployers.image",
  pipeline: "effect-deployers.image.pipeline",
  /** Digest of the bundle. */
  bundle: "effect-deployers.image.bundle",
  /** Checksum of the rest of its content. */
  checksum: "effect-deployers.image.checksum",
  node: "effect-deployers.image.node"
} as const

/**
 * Labels of the image of a snapshot.
 *
 * @param checksum see `Containerized.checksum`
 */
export const ofSnapshot = (
  { bundle, pipelineName }: Pick<Snapshot, "bundle" | "pipelineName">,
  checksum: string
): Readonly<Record<string, string>> => ({
  [names.role]: "app",
  [names.pipeline]: encodeURIComponent(pipelineName).replace(/'/g, "%27").slice(0, 200),
  [names.bundle]: bundle.digest,
  [names.checksum]: checksum
})

/**
 * Labels of a base with a machine's Node.
 *
 * @param node its version
 */
export const ofBase = (node: string): Readonly<Record<string, string>> => ({
  [names.role]: "base",
  [names.node]: node
})
