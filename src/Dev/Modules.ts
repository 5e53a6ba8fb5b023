/**
 * The own modules of a pipeline as files that Node imports. Each module is a file that is named by its content and the content
 * of the modules that it imports, so Node loads a module again only if one of them changed. Packages stay packages.
 */
import * as NodePath from "node:path"
import { pathToFileURL } from "node:url"
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import type * as Esbuild from "esbuild"
import * as EsbuildService from "../Bundle/Esbuild.js"
import * as Problems from "../Bundle/Problems.js"
import type { PipelineBundleFailed } from "../Errors/Pipelines.js"

/** The files of one version. */
export interface Modules {
  /** The file of the pipeline's module. */
  readonly main: string
  /** The files of all own modules. */
  readonly files: ReadonlyArray<string>
  /** The own sources, with other files that they import. */
  readonly sources: ReadonlyArray<string>
}

/** Compiles the own modules of a file into a folder below the `node_modules` of its project. */
export const compile = (
  file: string,
  folder: string
): Effect.Effect<Modules, PipelineBundleFailed | PlatformError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const directory = NodePath.dirname(file)
    const build = (options: { readonly entryPoints: Array<string>; readonly splitting?: boolean }) =>
      Effect.mapError(
        EsbuildService.build({ ...common, absWorkingDir: directory, outdir: folder, ...options }),
        (cause) => Problems.fromBuild(file, directory, cause)
      )
    const modulesOf = ({ inputs }: Esbuild.Metafile) =>
      Object.keys(inputs)
        .filter((input) => isModule.test(input))
        .map((input) => NodePath.resolve(directory, input))
    // A file that is saved meanwhile may import a module that is not an entry yet, and would be a part of its importer.
    const split = (entryPoints: ReadonlyArray<string>): ReturnType<typeof build> =>
      Effect.flatMap(build({ entryPoints: [...entryPoints], splitting: true }), (result) => {
        const all = modulesOf(result.metafile)
        return all.every((one) => entryPoints.includes(one)) ? Effect.succeed(result) : split(all)
      })
    const whole = yield* build({ entryPoints: [file] })
    const { metafile, outputFiles } = yield* split(modulesOf(whole.metafile))
    const sources = Object.keys(metafile.inputs).map((input) => NodePath.resolve(directory, input))
    yield* Effect.forEach(outputFiles, write, { concurrency: 16, discard: true })
    const outputs = Object.entries(metafile.outputs)
    const main = outputs.find(
      ([, { entryPoint }]) => entryPoint !== undefined && NodePath.resolve(directory, entryPoint) === file
    )
    return {
      main: NodePath.resolve(directory, main?.[0] ?? ""),
      files: outputs.map(([output]) => NodePath.resolve(directory, output)),
      sources
    }
  })

// internal

const isModule = /\.[cm]?[jt]sx?$/

/** A file of that name has that content. */
const write = ({ contents, path }: Esbuild.OutputFile) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    if (yield* fs.exists(path)) return
    yield* fs.makeDirectory(NodePath.dirname(path), { recursive: true })
    yield* fs.writeFile(path, contents)
  })

/** Leaves packages to Node. A link in `node_modules` to a folder outside of it is a package of the workspace: own code. */
const packagesOutside: Esbuild.Plugin = {
  name: "effect-deployers/dev-packages",
  setup: (build) => {
    build.onResolve({ filter: /^[^./#]/ }, async ({ importer, kind, path, pluginData, resolveDir }) => {
      if (kind === "entry-point" || pluginData === asked || NodePath.isAbsolute(path)) return undefined
      const found = await build.resolve(path, { importer, kind, resolveDir, pluginData: asked })
      if (found.errors.length > 0) return undefined
      return found.external || /[\\/]node_modules[\\/]/.test(found.path) || isLibrary(path)
        ? { path, external: true }
        : undefined
    })
  }
}

const asked = Symbol.for("effect-deployers/Dev/asked")

const isLibrary = (specifier: string): boolean => /^effect-deployers(?:\/|$)/.test(specifier)

/** `import.meta` of a module is that of its source, so that files beside the source are found. */
const ownPlaces: Esbuild.Plugin = {
  name: "effect-deployers/dev-places",
  setup: (build) => {
    build.onLoad({ filter: isModule, namespace: "file" }, async ({ path }) => {
      const { readFile } = await import("node:fs/promises")
      const text = await readFile(path, "utf8")
      const contents = text.replace(/\bimport\.meta\.(url|filename|dirname)\b/g, (_, name: string) =>
        JSON.stringify(placeOf(path, name))
      )
      return { contents, loader: loaderOf(path) }
    })
  }
}

const placeOf = (path: string, name: string): string => {
  if (name === "url") return pathToFileURL(path).href
  return name === "filename" ? path : NodePath.dirname(path)
}

const loaderOf = (path: string): Esbuild.Loader => {
  const kind = NodePath.extname(path).replace(/^\.[cm]?/, "")
  return kind === "tsx" || kind === "jsx" || kind === "ts" ? kind : "js"
}

const common = {
  bundle: true,
  write: false,
  metafile: true,
  platform: "node",
  target: "node20",
  format: "esm",
  sourcemap: "inline",
  logLevel: "silent",
  outExtension: { ".js": ".mjs" },
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  plugins: [packagesOutside, ownPlaces]
} as const satisfies Esbuild.BuildOptions
