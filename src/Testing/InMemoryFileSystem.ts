/**
 * Files that exist in memory only, for what runs in virtual time: a real disk answers when it likes.
 *
 * @since 0.1.0
 */
import * as Path from "node:path"
import { type PlatformError, SystemError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

/**
 * A file system that is empty but for its root. It supports the operations of deployers: folders, whole files, renaming and
 * removing. It ignores owners and modes.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make: Effect.Effect<FileSystem.FileSystem> = Effect.sync(() => {
  const entries = new Map<string, string | undefined>([["/", undefined]])

  const missing = (method: string, path: string): PlatformError =>
    new SystemError({
      module: "FileSystem",
      method,
      reason: "NotFound",
      pathOrDescriptor: path,
      description: "no such file"
    })

  const withEntry = <A>(method: string, path: string, use: (content: string | undefined) => A) =>
    Effect.suspend(() =>
      entries.has(path) ? Effect.succeed(use(entries.get(path))) : Effect.fail(missing(method, path))
    )

  const below = (folder: string) =>
    Array.from(entries.keys()).filter((path) => path !== folder && path.startsWith(folder === "/" ? "/" : `${folder}/`))

  const addFolder = (path: string): void => {
    if (entries.has(path)) return
    addFolder(Path.posix.dirname(path))
    entries.set(path, undefined)
  }

  const write = (path: string, content: string) =>
    Effect.suspend(() => {
      if (!entries.has(Path.posix.dirname(path))) return Effect.fail(missing("writeFileString", path))
      entries.set(path, content)
      return Effect.void
    })

  return FileSystem.makeNoop({
    exists: (path) => Effect.sync(() => entries.has(path)),
    makeDirectory: (path) => Effect.sync(() => addFolder(path)),
    chmod: (path) => withEntry("chmod", path, () => undefined),
    chown: (path) => withEntry("chown", path, () => undefined),
    realPath: (path) => withEntry("realPath", path, () => path),
    readFileString: (path) => withEntry("readFileString", path, (content) => content ?? ""),
    readDirectory: (path) =>
      withEntry("readDirectory", path, () =>
        below(path)
          .filter((entry) => Path.posix.dirname(entry) === path)
          .map((entry) => Path.posix.basename(entry))
      ),
    stat: (path) => withEntry("stat", path, (content) => infoOf(content)),
    writeFileString: write,
    rename: (from, to) =>
      Effect.flatMap(
        withEntry("rename", from, (content) => content ?? ""),
        (content) =>
          Effect.zipRight(
            write(to, content),
            Effect.sync(() => {
              entries.delete(from)
            })
          )
      ),
    remove: (path, { force = false } = {}) =>
      Effect.suspend(() => {
        if (!entries.has(path)) return force ? Effect.void : Effect.fail(missing("remove", path))
        for (const entry of [path, ...below(path)]) entries.delete(entry)
        return Effect.void
      })
  })
})

// internal

const infoOf = (content: string | undefined): FileSystem.File.Info => ({
  type: content === undefined ? "Directory" : "File",
  mtime: Option.none(),
  atime: Option.none(),
  birthtime: Option.none(),
  dev: 0,
  ino: Option.none(),
  mode: 0o700,
  nlink: Option.none(),
  uid: Option.none(),
  gid: Option.none(),
  rdev: Option.none(),
  size: FileSystem.Size(content?.length ?? 0),
  blksize: Option.none(),
  blocks: Option.none()
})
