/** The files that modules need at run time, as `@vercel/nft` finds them: modules, addons with their libraries, and data. */
import * as NodePath from "node:path"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import type { Loader } from "esbuild"
import * as Assets from "./Assets.js"
import * as Service from "./Esbuild.js"
import * as OwnReads from "./OwnReads.js"
import * as Packages from "./Packages.js"
import * as Requires from "./Requires.js"
import * as TypeScriptFiles from "./TypeScriptFiles.js"

/** The state of all searches of one bundle, which reads and analyses each file once. */
export interface Memory {
  readonly analyses: object
  /** The modules that were read. */
  readonly read: Set<string>
  readonly readers: Set<string>
  readonly loaders: Set<string>
  readonly compilers: Set<string>
}

/** A memory without a file. */
export const memory = (): Memory => ({
  analyses: {},
  read: new Set(),
  readers: new Set(),
  loaders: new Set(),
  compilers: new Set()
})

/** A search for files. All paths are absolute. */
export interface Search {
  /** Modules of packages, which travel with what they need. */
  readonly entries: Iterable<string>
  /** Own modules of the bundle, by path. They are in the bundle; only what they need besides imports travels. */
  readonly own: ReadonlyMap<string, OwnModule>
  /** The working directory of the service. */
  readonly workingDirectory: string
  readonly conditions: ReadonlyArray<string>
  readonly memory: Memory
}

/** An own module. */
export interface OwnModule {
  readonly text: string
  /** The specifiers that the bundle contains, so that they need no search. */
  readonly bundled: ReadonlySet<string>
}

/** The files that were found, with absolute paths. Links to folders are among them. */
export interface Found {
  readonly files: ReadonlySet<string>
  /** The parents of each file. */
  readonly parents: ReadonlyMap<string, ReadonlySet<string>>
  /** The modules of packages that may read files. */
  readonly readers: ReadonlySet<string>
  /** The modules of packages that load modules by a computed name. */
  readonly loaders: ReadonlySet<string>
  /** The modules of packages that may read the declarations of TypeScript beside them. */
  readonly compilers: ReadonlySet<string>
}

const nothing: Found = {
  files: new Set(),
  parents: new Map(),
  readers: new Set(),
  loaders: new Set(),
  compilers: new Set()
}

/** Searches. A file that cannot be read or parsed ends its branch. */
export const search = ({
  conditions,
  entries,
  memory: { analyses, compilers, loaders, read, readers },
  own,
  workingDirectory
}: Search): Effect.Effect<Found, unknown, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const run = Runtime.runPromise(yield* Effect.runtime<FileSystem.FileSystem>())
    const scripts = yield* Effect.forEach(own, ([file, module]) => scriptsOf(file, module, own, workingDirectory))
    const started = new Set(scripts.flat())
    const starts = [
      ...entries,
      ...scripts.flat(),
      ...[...own].flatMap(([file, { text }]) => (mayNeedFiles.test(text) ? [file] : []))
    ]
    if (starts.length === 0) return nothing
    const { nodeFileTrace, resolve } = yield* load
    const asJavaScript = (file: string, text: string) =>
      run(
        Effect.orElseSucceed(
          Effect.map(
            Service.transform(text, { loader: loaderOf(file), sourcefile: file, logLevel: "silent" }),
            Requires.plain
          ),
          () => ""
        )
      )
    const trace = (files: ReadonlyArray<string>) =>
      Effect.tryPromise({
        try: () =>
          nodeFileTrace([...files], {
            base: root,
            processCwd: workingDirectory,
            conditions: ["node", "module-sync", ...conditions],
            mixedModules: true,
            cache: analyses,
            readFile: async (file) => {
              read.add(file)
              const module = own.get(file)
              if (module !== undefined) return asJavaScript(file, module.text)
              const text = await run(Effect.orElseSucceed(fs.readFileString(file), () => ""))
              if (TypeScriptFiles.is(file)) return asJavaScript(file, text)
              if (readsFiles.test(text)) readers.add(file)
              if (readers.has(file) && namesDeclarations.test(text)) compilers.add(file)
              if (loadsComputed.test(text)) loaders.add(file)
              return isModule.test(file) ? Requires.plain(text) : text
            },
            resolve: async (id, parent, job, cjsResolve) => {
              if (!started.has(parent) && isBundled(own.get(parent), id)) return []
              const isRelative = TypeScriptFiles.is(parent) && /^\.{1,2}\//.test(id)
              const found = isRelative
                ? await run(TypeScriptFiles.find(NodePath.resolve(parent, "..", id)))
                : Option.none()
              return Option.getOrElse(found, () => resolve(id, parent, job, cjsResolve))
            }
          }),
        catch: (cause) => cause
      })
    const { fileList, reasons } = yield* Effect.flatMap(trace(starts), (found) =>
      // The tracer takes the script of a worker or a process for a module by its extension, and does not know these.
      Effect.flatMap(
        Effect.filter(
          [...found.fileList].map(absolute).filter((file) => !read.has(file)),
          isScript
        ),
        (scripts) => (scripts.length === 0 ? Effect.succeed(found) : trace([...starts, ...scripts]))
      )
    )
    const isOwn = (file: string) =>
      own.has(file) && !started.has(file) && reasons.get(NodePath.relative(root, file))?.parents.size === 0
    return {
      readers,
      loaders,
      compilers,
      files: new Set([...fileList].map(absolute).filter((file) => !isOwn(file))),
      parents: new Map(
        [...reasons].map(([file, { parents }]) => [absolute(file), new Set([...parents].map(absolute))] as const)
      )
    }
  })

/** A file without an extension is a script of Node if its first line says so, as those of `bin` do. */
export const isScript = (file: string): Effect.Effect<boolean, never, FileSystem.FileSystem> => {
  if (file.endsWith(".cjs") || TypeScriptFiles.is(file)) return Effect.succeed(true)
  if (NodePath.basename(file).includes(".")) return Effect.succeed(false)
  return Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readFileString(file)).pipe(
    Effect.map((text) => /^#!.*\bnode\b/.test(text)),
    Effect.orElseSucceed(() => false)
  )
}

// internal

const root = "/"

const absolute = (file: string): string => NodePath.resolve(root, file)

const isModule = /\.[cm]?js$/

/**
 * The scripts that a module starts by a path from the working directory, those in TypeScript, the modules that it gives to a
 * loader of modules, and the module itself if it starts its own file.
 */
const scriptsOf = (file: string, { bundled, text }: OwnModule, own: Search["own"], workingDirectory: string) =>
  Effect.gen(function* () {
    const folders = [NodePath.dirname(file), workingDirectory] as const
    const matched = yield* matchedBy(text, own, folders)
    const loaded = yield* loadedBy(text, bundled, folders)
    const scripts = startsScripts.test(text) ? yield* startedBy(text, bundled, folders) : []
    const others = [...scripts, ...matched, ...loaded].filter((script) => script !== file)
    return startsScripts.test(text) && OwnReads.startsItself(text) ? [...others, file] : others
  })

const startedBy = (text: string, bundled: ReadonlySet<string>, [folder, workingDirectory]: readonly [string, string]) =>
  Effect.gen(function* () {
    const rest = withoutImports(OwnReads.withCommands(text), bundled)
    const beside = yield* TypeScriptFiles.namedIn(folder, rest)
    const below = yield* TypeScriptFiles.scriptsIn(workingDirectory, rest)
    return [...beside, ...below]
  })

/** The modules of globs such as `migrations/*.mjs`. The program has its own modules, and tests are for developers. */
const matchedBy = (text: string, own: Search["own"], folders: ReadonlyArray<string>) =>
  Effect.map(
    Effect.forEach(OwnReads.modulePatterns(text), (pattern) =>
      Effect.forEach(folders, (folder) => Assets.glob(pattern, folder))
    ),
    (found) => found.flat(2).filter((file) => !own.has(file) && !/\.(?:test|spec|stories|d)\.[cm]?[jt]sx?$/.test(file))
  )

/** The modules that a module gives to a loader of modules, such as `jiti.import("./settings")`. */
const loadedBy = (text: string, bundled: ReadonlySet<string>, folders: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    if (!loadsModules.test(text)) return []
    const paths = OwnReads.relativePaths(text).filter((path) => !bundled.has(path))
    const found = yield* Effect.forEach(paths, (path) =>
      Effect.forEach(folders, (folder) => TypeScriptFiles.module(NodePath.resolve(folder, path)))
    )
    return found.flat().flatMap(Option.toArray)
  })

/** Libraries that load modules which Node does not, such as those in TypeScript. */
const loadsModules =
  /["'](?:jiti|tsx|importx|bundle-require|unrun|unconfig|vite-node|ts-node|esbuild-register|sucrase|@swc-node|@swc\/register|@babel\/register|rechoir|interpret|import-fresh|import-sync|tsimp|c12|cosmiconfig|lilconfig)(?:\/[^"'\n]*)?["']/

const startsScripts =
  /\bWorker\b|\bfork\b|\bspawn(?:Sync)?\b|\bexec(?:File)?(?:Sync)?\b|\bexeca\w*\b|\bPiscina\b|\bTinypool\b|\btransport\b|\bpool\b/

const withoutImports = (text: string, bundled: ReadonlySet<string>): string =>
  [...bundled].reduce((rest, specifier) => rest.replaceAll(`"${specifier}"`, "").replaceAll(`'${specifier}'`, ""), text)

/** The program has all imports of its own modules, and the only Effect and the only copy of this library. */
const isBundled = (importer: OwnModule | undefined, specifier: string): boolean => {
  if (importer === undefined) return false
  const name = Packages.nameOf(specifier)
  return (
    importer.bundled.has(specifier) ||
    (name !== undefined && (name === Packages.libraryName || Packages.isEffect(name)))
  )
}

const mayNeedFiles =
  /\bimport\.meta\b|\b__dirname\b|\b__filename\b|\bcreateRequire\b|\bprocess\.cwd\b|\bWorker\b|\brequire\b|\breadFile|^import "|^require\(|\bjoin\(|\bresolve\(/

const readsFiles = /\b__dirname\b|\b__filename\b|\bimport\.meta\.|\brequire\.resolve\b/

const namesDeclarations = /\.d\.[cm]?ts["'`]/

const loadsComputed = /\bimport\s*\(\s*(?:\/\*[^*]*\*\/\s*)*(?!["'`])[\w$]|\bnew Worker\b|\bworkerSrc\b/

const loaderOf = (file: string): Loader => {
  const [, extension] = /\.[cm]?([jt]sx?)$/.exec(file) ?? []
  return extension === "ts" || extension === "tsx" || extension === "jsx" ? extension : "js"
}

/** Loads the tracer on demand, so that an import of this library does not. */
const load = Effect.tryPromise({
  try: (): Promise<typeof import("@vercel/nft")> => import(/* @vite-ignore */ tracer),
  catch: (cause) => cause
})

/** Not in the import itself, so that no bundler of an application takes it in. */
const tracer = "@vercel/nft"
