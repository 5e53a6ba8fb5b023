/** Files that own modules reach in ways that no tracer follows: patterns, templates in templates, and data of packages. */
import { createRequire } from "node:module"
import * as NodePath from "node:path"
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Assets from "./Assets.js"
import * as OwnReads from "./OwnReads.js"
import * as PackageData from "./PackageData.js"
import type * as Packages from "./Packages.js"
import type { Project } from "./Project.js"

type Needs = FileSystem.FileSystem | Path.Path
type Found = Effect.Effect<ReadonlyArray<string>, PlatformError, Needs>

/** Finds files of own modules besides those that are known. */
export const find = (
  own: ReadonlyMap<string, string>,
  known: ReadonlyArray<string>,
  project: Project,
  ownerOf: Packages.Owners
): Found =>
  Effect.gen(function* () {
    const resolved = yield* Effect.forEach(own, ([file, text]) => resolvedBy(file, text, ownerOf))
    const matched = yield* Effect.forEach(own, ([file, text]) => matching(file, text, project))
    const named = matched.flat()
    const mine = [...known, ...named].filter((file) => !/[\\/]node_modules[\\/]/.test(file))
    return [...resolved.flat(), ...named, ...(yield* withPartials(mine))]
  })

// internal

/** The files that a module resolves by their names, and the data of packages whose folder it asks for. */
const resolvedBy = (file: string, text: string, ownerOf: Packages.Owners): Found =>
  Effect.gen(function* () {
    const found = OwnReads.resolvedNames(text).flatMap((name) =>
      Option.toArray(Option.liftThrowable(() => createRequire(file).resolve(name))())
    )
    const manifests = found.filter((path) => NodePath.basename(path) === "package.json")
    const data = yield* Effect.forEach(manifests, (manifest) =>
      Effect.flatMap(
        ownerOf(manifest),
        Option.match({ onNone: () => Effect.succeed([]), onSome: ({ directory }) => PackageData.below(directory) })
      )
    )
    return [...found.filter(NodePath.isAbsolute), ...data.flat()]
  })

/** The files of patterns such as `locales/{{lng}}.json`, relative to the module or to the working directory. */
const matching = (file: string, text: string, { directory }: Project): Found =>
  Effect.map(
    Effect.forEach(OwnReads.patterns(text), (pattern) =>
      Effect.forEach([NodePath.dirname(file), directory], (folder) => Assets.glob(pattern, folder))
    ),
    (found) => found.flat(2)
  )

/** Languages whose files include or import others by names of their own. */
const including =
  /\.(?:ejs|pug|jade|njk|nunjucks|hbs|handlebars|mustache|liquid|eta|vto|twig|mjml|proto|graphql|gql|s[ac]ss|less|xsd|xsl|xslt|py|rb|pl|sh|lua)$/i

/** Languages of data that name other files by a relative path, such as `$ref: "./pet.yaml"`. */
const referring = /\.(?:json|ya?ml)$/i

const reference = /(?:["'(\s])(\.{1,2}\/[\w./-]+)/g

/** The files of the same language below the folder of each file, unless it is one of data, and those that it names by a relative path. */
const withPartials = (files: ReadonlyArray<string>): Found =>
  Effect.gen(function* () {
    const found = new Set(files.filter((file) => including.test(file) || referring.test(file)))
    for (const file of found) {
      const folder = NodePath.dirname(file)
      const extension = NodePath.extname(file)
      const siblings = including.test(file) ? yield* Assets.glob(`**/*${extension}`, folder) : []
      for (const sibling of siblings) found.add(sibling)
      for (const named of yield* namedIn(file, extension)) found.add(named)
    }
    return [...found]
  })

const namedIn = (file: string, extension: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const text = yield* Effect.orElseSucceed(fs.readFileString(file), () => "")
    const paths = [...text.matchAll(reference)].flatMap(([, name = ""]) => {
      const path = NodePath.resolve(NodePath.dirname(file), name)
      return including.test(path) || referring.test(path) ? [path] : [`${path}${extension}`]
    })
    return yield* Effect.filter(paths, (path) => Effect.orElseSucceed(fs.exists(path), () => false))
  })
