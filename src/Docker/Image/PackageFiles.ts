/** The runtime files of an installed package. */
import * as Path from "node:path"
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import { refusalOf } from "../../Bundle/Refusals.js"
import { Entry } from "./Entry.js"
import type { Placed } from "./Packages.js"

type Found = Effect.Effect<ReadonlyArray<Entry>, PlatformError, FileSystem.FileSystem>

/**
 * The files of a package as entries below a folder of the image. Sources of native code, results of their compilation, type
 * declarations and files that look like credentials are left out. Links are followed only inside the package.
 *
 * @param app the folder of the program in the image
 */
export const filesOf = (app: string, { directory, place }: Placed): Found =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => walk(fs, directory, directory, `${app}/${place}`))

// internal

const walk = (fs: FileSystem.FileSystem, root: string, folder: string, target: string): Found =>
  Effect.gen(function* () {
    const names = yield* fs.readDirectory(folder)
    const found = yield* Effect.forEach(names.sort(), (name) =>
      isNeeded(name) ? entriesOf(fs, root, Path.join(folder, name), `${target}/${name}`) : Effect.succeed([])
    )
    return found.flat()
  })

const entriesOf = (fs: FileSystem.FileSystem, root: string, path: string, target: string): Found =>
  Effect.gen(function* () {
    const real = yield* Effect.orElseSucceed(fs.realPath(path), () => undefined)
    if (real === undefined || (real !== path && !real.startsWith(`${root}${Path.sep}`))) return []
    const info = yield* fs.stat(real)
    if (info.type === "Directory") return real === path ? yield* walk(fs, root, path, target) : []
    if (info.type !== "File") return []
    const mode = (info.mode & 0o100) === 0 ? 0o644 : 0o755
    return [Entry.File({ path: target, mode, source: real, size: Number(info.size) })]
  })

const buildOnly = [
  /\.(?:c|cc|cpp|cxx|h|hh|hpp|inl|gyp|gypi|o|a|d|mk|vcxproj|sln|ts|mts|cts|map|md|markdown|tgz|tar\.gz|log)$/i,
  /^(?:Makefile|makefile|obj|obj\.target|\.deps|\.github|\.vscode|\.package-lock\.json|test_extension\.node)$/
]

const isNeeded = (name: string): boolean =>
  refusalOf(name) === undefined && !buildOnly.some((pattern) => pattern.test(name))
