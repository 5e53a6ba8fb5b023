/** Data files of packages. A package that reads files beside itself may do so by a path that no tracer can compute. */
import * as NodePath from "node:path"
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import type * as Trace from "./Trace.js"
import type { Owned } from "./Travel.js"

/**
 * Finds the data files of packages that read files, and the modules beside those that load modules by a computed name. A
 * package with more than 32 MiB of them has only those that were traced.
 */
export const find = (
  packages: Owned,
  { loaders, readers }: Trace.Found
): Effect.Effect<ReadonlyArray<string>, PlatformError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const owned = [...packages.values()]
    const reading = owned.filter(({ files }) => files.some((file) => readers.has(file) || loaders.has(file)))
    const loading = new Set(
      owned.flatMap(({ files }) => files.filter((file) => loaders.has(file)).map(NodePath.dirname))
    )
    const data = yield* Effect.forEach(reading, ({ owner }) => dataOf(owner.directory), { concurrency: 4 })
    const modules = yield* Effect.forEach(loading, modulesIn, { concurrency: 4 })
    return [...data, ...modules].flat()
  })

// internal

const most = 32 * 1024 * 1024

/** Code, for which the tracer is right, addons for other machines, and texts for people. */
const noData =
  /\.(?:[cm]?[jt]sx?|map|md|markdown|flow|node|dll|dylib|so(?:\.\d+)*|exe|lib|a|o|pdb|c|cc|cpp|h|hpp|gypi?|tsbuildinfo|lock|log)$/i

const noDataFolder = /^(?:node_modules|tests?|__tests__|specs?|docs?|examples?|demos?|coverage|bench(?:marks?)?|\..*)$/i

const dataOf = (directory: string) =>
  Effect.gen(function* () {
    const found = yield* filesBelow(directory)
    const bytes = found.reduce((sum, { size }) => sum + size, 0)
    return bytes > most ? [] : found.map(({ file }) => file)
  })

const isModule = /\.[cm]?js$/

const modulesIn = (folder: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const files = (yield* fs.readDirectory(folder)).filter((name) => isModule.test(name))
    const sizes = yield* Effect.forEach(files, (name) => fs.stat(NodePath.join(folder, name)))
    const bytes = sizes.reduce((sum, { size }) => sum + Number(size), 0)
    return bytes > most ? [] : files.map((name) => NodePath.join(folder, name))
  })

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
