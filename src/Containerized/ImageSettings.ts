/**
 * What can be set about the image of a deployment.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { ImageReference } from "./ImageReference.js"

const segment = /^(?!\.{1,2}$)[^\p{Cc}/\\:]{1,200}$/u

/**
 * A file or folder inside the project: relative, with `/` between its parts, without `..`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const AssetPath = Schema.String.pipe(
  Schema.maxLength(1000),
  Schema.filter(
    (path) =>
      path.split("/").every((part) => segment.test(part)) ||
      'must be a path inside the project such as "assets/model.json": relative, without "..", not ending with a slash'
  )
)

/**
 * Where a program is inside an image: an absolute path, or a name that is looked up there.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ProgramPath = Schema.String.pipe(
  Schema.maxLength(200),
  Schema.pattern(/^(?:[A-Za-z0-9._-]+|(?:\/[A-Za-z0-9._-]+)+)$/, {
    message: () => 'must be a program such as "node" or "/usr/local/bin/node"'
  })
)

/**
 * What an image is built on. `host` is a minimal image made of the Node that runs this program, its libraries and the
 * certificates of this machine: no registry is needed and native packages are the very ones that were tested here.
 * `image` is a normal image by reference, which is pulled when the engine lacks it.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Base = Schema.Union(
  Schema.TaggedStruct("host", {}),
  Schema.TaggedStruct("image", {
    reference: ImageReference,
    /** The image native packages are installed in, which needs npm; default the image itself. */
    builder: Schema.optional(ImageReference),
    /** The image's Node; default `node`, looked up in the image. */
    node: Schema.optionalWith(ProgramPath, { default: () => "node" })
  })
)

/**
 * @category models
 * @since 0.1.0
 */
export type Base = typeof Base.Type

/**
 * Image settings. Every field has a default, so `{}` is complete.
 *
 * **Details**
 *
 * Without `base` the choice follows from what is known before anything is built, and a failure never changes it: `host`
 * where this program runs on Linux and on the engine's architecture, because then what was tested is what is deployed
 * and nothing has to be downloaded; elsewhere, such as on macOS, `node:<major>-slim` of the running major version.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ImageSettings = Schema.Struct({
  base: Schema.optional(Base),
  /** Files and folders to copy to the same place below `/app`; default none. Nothing else of the project gets in. */
  assets: Schema.optionalWith(Schema.Array(AssetPath), { default: () => [] }),
  /** The folder `assets` are in; default the folder of the pipeline's file. */
  project: Schema.optional(Schema.NonEmptyString)
})

/**
 * @category models
 * @since 0.1.0
 */
export type ImageSettings = typeof ImageSettings.Type

/**
 * Image settings as people write them.
 *
 * @category models
 * @since 0.1.0
 */
export type ImageSettingsInput = typeof ImageSettings.Encoded
