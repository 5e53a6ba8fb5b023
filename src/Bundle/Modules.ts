/**
 * The text of each module of a bundle. Own modules learn where their files are; modules of packages are looked through for
 * signs that the package has to stay outside.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import type * as Esbuild from "esbuild"
import type { Bundling } from "../Settings/Bundling.js"
import * as Barrels from "./Barrels.js"
import type { Boundary } from "./Boundary.js"
import * as DecoratorMetadata from "./DecoratorMetadata.js"
import * as Hazards from "./Hazards.js"
import * as KeptNames from "./KeptNames.js"
import * as Masks from "./Masks.js"
import * as Packages from "./Packages.js"
import * as PreparedRuntime from "./PreparedRuntime.js"

/** The modules of one bundle. */
export interface Modules {
  readonly plugin: Esbuild.Plugin
  /** The texts of the own modules, by path, as they are on disk. */
  readonly own: ReadonlyMap<string, string>
  /** True for an import such as `import "./register.js"`, which asks for nothing but the effects of a module. */
  readonly importsOnly: (importer: string, specifier: string) => boolean
  /** Files that are imported by the loader `file`. */
  readonly files: ReadonlySet<string>
  /**
   * Hides arguments of imports from the next build, so that they fail when they are reached, as in Node. True if there are
   * any that were not hidden before.
   */
  readonly mask: (places: ReadonlyArray<Masks.Place>) => boolean
  /** Keeps the names of own classes that a program has under other names. True if the next build has other names. */
  readonly keepNames: (program: string) => boolean
}

/**
 * The names that the program declares for its modules: the `import.meta` of the program, and the function that makes the
 * `import.meta` of a module from its place.
 */
const meta = "$deployersMeta"
const metaAt = "$deployersMetaAt"

/** The names that depend on the place of a module, and their replacements. */
export const define: Readonly<Record<string, string>> = {
  "import.meta": meta,
  __filename: `${meta}.filename`,
  __dirname: `${meta}.dirname`
}

/** The beginning of a program. `require` is for packages written as CommonJS: an ES module has none. */
export const banner: string = [
  'import{createRequire as $deployersRequire}from"node:module";',
  'import{fileURLToPath as $deployersPath,pathToFileURL as $deployersUrl}from"node:url";',
  'import{dirname as $deployersFolder,join as $deployersJoin}from"node:path";',
  `const require=$deployersRequire(import.meta.url),${meta}=import.meta,`,
  `${metaAt}=place=>{const filename=$deployersJoin($deployersFolder($deployersPath(${meta}.url)),place),`,
  "url=$deployersUrl(filename).href;",
  "return{url,filename,dirname:$deployersFolder(filename),main:false,",
  `resolve:name=>/^\\.{0,2}\\/|^[a-z]+:/i.test(name)?new URL(name,url).href:${meta}.resolve(name)}};`
].join("")

/** Makes the plugin that loads modules. */
export const make = (
  boundary: Boundary,
  ownerOf: Packages.Owners,
  loaders: Bundling["loader"],
  prepared: PreparedRuntime.Prepared
): Effect.Effect<Modules, never, FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function* () {
    const run = Runtime.runPromise(yield* Effect.runtime<FileSystem.FileSystem | Path.Path>())
    const own = new Map<string, string>()
    const files = new Set<string>()
    const emitMetadata = DecoratorMetadata.emitter(boundary.project)
    const keptNames = KeptNames.make()
    const masks = Masks.make()
    const rewriteBarrels = Barrels.rewriter(prepared)

    const load = (build: Esbuild.PluginBuild, file: string) =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const path = yield* Path.Path
        const text = yield* fs.readFileString(file)
        const owner = yield* ownerOf(file)
        if (Option.isSome(owner) && isPackages(owner.value)) {
          if (!boundary.isInside(owner.value.directory) && !Hazards.isPure(text, yield* isModule(file)))
            boundary.keepOutside(owner.value.directory)
          return undefined
        }
        own.set(file, text)
        const emitted = yield* emitMetadata(file, text)
        const rewritten = yield* rewriteBarrels(
          build,
          file,
          Option.getOrElse(emitted, () => text)
        )
        const contents = masks.apply(file, placed(rewritten, boundary.placeOf(file)))
        const extension = path.extname(file).replace(/^\.[mc]?/, "") as Esbuild.Loader
        const loader = Option.isSome(emitted) ? "js" : extension
        const named = yield* Effect.orElseSucceed(keptNames.apply(file, contents, loader), () => undefined)
        return named === undefined ? { contents, loader } : { contents: named, loader: "js" as const }
      })

    /** A package that imports what a bundler does not know, such as an addon or a stylesheet, stays outside. */
    const loadOther = (file: string) =>
      Effect.map(ownerOf(file), (owner): Esbuild.OnLoadResult | undefined => {
        if (Option.isNone(owner) || !isPackages(owner.value)) return undefined
        boundary.keepOutside(owner.value.directory)
        return { contents: "" }
      })

    /** A module whose default export is the path of a file that travels. */
    const loadPath = (file: string): Esbuild.OnLoadResult => {
      files.add(file)
      return { contents: `export default ${metaAt}(${JSON.stringify(boundary.placeOf(file))}).filename`, loader: "js" }
    }

    const plugin: Esbuild.Plugin = {
      name: `${Packages.libraryName}/modules`,
      setup: (build) => {
        build.onStart(() => {
          own.clear()
          files.clear()
        })
        for (const [extension, loader] of Object.entries(loaders)) {
          build.onLoad({ filter: new RegExp(`${escaped(extension)}$`), namespace: "file" }, ({ path }) =>
            loader === "file" ? loadPath(path) : run(loadContent(path, loader))
          )
        }
        build.onLoad({ filter: otherFile, namespace: "file" }, ({ path }) => run(loadOther(path)))
        build.onLoad({ filter: PreparedRuntime.otherModule, namespace: "file" }, ({ path }) =>
          Packages.isLibrarys(path) ? undefined : run(Effect.orElseSucceed(load(build, path), () => undefined))
        )
      }
    }
    return {
      plugin,
      own,
      importsOnly: (importer, specifier) => isAlone(own.get(importer) ?? "", specifier),
      files,
      mask: masks.add,
      keepNames: (program) => keptNames.learn(own, program)
    }
  })

// internal

const isAlone = (text: string, specifier: string): boolean =>
  text.includes(specifier) && new RegExp(String.raw`\bimport\s*["']${escaped(specifier)}["']`).test(text)

const loadContent = (file: string, loader: "text" | "binary") =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    return { contents: yield* fs.readFile(file), loader } satisfies Esbuild.OnLoadResult
  }).pipe(Effect.catchAll((error) => Effect.succeed({ errors: [{ text: error.message }] })))

/** Extensions other than those of modules and JSON; the bundler's own language of patterns has no exclusion. */
const otherFile =
  /\.(?:[abd-ik-lnopqrsu-zA-Z0-9_-][^./\\]*|cs[sv]|conf|cfg|crt|cert|jp[e]?g|jinja2?|md|mp[34]|mustache|txt|tt[cf]|toml|template|tiff?|t?gz)$/

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")

/** True for an installed package that does not run on Effect, so that it can stay outside. */
const isPackages = (owner: Packages.Package): boolean => Packages.isInstalled(owner) && !owner.usesEffect

const isModule = (file: string) =>
  Effect.gen(function* () {
    const path = yield* Path.Path
    const extension = path.extname(file)
    return extension === ".mjs" || (extension !== ".cjs" && (yield* Packages.isModuleFolder(path.dirname(file))))
  })

/** The text of an own module with its place before the first statement, on the same line, so that lines keep numbers. */
const placed = (text: string, place: string): string => {
  const neutral = withoutMain(text)
  return mentionsPlace.test(neutral)
    ? `var ${meta}=/*@__PURE__*/${metaAt}(${JSON.stringify(place)});${neutral.replace(/^#!/, "//")}`
    : neutral
}

const mentionsPlace = /\bimport\.meta\b|\b__dirname\b|\b__filename\b/

/** The user's module is never the main one: idioms that ask for it get the answer that an imported module gets. */
const withoutMain = (text: string): string => {
  const answered = text.replace(
    /\brequire\.main\s*={2,3}\s*module\b|\bmodule\s*={2,3}\s*require\.main\b/g,
    (question) => "false".padEnd(question.length)
  )
  return isEsModule.test(answered)
    ? answered.replace(/\btypeof (?:require|module|exports)\b(?!\s*[.(])/g, (question) =>
        "typeof void 0".padEnd(question.length)
      )
    : answered
}

const isEsModule = /^[ \t]*(?:import\b(?!\s*\()|export\b)/m
