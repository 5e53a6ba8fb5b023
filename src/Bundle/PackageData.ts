/** Data files of packages. A package that reads files beside itself may do so by a path that no tracer can compute. */
import * as NodePath from "node:path"
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import type * as Trace from "./Trace.js"
import type { Owned } from "./Travel.js"

/**
 * Finds the data files of packages that read files, the modules beside those that load modules by a computed name, the
 * declarations beside a compiler of TypeScript, and the files other than code that packages export. A package with more than 32 MiB of them has only those that were traced or that its modules name.
 */
export const find = (
  packages: Owned,
  { compilers, loaders, readers }: Trace.Found
): Effect.Effect<ReadonlyArray<string>, PlatformError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const owned = [...packages.values()]
    const isReader = (file: string) => readers.has(file) || loaders.has(file)
    const reading = owned.filter(({ files }) => files.some(isReader))
    const foldersOf = (modules: ReadonlySet<string>) =>
      new Set(owned.flatMap(({ files }) => files.filter((file) => modules.has(file)).map(NodePath.dirname)))
    const data = yield* Effect.forEach(
      reading,
      ({ files, owner }) => belowOrNamed(owner.directory, files.filter(isReader)),
      { concurrency: 4 }
    )
    const modules = yield* Effect.forEach(foldersOf(loaders), (folder) => filesIn(folder, isModule), { concurrency: 4 })
    const declarations = yield* Effect.forEach(foldersOf(compilers), (folder) => filesIn(folder, isDeclaration))
    const exported = yield* Effect.forEach(owned, ({ owner }) => exportedBy(owner.directory), { concurrency: 4 })
    return [...data, ...modules, ...declarations, ...exported].flat()
  })

/** The data files of a package in a folder; none if they are too many. */
export const below = (directory: string): Effect.Effect<ReadonlyArray<string>, PlatformError, FileSystem.FileSystem> =>
  belowOrNamed(directory, [])

// internal

/** The data files of a package in a folder; of too many those whose names are in the text of a module that reads files. */
const belowOrNamed = (directory: string, readers: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const found = yield* filesBelow(directory)
    const bytes = found.reduce((sum, { size }) => sum + size, 0)
    if (bytes <= most) return found.map(({ file }) => file)
    const texts = yield* Effect.forEach(readers, (reader) => fs.readFileString(reader))
    const isNamed = (file: string) =>
      texts.some((text) => ["'", '"', "`"].some((quote) => text.includes(`${NodePath.basename(file)}${quote}`)))
    return found.map(({ file }) => file).filter(isNamed)
  })

const most = 32 * 1024 * 1024

/** Code, for which the tracer is right, addons for other machines, and texts for people. */
const noData =
  /\.(?:[cm]?[jt]sx?|map|md|markdown|flow|node|dll|dylib|so(?:\.\d+)*|exe|lib|a|o|pdb|c|cc|cpp|h|hpp|gypi?|tsbuildinfo|lock|log)$/i

const noDataFolder = /^(?:node_modules|tests?|__tests__|specs?|docs?|examples?|demos?|coverage|bench(?:marks?)?|\..*)$/i

const isModule = /\.[cm]?js$/

const isDeclaration = /\.d\.[cm]?ts$/

const filesIn = (folder: string, selected: RegExp) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const files = (yield* fs.readDirectory(folder)).filter((name) => selected.test(name))
    const sizes = yield* Effect.forEach(files, (name) => fs.stat(NodePath.join(folder, name)))
    const bytes = sizes.reduce((sum, { size }) => sum + Number(size), 0)
    return bytes > most ? [] : files.map((name) => NodePath.join(folder, name))
  })

const Manifest = Schema.parseJson(Schema.Struct({ exports: Schema.optional(Schema.Unknown) }))

/** The files other than code that `exports` names: a compiler of stylesheets finds them by conditions of its own. */
const exportedBy = (folder: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const text = yield* fs.readFileString(NodePath.join(folder, "package.json"))
    const { exports } = yield* Schema.decode(Manifest)(text)
    const named = [...new Set(targetsOf(exports))].filter((target) => isFilePath.test(target) && !noData.test(target))
    const files = named.map((target) => NodePath.join(folder, target))
    return yield* Effect.filter(files, (file) =>
      Effect.match(fs.stat(file), { onFailure: () => false, onSuccess: ({ type }) => type === "File" })
    )
  }).pipe(Effect.orElseSucceed((): ReadonlyArray<string> => []))

const targetsOf = (exports: unknown): ReadonlyArray<string> => {
  if (typeof exports === "string") return [exports]
  return Predicate.isObject(exports) ? Object.values(exports).flatMap(targetsOf) : []
}

/** The path of one file inside a package: neither a pattern nor a folder. */
const isFilePath = /^\.\/(?!.*(?:\*|\.\.\/)).*[^/]$/

interface DataFile {
  readonly file: string
  readonly size: number
}

const filesBelow = (folder: string): Effect.Effect<ReadonlyArray<DataFile>, PlatformError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const found = yield* Effect.forEach(yield* fs.readDirectory(folder), (name) =>
      Effect.gen(function* () {
        const file = NodePath.join(folder, name)
        if (noData.test(name)) return []
        const info = yield* fs.stat(file)
        if (info.type === "Directory") return noDataFolder.test(name) ? [] : yield* filesBelow(file)
        return info.type === "File" ? [{ file, size: Number(info.size) }] : []
      }).pipe(Effect.orElseSucceed((): ReadonlyArray<DataFile> => []))
    )
    return found.flat()
  })
