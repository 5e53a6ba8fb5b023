/** The setting of the files that a service serves beside its pipeline. */
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { withDefault } from "./Fields.js"

/**
 * A folder of files, such as a built single-page app. The files travel with the bundle.
 *
 * @category schemas
 * @since 0.1.0
 */
export const StaticFiles = Schema.Struct({
  /**
   * The folder, relative to the folder of the project's `package.json`, such as `web/dist`. A server inside a program may have
   * an absolute one.
   */
  folder: Schema.String.pipe(
    Schema.filter(
      (folder) =>
        isFolder(folder) ||
        'must be a folder of the project, such as "web/dist", without a name that starts with a dot; a pattern is none'
    )
  ),
  /** The path of the files; default `/`, where they take the place of the deployment's page. */
  path: withDefault(
    Schema.String.pipe(
      Schema.pattern(/^(\/[A-Za-z0-9._~-]+)*\/?$/, { message: () => 'must be a plain URL path such as "/app"' }),
      Schema.minLength(1)
    ),
    "/"
  ),
  /** The file for navigations to paths without a file; default `index.html`. `false`: they are not found. */
  fallback: withDefault(
    Schema.Union(
      Schema.Literal(false),
      Schema.String.pipe(
        Schema.pattern(/^[^/.][^/]*$/, {
          message: () => 'must be a file of the folder, such as "index.html", or false'
        })
      )
    ),
    "index.html"
  ),
  /** Lets browsers keep files with a digest in their name for good; default true. */
  immutable: withDefault(Schema.Boolean, true),
  /**
   * `Content-Security-Policy` of the files. `true` (default) permits what the service itself has, inline styles and images
   * of `data:` and `blob:`; `false` leaves the header out; a text is the value.
   */
  contentSecurityPolicy: withDefault(
    Schema.Union(
      Schema.Boolean,
      Schema.String.pipe(
        Schema.pattern(/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/, {
          message: () => "must be true, false, or the value of the header in one line of visible ASCII characters"
        })
      )
    ),
    true
  )
})

export type StaticFiles = typeof StaticFiles.Type

/**
 * The files of the setting `static` among serving settings, as globs of the bundle setting `assets`. A folder with an absolute
 * path does not travel.
 */
export const assetsOf = (serving: unknown): ReadonlyArray<string> => {
  const files = Predicate.hasProperty(serving, "static") ? serving.static : undefined
  const folder = Predicate.hasProperty(files, "folder") ? String(files.folder) : "/"
  return folder.startsWith("/") ? [] : [`${folder.replace(/\/+$/, "")}/**`]
}

// internal

const isFolder = (folder: string): boolean =>
  folder !== "" &&
  !/[\\*?{}[\]\0]/.test(folder) &&
  (folder.startsWith("/") || !folder.split("/").some((name) => name.startsWith(".")))
