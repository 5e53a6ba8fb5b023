/** Where secrets are for as long as their container exists: in memory, so that no disk ever has them. */
import * as Path from "node:path"
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { BackendContext } from "../BackendContext.js"

/**
 * The folders that are tried, each in a file system that is usually memory.
 *
 * @param uid number of the user who deploys
 */
export const defaultFolders = (uid: number | undefined): ReadonlyArray<string> => [
  "/run/effect-deployers",
  `/dev/shm/effect-deployers-${uid ?? 0}`
]

/**
 * The first of the site's folders that is in memory and ours, made if it is missing; none if there is none, then secrets
 * are on the disk of the home.
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

/** Others may make folders beside ours: one that is a link, or not ours, is not used. */
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
