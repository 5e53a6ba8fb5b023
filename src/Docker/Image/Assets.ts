/** The files that a deployment declares for its image. */
import { createHash } from "node:crypto"
import * as Path from "node:path"
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { isPrivateKey, refusalOf } from "../../Bundle/Refusals.js"
import { AssetPath } from "../../Containerized/ImageSettings.js"
import { appDirectory } from "../../Containerized/Layout.js"
import { ImageContentRefused } from "../../Errors/Images.js"
import { Entry } from "./Entry.js"

/** A declared file with its digest. */
export interface Asset {
  /** Relative to the project, with `/`. */
  readonly path: string
  /** SHA-256 (hex) of its content. */
  readonly digest: string
  readonly entry: Entry
}

type Collected<A> = Effect.Effect<A, ImageContentRefused | PlatformError, FileSystem.FileSystem>

/**
 * Collects declared files and folders.
 *
 * **Details**
 *
 * Only plain files with one name are accepted. Symbolic and hard links, devices, pipes and sockets are refused, and so are
 * files outside the project and files that look like credentials: every user of the engine can read an image, and a file
 * stays in its layer.
 *
 * @param project the folder the paths are relative to
 * @param paths as `ImageSettings.assets`
 */
export const collect = (project: string, paths: ReadonlyArray<string>): Collected<ReadonlyArray<Asset>> =>
  Effect.gen(function* () {
    if (paths.length === 0) return []
    const fs = yield* FileSystem.FileSystem
    const root = yield* Effect.mapError(
      fs.realPath(project),
      () => new ImageContentRefused({ path: project, reason: "the project folder does not exist" })
    )
    const found = yield* Effect.forEach(paths, (path) => Effect.zipRight(checkWay(path), collectAt(root, path)))
    const byPath = new Map(found.flat().map((asset) => [asset.path, asset]))
    return [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : 1))
  })

// internal

const checkWay = (path: string): Effect.Effect<void, ImageContentRefused> =>
  isAssetPath(path)
    ? Effect.forEach(path.split("/"), (name) => checkName(path, name), { discard: true })
    : new ImageContentRefused({ path, reason: 'it may be outside the project; give a relative path without ".."' })

const isAssetPath = Schema.is(AssetPath)

const checkName = (path: string, name: string): Effect.Effect<void, ImageContentRefused> => {
  const reason = /^(start\.mjs|main\.mjs(\.map)?|(deployment|reference)\.js\.br)$/.test(path)
    ? "the bundle has that name in the image"
    : refusalOf(name)
  return reason === undefined ? Effect.void : new ImageContentRefused({ path, reason })
}

const collectAt = (root: string, path: string): Collected<ReadonlyArray<Asset>> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const file = Path.join(root, ...path.split("/"))
    yield* checkPlace(file, path)
    const info = yield* fs.stat(file)
    if (info.type === "Directory") {
      const names = yield* fs.readDirectory(file)
      const found = yield* Effect.forEach(names.sort(), (name) =>
        Effect.zipRight(checkName(`${path}/${name}`, name), collectAt(root, `${path}/${name}`))
      )
      return found.flat()
    }
    yield* checkKind(info, path)
    const digest = yield* digestOf(file, path)
    yield* checkPlace(file, path)
    const mode = (info.mode & 0o100) === 0 ? 0o644 : 0o755
    const entry = Entry.File({ path: `${appDirectory}/${path}`, mode, source: file, size: Number(info.size) })
    return [{ path, digest, entry }]
  })

/** No folder between the project and the file may be a link. */
const checkPlace = (file: string, path: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const link = yield* Effect.option(fs.readLink(file))
    const real = yield* Effect.option(fs.realPath(file))
    if (Option.isNone(real) && Option.isNone(link)) {
      return yield* new ImageContentRefused({ path, reason: "there is no such file or folder in the project" })
    }
    if (Option.isSome(link) || !Option.contains(real, file)) {
      return yield* new ImageContentRefused({
        path,
        reason: "it is a symbolic link or behind one; declare the file it points to"
      })
    }
  })

const checkKind = (info: FileSystem.File.Info, path: string): Effect.Effect<void, ImageContentRefused> => {
  if (info.type !== "File") {
    return new ImageContentRefused({ path, reason: "it is neither a file nor a folder but a device, pipe or socket" })
  }
  return Option.exists(info.nlink, (links) => links > 1)
    ? new ImageContentRefused({ path, reason: "it is a hard link: the same file has another name elsewhere; copy it" })
    : Effect.void
}

const digestOf = (file: string, path: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const digest = createHash("sha256")
    const head = yield* fs.stream(file, { bytesToRead: headBytes }).pipe(Stream.runCollect)
    if (isPrivateKey(Buffer.concat(Chunk.toReadonlyArray(head)))) {
      return yield* new ImageContentRefused({ path, reason: "it holds a private key; give keys as secrets" })
    }
    yield* Stream.runForEach(fs.stream(file), (bytes) => Effect.sync(() => digest.update(bytes)))
    return digest.digest("hex")
  })

const headBytes = 4096
