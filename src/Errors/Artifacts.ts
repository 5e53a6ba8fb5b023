/** The errors of the store of artifacts. */
import * as Schema from "effect/Schema"
import { status, TypeId } from "./Kind.js"

/**
 * The content of an artifact could not be written, read or removed.
 *
 * @category errors
 * @since 0.1.0
 */
export class ArtifactStoreError extends Schema.TaggedError<ArtifactStoreError>()(
  "ArtifactStoreError",
  {
    operation: Schema.Literal("put", "get", "remove"),
    /** SHA-256 of the content in hexadecimal digits. */
    digest: Schema.String,
    reason: Schema.String,
    cause: Schema.optional(Schema.Defect)
  },
  status(503, "The store of artifacts cannot be used.")
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `The store of artifacts could not ${this.operation} ${this.digest.slice(0, 12)}: ${this.reason}.`
  }
}
