/**
 * The modules of the serving runtime, prepared for a bundler: without types, comments and source maps, and with imports that
 * name files. A bundler needs half of its time for reading those maps and a quarter for comments, and asks the plugins of a
 * bundle about each import and each file: of prepared modules it knows all that.
 *
 * **Details**
 *
 * The modules stay modules, one file each, so a bundle has the same parts of them, in the same order. They are in the cache of
 * the user, for each state of the packages. Without a cache a bundle is made from the packages themselves.
 */
import { createHash } from "node:crypto"
import * as NodePath from "node:path"
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Esbuild from "esbuild"
import * as Service from "./Esbuild.js"
import * as RuntimeModules from "./RuntimeModules.js"
import * as RuntimeSources from "./RuntimeSources.js"

/** Prepared modules. All paths are absolute. */
export interface Prepared {
  /** The prepared file of a module of the serving runtime; the file itself of any other. */
  readonly fileOf: (file: string) => string
  /** The file that was prepared; the file itself if it is not a prepared one. */
  readonly originalOf: (file: string) => string
  /** True for a file that has a prepared one. */
  readonly has: (file: string) => boolean
  /** The folders of the packages of the prepared modules. */
  readonly directories: ReadonlyArray<string>
}

/** The end of the names of prepared modules. They are `.mjs`, as the packages say that all their modules are ES modules. */
const mark = "~deployers"

/** No prepared modules: a bundle is made from the packages themselves. */
export const none: Prepared = { fileOf: (file) => file, originalOf: (file) => file, has: () => false, directories: [] }

/** An import as the original module has it, which lies where its packages are found. */
export const asOriginal = ({ originalOf }: Prepared, args: Esbuild.OnResolveArgs): Esbuild.OnResolveArgs => {
  const importer = originalOf(args.importer)
  return importer === args.importer ? args : { ...args, importer, resolveDir: NodePath.dirname(importer) }
}

/**
 * The description of a build with the original files as its inputs; `undefined` if the build has an original beside
 * prepared modules, by a path that a user wrote. A process would have such a module twice.
 *
 * @param directory The folder that the paths of the description are relative to.
 */
export const withOriginals = (
  { has, originalOf }: Prepared,
  metafile: Esbuild.Metafile,
  directory: string
): Esbuild.Metafile | undefined => {
  const inputs = Object.entries(metafile.inputs).map(([path, input]) => {
    const file = NodePath.resolve(directory, path)
    return { file, original: originalOf(file), path, input }
  })
  return inputs.some(({ file }) => has(file))
    ? undefined
    : {
        ...metafile,
        inputs: Object.fromEntries(
          inputs.map(({ file, input, original, path }) => [original === file ? path : original, input])
        )
      }
}

/** Prepares the modules, unless they are there. */
export const make = (conditions: ReadonlyArray<string>): Effect.Effect<Prepared, never, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const sources = yield* RuntimeSources.find
    const { version } = yield* Service.load
    const key = createHash("sha256")
      .update(JSON.stringify([layout, version, sources.key, conditions]))
      .digest("hex")
    const cache = NodePath.join(yield* cacheFolder, "effect-deployers", "modules")
    const folder = NodePath.join(cache, key.slice(0, 32))
    const files = filesOf(sources, folder)
    const exists = yield* fs.exists(folder)
    if (exists && !(yield* isOwn(folder))) return none
    if (!exists) yield* create(cache, folder, sources, files, conditions)
    yield* fs.writeFileString(NodePath.join(folder, lastUse), "", { mode: 0o600 })
    return prepared(files, sources)
  }).pipe(
    Effect.catchAll((error) =>
      Effect.as(Effect.logDebug(`The modules of the serving runtime cannot be prepared: ${String(error)}`), none)
    ),
    Effect.withSpan("Bundle.prepareRuntime")
  )

/**
 * The imports of prepared modules that plugins need not see: three slashes stand for one there. Every other
 * path matches.
 */
export const otherPath = /^\.{0,2}\/(?:$|[^/]|\/(?:$|[^/]))/

/** The names of files that are not prepared ones, for the pattern language of the bundler, which has no negation. */
export const otherModule = new RegExp(
  `(?:${[...mark].map((letter, index) => `[^${letter}]${mark.slice(index + 1)}`).join("|")})\\.mjs$|\\.(?:[jt]sx?|cjs|[mc]ts)$`
)

// internal

/** Changes with the form of prepared modules. */
const layout = 1

const cacheFolder = Config.string("XDG_CACHE_HOME").pipe(
  Config.orElse(() => Config.map(Config.string("HOME"), (home) => NodePath.join(home, ".cache")))
)

const extension = /\.(?:m?js|ts)$/

/** The prepared file of each file of the packages. */
const filesOf = ({ packages }: RuntimeSources.Sources, folder: string): ReadonlyMap<string, string> =>
  new Map(
    packages.flatMap(({ directory, files, name }) =>
      files.map((file) => {
        const place = NodePath.join(folder, "node_modules", name, file)
        return [NodePath.join(directory, file), place.replace(extension, `${mark}.mjs`)] as const
      })
    )
  )

const prepared = (files: ReadonlyMap<string, string>, { packages }: RuntimeSources.Sources): Prepared => {
  const modules = new Map([...files].filter(([file]) => extension.test(file)))
  const originals = new Map([...modules].map(([file, place]) => [place, file] as const))
  return {
    fileOf: (file) => modules.get(file) ?? file,
    originalOf: (file) => originals.get(file) ?? file,
    has: (file) => modules.has(file),
    directories: packages.map(({ directory }) => directory)
  }
}

/** Another user, who may write a shared folder of caches, decides nothing about the program. */
const isOwn = (folder: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const { uid } = yield* fs.stat(folder)
    const user = process.getuid?.()
    return user === undefined || Option.contains(uid, user)
  })

type Written = Effect.Effect<void, PlatformError, FileSystem.FileSystem>

/** A folder appears complete or not at all. Another process may make the same one at the same time. */
const create = (
  cache: string,
  folder: string,
  sources: RuntimeSources.Sources,
  files: ReadonlyMap<string, string>,
  conditions: ReadonlyArray<string>
) =>
  Effect.scoped(
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const modules = new Map([...files].filter(([file]) => extension.test(file)))
      const texts = yield* RuntimeModules.texts(modules, conditions)
      yield* fs.makeDirectory(cache, { recursive: true, mode: 0o700 })
      const draft = NodePath.join(
        yield* fs.makeTempDirectoryScoped({ directory: cache, prefix: ".writing-" }),
        "content"
      )
      const placeIn = (file: string) => NodePath.join(draft, NodePath.relative(folder, file))
      const write = (file: string, content: string): Written =>
        fs.writeFileString(placeIn(file), content, { mode: 0o600 })
      const manifests = manifestsOf(sources, folder)
      const places = [...texts, ...manifests.map(([, to]) => [to] as const)].map(([file]) => placeIn(file))
      yield* Effect.forEach(
        new Set(places.map((place) => NodePath.dirname(place))),
        (directory) => fs.makeDirectory(directory, { recursive: true, mode: 0o700 }),
        { discard: true }
      )
      yield* Effect.forEach(texts, ([file, text]) => write(file, text), { concurrency: 16, discard: true })
      yield* Effect.forEach(
        manifests,
        ([from, to]) => Effect.flatMap(fs.readFileString(from), (text) => write(to, text)),
        { discard: true }
      )
      yield* Effect.catchAll(fs.rename(draft, folder), (error) =>
        Effect.flatMap(fs.exists(folder), (exists) => (exists ? Effect.void : Effect.fail(error)))
      )
      yield* Effect.ignore(removeUnused(cache, folder))
    })
  )

/** Files of a package that a bundler reads besides modules, with their places. */
const manifestsOf = ({ packages }: RuntimeSources.Sources, folder: string) =>
  packages.flatMap(({ directory, files, name }) =>
    ["package.json", ...files.filter((file) => NodePath.basename(file) === "package.json")].map(
      (file) => [NodePath.join(directory, file), NodePath.join(folder, "node_modules", name, file)] as const
    )
  )

const most = 8
const hour = 60 * 60 * 1000

/** The name of a file whose time, by the clock of the file system, is that of the last use. */
const lastUse = "used"

/** Removes all but the folders that were used last: each change of a package makes another one. */
const removeUnused = (cache: string, newest: string): Written =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const timeOf = (folder: string) =>
      Effect.map(fs.stat(folder), ({ mtime }) => Option.match(mtime, { onNone: () => 0, onSome: (at) => at.getTime() }))
    const now = yield* timeOf(newest)
    const folders = (yield* fs.readDirectory(cache)).map((name) => NodePath.join(cache, name))
    const used = yield* Effect.forEach(folders, (folder) =>
      timeOf(NodePath.join(folder, lastUse)).pipe(
        Effect.orElse(() => timeOf(folder)),
        Effect.map((at) => ({ folder, at }))
      )
    )
    const old = used.sort((one, other) => other.at - one.at).filter(({ at }, index) => index >= most && at < now - hour)
    yield* Effect.forEach(old, ({ folder }) => fs.remove(folder, { recursive: true, force: true }), { discard: true })
  })
