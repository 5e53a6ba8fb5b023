/** The files that modules need at run time, as `@vercel/nft` finds them: modules, addons with their libraries, and data. */
import * as NodePath from "node:path"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import type { Loader } from "esbuild"
import * as Service from "./Esbuild.js"
import * as Packages from "./Packages.js"

/** A search for files. All paths are absolute. */
export interface Search {
  /** Modules of packages, which travel with what they need. */
  readonly entries: Iterable<string>
  /** Own modules of the bundle, by path. They are in the bundle; only what they need besides imports travels. */
  readonly own: ReadonlyMap<string, OwnModule>
  /** The working directory of the service. */
  readonly workingDirectory: string
  readonly conditions: ReadonlyArray<string>
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
}

const nothing: Found = { files: new Set(), parents: new Map(), readers: new Set(), loaders: new Set() }

/** Searches. A file that cannot be read or parsed ends its branch. */
export const search = ({
  conditions,
  entries,
  own,
  workingDirectory
}: Search): Effect.Effect<Found, unknown, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const run = Runtime.runPromise(yield* Effect.runtime())
    const { nodeFileTrace, resolve } = yield* load
    const starts = [...entries, ...[...own].flatMap(([file, { text }]) => (mayNeedFiles.test(text) ? [file] : []))]
    if (starts.length === 0) return nothing
    const readers = new Set<string>()
    const loaders = new Set<string>()
    const asJavaScript = (file: string, module: OwnModule) =>
      run(
        Effect.orElseSucceed(
          Service.transform(module.text, { loader: loaderOf(file), sourcefile: file, logLevel: "silent" }),
          () => ""
        )
      )
    const { fileList, reasons } = yield* Effect.tryPromise({
      try: () =>
        nodeFileTrace(starts, {
          base: root,
          processCwd: workingDirectory,
          conditions: ["node", "module-sync", ...conditions],
          mixedModules: true,
          readFile: async (file) => {
            const module = own.get(file)
            if (module !== undefined) return asJavaScript(file, module)
            const text = await run(Effect.orElseSucceed(fs.readFileString(file), () => ""))
            if (readsFiles.test(text)) readers.add(file)
            if (loadsComputed.test(text)) loaders.add(file)
            return text
          },
          resolve: async (id, parent, job, cjsResolve) =>
            isBundled(own.get(parent), id) ? [] : resolve(id, parent, job, cjsResolve)
        }),
      catch: (cause) => cause
    })
    const absolute = (file: string) => NodePath.resolve(root, file)
    const isOwn = (file: string) => own.has(file) && reasons.get(NodePath.relative(root, file))?.parents.size === 0
    return {
      readers,
      loaders,
      files: new Set([...fileList].map(absolute).filter((file) => !isOwn(file))),
      parents: new Map(
        [...reasons].map(([file, { parents }]) => [absolute(file), new Set([...parents].map(absolute))] as const)
      )
    }
  })

// internal

const root = "/"

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
