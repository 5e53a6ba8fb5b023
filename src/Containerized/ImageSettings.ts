/** The settings of the image of a deployment. */
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
 * A program inside an image: an absolute path, or a name on its `PATH`.
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
 * The base of an image. `host` is a minimal image with the Node that runs this program, its libraries and the certificates
 * of this machine: it needs no registry, and its native packages are those that were tested here. `image` is a normal image
 * by reference, which is pulled if the engine does not have it.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Base = Schema.Union(
  Schema.TaggedStruct("host", {}),
  Schema.TaggedStruct("image", {
    reference: ImageReference,
    /** The image that installs native packages, which needs npm; default the image itself. */
    builder: Schema.optional(ImageReference),
    /** The image's Node; default `node`, looked up in the image. */
    node: Schema.optionalWith(ProgramPath, { default: () => "node" })
  })
)

export type Base = typeof Base.Type

/**
 * Image settings. Every field has a default, so `{}` is complete.
 *
 * **Details**
 *
 * The default of `base` does not depend on the success of a build: `host` where this program runs on Linux and on the
 * engine's architecture, because then the tested program is deployed and nothing is downloaded; elsewhere, such as on
 * macOS, `node:<major>-slim` of the running major version.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ImageSettings = Schema.Struct({
  base: Schema.optional(Base),
  /**
   * Copy `/bin/sh` and the usual tools of this machine into the base `host`, such as `ls`, `grep` and `tar`; default
   * `false`. An image as base has its own.
   */
  shell: Schema.optional(Schema.Boolean),
  /**
   * Copy the fonts of this machine and the configuration of fontconfig into the base `host`; default `false`. An image as
   * base needs its own fonts.
   */
  fonts: Schema.optional(Schema.Boolean),
  /** Files and folders to copy to the same place below `/app`; default none. No other file of the project is copied. */
  assets: Schema.optionalWith(Schema.Array(AssetPath), { default: () => [] }),
  /** The folder of the `assets`; default the folder of the pipeline's file. */
  project: Schema.optional(Schema.NonEmptyString)
})

export type ImageSettings = typeof ImageSettings.Type

/**
 * Image settings in a call.
 *
 * @category models
 * @since 0.1.0
 */
export type ImageSettingsInput = typeof ImageSettings.Encoded
