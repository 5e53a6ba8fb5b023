/** Reads the home folder and its disk. */
import * as Fs from "node:fs/promises"
import * as Path from "node:path"
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import type * as Either from "effect/Either"
import * as Option from "effect/Option"
import { Machine } from "../../Local/ServiceManager/Machine.js"
import type { Devices, Disk, Place } from "./Facts.js"
import { type Mount, parseMountOutput, parseProcMounts, typeOf } from "./Mounts.js"

/** The mode of a file or folder. */
export const placeOf = (path: string): Effect.Effect<Place, never, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) =>
    fs.stat(path).pipe(
      Effect.map((info) => Option.some(info.mode & 0o777)),
      Effect.catchIf(isMissing, () => Effect.succeedNone),
      Effect.mapError(({ message }) => message),
      Effect.either,
      Effect.map((mode) => ({ path, mode }))
    )
  )

/** The disk of a folder, which need not exist yet. */
export const diskOf = (
  folder: string
): Effect.Effect<Either.Either<Disk, string>, never, FileSystem.FileSystem | Machine> =>
  Effect.gen(function* () {
    const path = yield* existing(folder)
    const { bavail, bsize } = yield* Effect.tryPromise({ try: () => Fs.statfs(path), catch: messageOf })
    return { path, type: typeOf(path, yield* mounts), freeBytes: bavail * bsize }
  }).pipe(Effect.either)

/** The file systems of the home, which need not exist yet, and of the project. */
export const devicesOf = (
  home: string,
  project: string
): Effect.Effect<Either.Either<Devices, string>, never, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const device = (path: string) =>
      Effect.mapBoth(fs.stat(path), { onFailure: messageOf, onSuccess: ({ dev }) => dev })
    return { home: yield* device(yield* existing(home)), project: yield* device(project) }
  }).pipe(Effect.either)

// internal

const isMissing = (error: PlatformError): boolean => error._tag === "SystemError" && error.reason === "NotFound"

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))

/** The folder without links, or the nearest one above it that exists. */
const existing = (folder: string): Effect.Effect<string, string, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) =>
    fs.realPath(folder).pipe(
      Effect.catchIf(
        (error) => isMissing(error) && Path.dirname(folder) !== folder,
        () => existing(Path.dirname(folder))
      ),
      Effect.mapError(messageOf)
    )
  )

const mounts: Effect.Effect<ReadonlyArray<Mount>, never, FileSystem.FileSystem | Machine> = Effect.gen(function* () {
  const { platform, run } = yield* Machine
  if (platform !== "linux") return parseMountOutput((yield* run("mount", [])).output)
  const fs = yield* FileSystem.FileSystem
  return parseProcMounts(yield* Effect.orElseSucceed(fs.readFileString("/proc/self/mounts"), () => ""))
})
