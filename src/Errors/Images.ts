/** The errors of building an image of a snapshot. */
import * as Schema from "effect/Schema"
import { status, TypeId } from "./Kind.js"

const Cause = Schema.optional(Schema.Defect)

/**
 * An image could not be made. Nothing was deployed.
 *
 * @category errors
 * @since 0.1.0
 */
export class ImageNotBuilt extends Schema.TaggedError<ImageNotBuilt>()(
  "ImageNotBuilt",
  { snapshot: Schema.String, reason: Schema.String, remedy: Schema.String, cause: Cause },
  status(502, "The image could not be made.")
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `The image of snapshot ${this.snapshot} could not be made: ${this.reason}. ${this.remedy}.`
  }
}

/**
 * An image was made and could not be pushed to its repository. Nothing was deployed.
 *
 * @category errors
 * @since 0.2.0
 */
export class ImageNotPushed extends Schema.TaggedError<ImageNotPushed>()(
  "ImageNotPushed",
  { repository: Schema.String, reason: Schema.String, remedy: Schema.String, cause: Cause },
  status(502, "The image could not be pushed.")
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `The image could not be pushed to ${this.repository} (setting imageRepository): ${this.reason}. ${this.remedy}.`
  }
}

/**
 * Something declared for an image does not belong into one: a link, a device, a file of credentials, or a path outside
 * the project.
 *
 * @category errors
 * @since 0.1.0
 */
export class ImageContentRefused extends Schema.TaggedError<ImageContentRefused>()(
  "ImageContentRefused",
  { path: Schema.String, reason: Schema.String },
  status(400, "Something declared does not belong into an image.")
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `${JSON.stringify(this.path)} cannot go into an image: ${this.reason}. Take it out of the setting "assets", or out of the folder declared there.`
  }
}

/**
 * The image to build on is not in the engine and cannot be had.
 *
 * @category errors
 * @since 0.1.0
 */
export class BaseImageUnavailable extends Schema.TaggedError<BaseImageUnavailable>()(
  "BaseImageUnavailable",
  { reference: Schema.String, reason: Schema.String, cause: Cause },
  status(502, "The base image cannot be had.")
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `The base image ${this.reference} cannot be had: ${this.reason}. Check the reference, load the image into the engine, or use { "_tag": "host" } as base to build on this machine's Node.`
  }
}
