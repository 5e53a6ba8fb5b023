import { createHash } from "node:crypto"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import type * as Esbuild from "esbuild"
import { type PipelineBundleFailed, PipelineFileNotFound } from "../Errors/Pipelines.js"
import * as Barrels from "./Barrels.js"
import type { BundleError, Source } from "./Contract.js"
import * as Service from "./Esbuild.js"
import { names } from "./Names.js"
import * as Packages from "./Packages.js"
import * as Problems from "./Problems.js"
import * as Resolution from "./Resolution.js"
import * as StartFile from "./StartFile.js"

/** A bundle in memory. */
export interface Compiled {
  /** SHA-256 (hex) of `main`. */
  readonly digest: string
  readonly main: Uint8Array
  readonly sourceMap: Uint8Array
  /** The file that starts `main`, with V8's code cache if there is one. */
  readonly start: string
  /** Native packages that have to stand beside it, sorted by name. */
  readonly natives: ReadonlyArray<Packages.Package>
}

/** Bundles a module. `folder` is where bundles are kept; only the source map depends on it. */
export const compile = (
  source: Source,
  folder: string
): Effect.Effect<Compiled, BundleError, FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function* () {
    const path = yield* Path.Path
    yield* check(source.file)
    const resolution = yield* Resolution.make
    const barrels = yield* Barrels.plugin
    const directory = path.dirname(source.file)
    const outfile = path.join(folder, "digest", names.main)
    const { metafile, outputFiles } = yield* Service.build(
      {
        ...options,
        absWorkingDir: directory,
        outfile,
        stdin: entry(source, path),
        plugins: [requireDriver, resolution.plugin, barrels]
      },
      resolution.isStale
    ).pipe(Effect.mapError((cause) => Problems.fromBuild(source.file, directory, cause)))
    const natives = needed(metafile, resolution.natives)
    const code = outputFiles.find((file) => file.path === outfile)
    const sourceMap = outputFiles.find((file) => file.path !== outfile)
    const main = Buffer.from(`${code?.text ?? ""}${footer(natives)}`)
    const digest = createHash("sha256").update(main).digest("hex")
    const start = yield* StartFile.make(main, names.main)
    return { digest, main, sourceMap: sourceMap?.contents ?? new Uint8Array(), start, natives }
  })

const extensions = [".ts", ".mts", ".cts", ".tsx", ".js", ".mjs", ".cjs", ".jsx"]

/** Checks that a file can be read and has the name of a module. */
export const check = (
  file: string
): Effect.Effect<void, PipelineFileNotFound | PipelineBundleFailed, FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const info = yield* Effect.mapError(
      Effect.zipLeft(fs.stat(file), fs.access(file, { readable: true })),
      () => new PipelineFileNotFound({ file })
    )
    if (info.type === "Directory") {
      return yield* Problems.failed(file, "it is a folder; give the path of the module that exports the pipeline")
    }
    if (!extensions.includes(path.extname(file))) {
      return yield* Problems.failed(
        file,
        `it is not a module; the file name has to end with one of ${extensions.join(", ")}`
      )
    }
  })

const options = {
  bundle: true,
  write: false,
  metafile: true,
  platform: "node",
  target: "node20",
  format: "esm",
  // Names stay, for stack traces and for code that reads them. To rename them and keep the old ones in `name` (keepNames)
  // costs a property definition for every function that is ever made: half of what a request allocates.
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: "none",
  sourcemap: "external",
  sourcesContent: false,
  logLevel: "silent",
  // One character above Latin-1 would have the process keep the whole program with two bytes for each.
  charset: "ascii",
  // Packages written as CommonJS expect these three; an ES module has none of them.
  banner: {
    js: [
      'import{createRequire as __createRequire}from"node:module";',
      'import{fileURLToPath as __fileURLToPath}from"node:url";',
      'import{dirname as __pathDirname}from"node:path";',
      "const require=__createRequire(import.meta.url),__filename=__fileURLToPath(import.meta.url),",
      "__dirname=__pathDirname(__filename);"
    ].join("")
  }
} as const satisfies Esbuild.BuildOptions

/** The program: only the file's base name goes into it, so that where the file lies does not change the digest. */
const entry = (source: Source, path: Path.Path): Esbuild.StdinOptions => {
  const identity = { exportName: source.export, file: path.basename(source.file) }
  return {
    loader: "js",
    sourcefile: "effect-deployers-entry.mjs",
    resolveDir: path.dirname(source.file),
    contents: [
      `import * as module from ${JSON.stringify(source.file)}`,
      `import { main } from ${JSON.stringify(Packages.moduleFile("Server/Entrypoint"))}`,
      `main({ module, ...${JSON.stringify(identity)} })`
    ].join("\n")
  }
}

/** The native packages that are still imported after unused code was left out, sorted by name. */
const needed = (
  { outputs }: Esbuild.Metafile,
  natives: ReadonlyMap<string, Packages.Package>
): ReadonlyArray<Packages.Package> => {
  const imported = new Set(
    Object.values(outputs).flatMap(({ imports }) => imports.map(({ path }) => Packages.nameOf(path)))
  )
  return [...natives.values()].filter(({ name }) => imported.has(name)).sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** Names the native packages, so that bundles that need other ones have other digests. */
const footer = (natives: ReadonlyArray<Packages.Package>): string =>
  [
    ...natives.map(({ name, version }) => `// needs ${name}@${version}`),
    `//# sourceMappingURL=${names.sourceMap}`,
    ""
  ].join("\n")

/**
 * Turns this library's import of the SQLite driver into a `require`: before Node imports a CommonJS package, it reads the
 * package's text for the names of its exports, which takes longer than loading it.
 */
const requireDriver: Esbuild.Plugin = {
  name: `${Packages.libraryName}/require`,
  setup: (build) => {
    build.onResolve({ filter: /^better-sqlite3$/ }, ({ kind, path, resolveDir }) =>
      kind === "import-statement" && Packages.isLibrarys(resolveDir)
        ? { path, namespace: required, pluginData: resolveDir }
        : undefined
    )
    build.onLoad({ filter: /^/, namespace: required }, ({ path, pluginData }) => ({
      contents: `module.exports = require(${JSON.stringify(path)})`,
      loader: "js",
      resolveDir: pluginData
    }))
  }
}

// internal

const required = "required"
