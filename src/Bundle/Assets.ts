/** Files of the user's own that travel: those that settings name, and those that own modules read by a plain path. */
import * as NodePath from "node:path"
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import type { PipelineBundleFailed } from "../Errors/Pipelines.js"
import type { Source } from "./Contract.js"
import * as OwnReads from "./OwnReads.js"
import * as Packages from "./Packages.js"
import * as Problems from "./Problems.js"
import type { Project } from "./Project.js"

/** The files that match the globs of `assets`. A glob without a match is a mistake. */
export const matching = (
  { file }: Source,
  globs: ReadonlyArray<string>,
  { directory }: Project
): Effect.Effect<ReadonlyArray<string>, PipelineBundleFailed, FileSystem.FileSystem> =>
  Effect.map(
    Effect.forEach(globs, (pattern) =>
      Effect.filterOrFail(
        glob(pattern, directory),
        (found) => found.length > 0,
        () =>
          Problems.failed(
            file,
            `assets: ${JSON.stringify(pattern)} matches no file below ${directory}; correct the glob`
          )
      )
    ),
    (found) => found.flat()
  )

/**
 * The files that own modules read by a plain relative path, below the working directory, and those at the ends of paths that
 * they compute. A folder that has the module itself is none of them.
 */
export const read = (
  own: ReadonlyMap<string, string>,
  { directory, workspace }: Project
): Effect.Effect<ReadonlyArray<string>, PlatformError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const constants = OwnReads.constantsOf(own.values())
    const paths = new Set(
      [...own].flatMap(([file, text]) => [
        ...OwnReads.readPaths(text).map((path) => NodePath.resolve(directory, path)),
        ...OwnReads.pathEnds(text, constants)
          .flatMap((path) => [directory, NodePath.dirname(file)].map((folder) => NodePath.resolve(folder, path)))
          .filter((path) => !`${file}/`.startsWith(`${path}/`))
      ])
    )
    const below = [...paths].filter((path) => path.startsWith(`${workspace}/`) && path !== directory)
    const found = yield* Effect.forEach(below, (path) => Effect.orElseSucceed(filesAt(path), () => []))
    return found.flat()
  })

/** The modules of `import` that are files of the project. */
export const preloads = (
  { file }: Source,
  imports: ReadonlyArray<string>,
  { directory }: Project
): Effect.Effect<ReadonlyArray<{ readonly file: string }>, PipelineBundleFailed, FileSystem.FileSystem> =>
  Effect.forEach(
    imports.filter((specifier) => Packages.nameOf(specifier) === undefined),
    (specifier) =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const preload = NodePath.resolve(directory, specifier)
        if (!(yield* Effect.orElseSucceed(fs.exists(preload), () => false))) {
          return yield* Problems.failed(
            file,
            `import: there is no file ${preload}; give a path relative to ${directory}`
          )
        }
        return { file: preload }
      })
  )

/** The files below a folder that match a glob, without those of packages of Node and of Python. */
export const glob = (pattern: string, directory: string): Effect.Effect<ReadonlyArray<string>> =>
  Effect.promise(async () => {
    const library: typeof import("glob") = await import(/* @vite-ignore */ globber)
    const ignore = pattern.includes("node_modules") ? [] : ["**/node_modules/**", "**/site-packages/**"]
    return (await library.glob(pattern, { cwd: directory, absolute: true, nodir: true, ignore })).sort()
  })

// internal

/** Not in the import itself, so that no bundler of an application takes it in. */
const globber = "glob"

type Read<A> = Effect.Effect<A, PlatformError, FileSystem.FileSystem>

/** The files below a folder, or the file itself. Hidden files and packages are left out. */
const filesAt = (path: string): Read<ReadonlyArray<string>> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const info = yield* fs.stat(path)
    if (info.type === "File") return [path]
    if (info.type !== "Directory") return []
    const visible = (yield* fs.readDirectory(path)).filter((name) => name !== "node_modules" && !name.startsWith("."))
    const below = yield* Effect.forEach(visible, (name) => filesAt(NodePath.join(path, name)))
    return below.flat()
  })
