import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import type * as Esbuild from "esbuild"
import * as Barrels from "./Barrels.js"
import * as Library from "./Library.js"
import { isEffect } from "./Packages.js"

/**
 * Replaces imports from the barrels of `effect`, `@effect/*` and this library by imports of their modules, where that
 * changes only the size of the bundle.
 */
export const make: Effect.Effect<Esbuild.Plugin, never, FileSystem.FileSystem | Path.Path> = Effect.gen(function* () {
  const run = Runtime.runPromise(yield* Effect.runtime<FileSystem.FileSystem | Path.Path>())
  const barrels = new Map<string, Barrels.Barrel>()
  return {
    name: `${Library.packageName}/barrels`,
    setup: (build) => {
      build.onLoad({ filter: /\.(?:[jt]sx?|m[jt]s)$/, namespace: "file" }, ({ path }) =>
        Library.isLibrarys(path) ? undefined : run(Effect.orElseSucceed(load(build, barrels, path), () => undefined))
      )
    }
  }
})

// internal

const load = (build: Esbuild.PluginBuild, barrels: Map<string, Barrels.Barrel>, file: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const text = yield* fs.readFileString(file)
    const specifiers = Barrels.imported(text).filter(hasBarrel)
    if (specifiers.length === 0) return undefined
    const found = yield* Effect.forEach(specifiers, (specifier) =>
      Effect.map(barrelOf(build, barrels, file, specifier), (barrel) => [specifier, barrel] as const)
    )
    const contents = Barrels.rewrite(text, new Map(found))
    return { contents, loader: path.extname(file).replace(/^\.m?/, "") as Esbuild.Loader }
  })

const hasBarrel = (specifier: string): boolean =>
  specifier === Library.packageName || (isEffect(specifier) && !/^(?:@effect\/)?[^/]+\//.test(specifier))

/** The barrel of an import. An import that cannot be resolved has an empty one: esbuild reports it. */
const barrelOf = (
  build: Esbuild.PluginBuild,
  barrels: Map<string, Barrels.Barrel>,
  importer: string,
  specifier: string
) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const resolveDir = path.dirname(importer)
    const { path: file } = yield* Effect.promise(() =>
      build.resolve(specifier, { importer, kind: "import-statement", resolveDir })
    )
    const known = barrels.get(file)
    if (known !== undefined) return known
    const text = yield* Effect.orElseSucceed(fs.readFileString(file), () => "")
    const fileOf = (relative: string) => path.resolve(path.dirname(file), relative.replace(/\.js$/, path.extname(file)))
    const barrel = Barrels.read(text, fileOf)
    barrels.set(file, barrel)
    return barrel
  })
