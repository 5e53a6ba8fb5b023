import { createHash } from "node:crypto"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import type * as Esbuild from "esbuild"
import { type PipelineBundleFailed, PipelineFileNotFound } from "../Errors/Pipelines.js"
import type { Bundling } from "../Settings/Bundling.js"
import * as Boundary from "./Boundary.js"
import * as Contents from "./Contents.js"
import type { BundleError, Source, Warning } from "./Contract.js"
import * as Service from "./Esbuild.js"
import * as Globs from "./Globs.js"
import * as Modules from "./Modules.js"
import { names } from "./Names.js"
import * as Packages from "./Packages.js"
import * as PreparedRuntime from "./PreparedRuntime.js"
import * as Problems from "./Problems.js"
import * as Project from "./Project.js"
import * as Resolution from "./Resolution.js"
import type * as SharedFiles from "./SharedFiles.js"
import * as StartFile from "./StartFile.js"
import * as Trace from "./Trace.js"
import * as Travel from "./Travel.js"

/** A bundle in memory, and the files that travel with it. */
export interface Compiled {
  /** SHA-256 (hex) of `main`, which names the digest of `contents`. */
  readonly digest: string
  readonly main: Uint8Array
  readonly sourceMap: Uint8Array
  /** The file that starts `main`, with V8's code cache if there is one. */
  readonly start: string
  readonly contents: Contents.Contents
  /** The origin of each path in `contents`. */
  readonly sources: ReadonlyMap<string, SharedFiles.Source>
  /** Native packages of the serving runtime, sorted by name. */
  readonly natives: ReadonlyArray<Packages.Package>
  /** Native packages that travel, sorted by name. */
  readonly addons: ReadonlyArray<Packages.Package>
  readonly warnings: ReadonlyArray<Warning>
}

/** Bundles a module. `folder` is where bundles are kept; only the source map depends on it. */
export const compile = (
  source: Source,
  folder: string,
  settings: Bundling
): Effect.Effect<Compiled, BundleError, FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function* () {
    const path = yield* Path.Path
    yield* check(source.file)
    const outfile = path.join(folder, "digest", names.main)
    const prepared = yield* PreparedRuntime.make(settings.conditions)
    const built = yield* build(source, outfile, settings, prepared)
    const { found, natives, outputFiles, warnings } = built
    const contents = Contents.make({ ...found, natives: natives.map(({ name }) => name) }, settings)
    const code = outputFiles.find((file) => file.path === outfile)
    const sourceMap = outputFiles.find((file) => file.path !== outfile)
    const main = Buffer.from(`${Globs.asInNode(code?.text ?? "")}${footer(natives, contents)}`)
    const digest = createHash("sha256").update(main).digest("hex")
    const start = yield* StartFile.make(main, names.main)
    return {
      digest,
      main,
      sourceMap: sourceMap?.contents ?? new Uint8Array(),
      start,
      contents,
      sources: found.sources,
      natives,
      addons: found.addons,
      warnings: [...warnings, ...found.warnings]
    }
  })

/** The result of a build. */
interface Built {
  readonly outputFiles: ReadonlyArray<Esbuild.OutputFile>
  readonly found: Travel.Found
  readonly natives: ReadonlyArray<Packages.Package>
  readonly warnings: ReadonlyArray<Warning>
}

/**
 * Builds until nothing new is learned about packages that have to stay outside, with prepared modules unless the process would
 * have one of them twice.
 */
const build = (
  source: Source,
  outfile: string,
  settings: Bundling,
  prepared: PreparedRuntime.Prepared
): Effect.Effect<Built, PipelineBundleFailed, FileSystem.FileSystem | Path.Path> =>
  Effect.scoped(
    Effect.gen(function* () {
      const path = yield* Path.Path
      const directory = path.dirname(source.file)
      const project = yield* Project.find(source.file)
      const boundary = Boundary.make(project)
      const ownerOf = Packages.owners()
      const modules = yield* Modules.make(boundary, ownerOf, settings.loader, prepared)
      const resolution = yield* Resolution.make(boundary, ownerOf, settings.external, prepared, modules.importsOnly)
      const memory = Trace.memory()
      const rebuild = yield* Service.context({
        ...options,
        define: { ...settings.define, ...Modules.define },
        // Node has this condition, too, and imports and requires of a package have to find the same file.
        conditions: ["module-sync", ...settings.conditions],
        absWorkingDir: directory,
        outfile,
        stdin: entry(source, path, prepared, settings.postgres),
        plugins: [requireDriver(prepared), resolution.plugin, modules.plugin]
      }).pipe(asProblems(source, directory))
      const round = Effect.gen(function* () {
        const built = yield* Effect.either(rebuild)
        if (built._tag === "Left" && modules.mask(Problems.unmatched(directory, built.left))) return undefined
        const result = yield* asProblems(source, directory)(built)
        if (modules.mask(Problems.withoutMatch(directory, result.warnings, modules.own))) return undefined
        const metafile = PreparedRuntime.withOriginals(prepared, result.metafile, directory)
        if (metafile === undefined) return yield* build(source, outfile, settings, PreparedRuntime.none)
        const program = result.outputFiles.find(({ path }) => path === outfile)
        if (boundary.isStale() || resolution.hasLeftOut(metafile) || modules.keepNames(program?.text ?? ""))
          return undefined
        const found = yield* Travel.find({
          boundary,
          directory,
          memory,
          modules,
          ownerOf,
          resolution,
          settings,
          source,
          metafile
        })
        if (boundary.isStale()) return undefined
        const natives = needed(metafile, resolution.natives)
        const warnings = Problems.warnings(directory, result.warnings, resolution.missing, modules.own)
        return { outputFiles: result.outputFiles, found, natives, warnings }
      })
      return yield* untilDefined(round)
    })
  )

const untilDefined = <A, E, R>(round: Effect.Effect<A | undefined, E, R>): Effect.Effect<A, E, R> =>
  Effect.flatMap(round, (result) => (result === undefined ? untilDefined(round) : Effect.succeed(result)))

const asProblems =
  ({ file }: Source, directory: string) =>
  <A, R>(effect: Effect.Effect<A, unknown, R>): Effect.Effect<A, PipelineBundleFailed, R> =>
    Effect.mapError(effect, (cause) => Problems.fromBuild(file, directory, cause))

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
  logLimit: 0,
  // One character above Latin-1 would have the process keep the whole program with two bytes for each.
  charset: "ascii",
  banner: { js: Modules.banner },
  // An import that a bundler cannot follow may fail at run time, so a deploy warns of it.
  logOverride: {
    "unsupported-dynamic-import": "warning",
    "unsupported-require-call": "warning",
    "indirect-require": "warning"
  }
} as const satisfies Esbuild.BuildOptions

/** The program: only the file's base name goes into it, so that where the file lies does not change the digest. */
const entry = (
  source: Source,
  path: Path.Path,
  prepared: PreparedRuntime.Prepared,
  postgres: boolean
): Esbuild.StdinOptions => {
  const moduleOf = (name: string) => JSON.stringify(prepared.fileOf(Packages.moduleFile(name)))
  const identity = { exportName: source.export, file: path.basename(source.file) }
  return {
    loader: "js",
    sourcefile: "effect-deployers-entry.mjs",
    resolveDir: path.dirname(source.file),
    contents: [
      `import * as module from ${JSON.stringify(source.file)}`,
      `import { main } from ${moduleOf("Server/Entrypoint")}`,
      ...(postgres ? [`import * as postgres from ${moduleOf("Server/Process/PostgresRunStore")}`] : []),
      `main({ module, ${postgres ? "runStoreOf: postgres.layer, " : ""}...${JSON.stringify(identity)} })`
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

/** Names what is beside the program, so that bundles that need other files have other digests. */
const footer = (natives: ReadonlyArray<Packages.Package>, contents: Contents.Contents): string =>
  [
    ...natives.map(({ name, version }) => `// needs ${name}@${version}`),
    ...(Contents.isEmpty(contents) ? [] : [`// contents ${Contents.digest(contents)}`]),
    `//# sourceMappingURL=${names.sourceMap}`,
    ""
  ].join("\n")

/**
 * Turns this library's import of the SQLite driver into a `require`: before Node imports a CommonJS package, it reads the
 * package's text for the names of its exports, which takes longer than loading it.
 */
const requireDriver = (prepared: PreparedRuntime.Prepared): Esbuild.Plugin => ({
  name: `${Packages.libraryName}/require`,
  setup: (build) => {
    build.onResolve({ filter: /^better-sqlite3$/ }, (args) => {
      const { kind, path, resolveDir } = PreparedRuntime.asOriginal(prepared, args)
      return kind === "import-statement" && Packages.isLibrarys(resolveDir)
        ? { path, namespace: required, pluginData: resolveDir }
        : undefined
    })
    build.onLoad({ filter: /^/, namespace: required }, ({ path, pluginData }) => ({
      contents: `module.exports = require(${JSON.stringify(path)})`,
      loader: "js",
      resolveDir: pluginData
    }))
  }
})

// internal

const required = "required"
