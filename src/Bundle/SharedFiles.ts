/**
 * The files that travel with bundles, by their content. A bundle has them under names of its own that take no room; the copy
 * protects it from changes of the original.
 */
import { createHash } from "node:crypto"
import { dirname, join } from "node:path"
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Item } from "./Contents.js"

type File = Extract<Item, { readonly _tag: "File" }>

type Written<A = void> = Effect.Effect<A, PlatformError, FileSystem.FileSystem>

/** A file on this machine, or content that no file has. */
export type Source = string | Uint8Array

/** The name of the folder of shared files, beside the bundles. */
export const folderName = ".files"

/** SHA-256 (hex) of a file with a length in bytes. A short one is read at once, which takes a few calls less. */
export const digestOf = (file: string, bytes: number): Written<string> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const digest = createHash("sha256")
    if (bytes <= chunkBytes) return digest.update(yield* fs.readFile(file)).digest("hex")
    yield* Stream.runForEach(fs.stream(file, { chunkSize: chunkBytes }), (chunk) =>
      Effect.sync(() => digest.update(chunk))
    )
    return digest.digest("hex")
  })

/**
 * Writes a file with the content of an item, unless it is there. It appears complete or not at all.
 *
 * @param bundles the folder of all bundles
 * @param source a file with the content, or the content
 */
export const ensure = (bundles: string, target: string, item: File, source: Source): Written =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    if (yield* hasContent(target, item)) return
    const shared = yield* ensureShared(bundles, item, source)
    yield* fs.makeDirectory(dirname(target), { recursive: true, mode: 0o700 })
    yield* replace(target, (fresh) => Effect.catchAll(fs.link(shared, fresh), () => copy(shared, fresh, item)))
  })

/** Removes the shared files that no bundle has. */
export const removeUnused = (bundles: string): Written =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const folder = join(bundles, folderName)
    if (!(yield* fs.exists(folder))) return
    for (const part of yield* fs.readDirectory(folder)) {
      for (const name of yield* fs.readDirectory(join(folder, part))) {
        const file = join(folder, part, name)
        const info = yield* fs.stat(file)
        if (Option.contains(info.nlink, 1)) yield* fs.remove(file, { force: true })
      }
    }
  })

/** Writes beside the target and renames, so that the target is always complete. */
export const replace = (target: string, write: (temporary: string) => Written): Written =>
  Effect.scoped(
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const temporary = yield* fs.makeTempDirectoryScoped({ directory: dirname(target), prefix: draftPrefix })
      const fresh = join(temporary, "content")
      yield* write(fresh)
      yield* fs.rename(fresh, target)
    })
  )

/** The beginning of the names of drafts. */
export const draftPrefix = ".writing-"

// internal

const chunkBytes = 1 << 20

/** A short file of another length has another digest, so its length needs no call of its own. */
const hasContent = (file: string, { bytes, digest }: File) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    if (bytes > chunkBytes) {
      const info = yield* Effect.option(fs.stat(file))
      if (!Option.exists(info, ({ size }) => Number(size) === bytes)) return false
    }
    return Option.contains(yield* Effect.option(digestOf(file, bytes)), digest)
  })

const ensureShared = (bundles: string, item: File, source: Source) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const folder = join(bundles, folderName, item.digest.slice(0, 2))
    const shared = join(folder, `${item.digest}${item.executable ? "-x" : ""}`)
    if (yield* hasContent(shared, item)) return shared
    yield* fs.makeDirectory(folder, { recursive: true, mode: 0o700 })
    yield* replace(shared, (fresh) => copy(source, fresh, item))
    return shared
  })

/** For the owner only, and not to be written: all bundles with the file would change. */
const copy = (source: Source, target: string, { executable }: File): Written =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    yield* typeof source === "string" ? fs.copyFile(source, target) : fs.writeFile(target, source)
    yield* fs.chmod(target, executable ? 0o500 : 0o400)
  })
