/** The files of a pipeline that are the user's own, as one ES module in which packages stay imports. */
import { createHash } from "node:crypto"
import { pathToFileURL } from "node:url"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import type * as Esbuild from "esbuild"
import * as Boundary from "../../Bundle/Boundary.js"
import { check } from "../../Bundle/Compile.js"
import type { BundleError } from "../../Bundle/Contract.js"
import * as Service from "../../Bundle/Esbuild.js"
import * as Packages from "../../Bundle/Packages.js"
import * as Problems from "../../Bundle/Problems.js"
import * as Project from "../../Bundle/Project.js"
import * as Resolution from "../../Bundle/Resolution.js"

/**
 * SHA-256 (hex) of a module and the own files it imports: unchanged files have the same digest in any folder. Fails as the
 * bundler does for a missing file, an import that cannot be found or code with a syntax error.
 */
export const digest = (file: string): Effect.Effect<string, BundleError, FileSystem.FileSystem | Path.Path> =>
  Effect.map(build(file, []), (code) => createHash("sha256").update(code).digest("hex"))

/** The module as JavaScript. Each file in it keeps its `import.meta.url`. */
export const transpile = (file: string): Effect.Effect<string, BundleError, FileSystem.FileSystem | Path.Path> =>
  Effect.flatMap(keepUrls, (plugin) => build(file, [plugin]))

// internal

const build = (file: string, plugins: ReadonlyArray<Esbuild.Plugin>) =>
  Effect.gen(function* () {
    const path = yield* Path.Path
    yield* check(file)
    const boundary = Boundary.make(yield* Project.find(file))
    const resolution = yield* Resolution.make(boundary, Packages.owners())
    const directory = path.dirname(file)
    const { outputFiles } = yield* Service.build({
      ...options,
      ...(plugins.length === 0 ? {} : { define: { "import.meta.url": urlName } }),
      absWorkingDir: directory,
      entryPoints: [file],
      plugins: [packagesStayOutside, resolution.plugin, ...plugins]
    }).pipe(Effect.mapError((cause) => Problems.fromBuild(file, directory, cause)))
    return outputFiles.map(({ text }) => text).join("")
  })

const options = {
  bundle: true,
  write: false,
  platform: "node",
  target: "node20",
  format: "esm",
  minifyWhitespace: true,
  legalComments: "none",
  logLevel: "silent"
} as const satisfies Esbuild.BuildOptions

/**
 * Has the bundler's own rules find a package, so that a missing one fails alike, and keeps it an import: by its name, or by
 * its file if it is the library's own copy, because the user's folder may have none.
 */
const packagesStayOutside: Esbuild.Plugin = {
  name: `${Packages.libraryName}/in-memory`,
  setup: (build) => {
    build.onResolve({ filter: /^[^./]/ }, async ({ importer, kind, path, pluginData, resolveDir }) => {
      // With data it is a question of a plugin, such as the one below.
      if (pluginData !== undefined || Packages.nameOf(path) === undefined) return undefined
      const found = await build.resolve(path, { importer, kind, resolveDir, pluginData: asked })
      if (found.errors.length > 0) return { errors: found.errors.map(({ text }) => ({ text })) }
      if (Packages.isLibrarys(found.path)) return { path: pathToFileURL(found.path).href, external: true }
      return found.external || /[\\/]node_modules[\\/]/.test(found.path) ? { path, external: true } : found
    })
  }
}

const asked = Symbol.for("effect-deployers/Testing/InMemoryBundler/asked")

const urlName = "__effectDeployersUrl"

const loaders: Readonly<Record<string, Esbuild.Loader>> = {
  ".ts": "ts",
  ".mts": "ts",
  ".cts": "ts",
  ".tsx": "tsx",
  ".jsx": "jsx",
  ".js": "js",
  ".mjs": "js"
}

/** Gives each file that reads its own URL the one it has where it lies. */
const keepUrls: Effect.Effect<Esbuild.Plugin, never, FileSystem.FileSystem | Path.Path> = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const run = Runtime.runPromise(yield* Effect.runtime<never>())
  return {
    name: `${Packages.libraryName}/in-memory-urls`,
    setup: (build) => {
      build.onLoad({ filter: /\.[cm]?[jt]sx?$/ }, (args) =>
        run(
          Effect.map(fs.readFileString(args.path), (text) =>
            text.includes("import.meta.url")
              ? {
                  contents: `const ${urlName}=${JSON.stringify(pathToFileURL(args.path).href)};${text}`,
                  loader: loaders[path.extname(args.path)] ?? "default"
                }
              : undefined
          )
        )
      )
    }
  }
})
