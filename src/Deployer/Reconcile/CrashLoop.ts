/**
 * The mark of a deployment in a crash loop. It is a code in the metadata of its row, so the words of the reason
 * are free to change; the next observed state replaces the metadata and so removes it.
 */
import type { Deployment } from "../../Deployment.js"

/** Metadata with the mark. */
export const mark = (metadata: Deployment["metadata"]): Deployment["metadata"] => ({ ...metadata, [field]: code })

/** Metadata without the mark. */
export const clear = (metadata: Deployment["metadata"]): Deployment["metadata"] => {
  const { [field]: _, ...rest } = metadata
  return rest
}

/** True if a deployment is in a crash loop. */
export const isMarked = ({ metadata, reason, status }: Pick<Deployment, "metadata" | "reason" | "status">): boolean =>
  status === "error" && (metadata[field] === code || reason?.startsWith(releasedReason) === true)

// internal

const field = "condition"
const code = "crashLoop"

/** Rows of version 0.1.0 have no mark, only this beginning of their reason. */
const releasedReason = "it does not stay up"
