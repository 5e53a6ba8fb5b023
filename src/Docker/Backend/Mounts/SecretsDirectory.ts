/** The folder of the secrets of running containers: in memory, so that no disk has them. */
import * as Path from "node:path"
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { BackendContext } from "../BackendContext.js"

/**
 * The default candidates, each in a file system that is usually in memory.
 *
 * @param uid the number of the user of this process
 */
export const defaultFolders = (uid: number | undefined): ReadonlyArray<string> => [
  "/run/effect-deployers",
  `/dev/shm/effect-deployers-${uid ?? 0}`
]

/**
 * The first candidate that is in memory and belongs to this user; a missing one is created. None if there is none: then
 * secrets are on the disk of the home.
 */
export const usableSecretsFolder: Effect.Effect<
  Option.Option<string>,
  never,
  FileSystem.FileSystem | BackendContext
> = Effect.gen(function* () {
  const { secretsFolders } = yield* BackendContext
  const isMemory = yield* inMemory
  return yield* Effect.findFirst(secretsFolders.filter(isMemory), (folder) =>
    Effect.orElseSucceed(claim(folder), () => false)
  )
})

// internal

/** Other users may create the folder first: a link, or a folder of another user, is not used. */
const claim = (folder: string): Effect.Effect<boolean, PlatformError, FileSystem.FileSystem | BackendContext> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const { owner } = yield* BackendContext
    if (!(yield* fs.exists(folder))) yield* fs.makeDirectory(folder, { mode: 0o711 })
    if ((yield* fs.realPath(folder)) !== folder) return false
    const { type, uid } = yield* fs.stat(folder)
    if (type !== "Directory" || !Option.contains(uid, owner)) return false
    yield* fs.chmod(folder, 0o711)
    return true
  })

const inMemory = Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readFileString("/proc/mounts")).pipe(
  Effect.orElseSucceed(() => ""),
  Effect.map((table) => {
    const mounts = table
      .split("\n")
      .map((line) => line.split(" "))
      .map(([, point = "", type = ""]) => ({ point, type }))
      .filter(({ point }) => point !== "")
    return (folder: string): boolean => {
      const above = mounts.filter(({ point }) => isAbove(point, Path.dirname(folder)))
      const nearest = above.reduce((longest, mount) => (mount.point.length >= longest.point.length ? mount : longest), {
        point: "",
        type: ""
      })
      return nearest.type === "tmpfs" || nearest.type === "ramfs"
    }
  })
)

const isAbove = (point: string, folder: string): boolean =>
  point === "/" || folder === point || folder.startsWith(`${point}/`)
