/** Files in memory, for programs that run in virtual time: a real disk takes real time. */
import * as Path from "node:path"
import { type PlatformError, SystemError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"

/**
 * A file system that is empty but for its root. It supports the operations of deployers on folders and whole files. It
 * ignores owners and modes.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make: Effect.Effect<FileSystem.FileSystem> = Effect.sync(() => {
  const entries = new Map<string, Entry>([["/", directory]])

  const withEntry = <A>(method: string, path: string, use: (entry: Entry) => A) =>
    Effect.suspend(() => {
      const entry = entries.get(path)
      return entry === undefined ? Effect.fail(missing(method, path)) : Effect.succeed(use(entry))
    })

  const ignore = (method: string) => (path: string) => withEntry(method, path, () => undefined)

  const below = (folder: string) =>
    Array.from(entries.keys()).filter((path) => path !== folder && path.startsWith(folder === "/" ? "/" : `${folder}/`))

  const addFolder = (path: string): void => {
    if (entries.has(path)) return
    addFolder(Path.posix.dirname(path))
    entries.set(path, directory)
  }

  const write = (path: string, content: Uint8Array, { flag = "w" }: FileSystem.WriteFileOptions = {}) =>
    Effect.suspend(() => {
      if (!entries.has(Path.posix.dirname(path))) return Effect.fail(missing("writeFile", path))
      const before = flag.startsWith("a") ? contentOf(entries.get(path)) : nothing
      entries.set(path, Buffer.concat([before, content]))
      return Effect.void
    })

  const move = (from: string, to: string) => {
    for (const path of [from, ...below(from)]) {
      entries.set(`${to}${path.slice(from.length)}`, entries.get(path) ?? directory)
      entries.delete(path)
    }
  }

  return FileSystem.makeNoop({
    exists: (path) => Effect.sync(() => entries.has(path)),
    makeDirectory: (path) => Effect.sync(() => addFolder(path)),
    access: ignore("access"),
    chmod: ignore("chmod"),
    chown: ignore("chown"),
    utimes: ignore("utimes"),
    realPath: (path) => withEntry("realPath", path, () => path),
    readFile: (path) => withEntry("readFile", path, contentOf),
    readFileString: (path) => withEntry("readFileString", path, (entry) => Buffer.from(contentOf(entry)).toString()),
    readDirectory: (path) =>
      withEntry("readDirectory", path, () =>
        below(path)
          .filter((entry) => Path.posix.dirname(entry) === path)
          .map((entry) => Path.posix.basename(entry))
      ),
    stat: (path) => withEntry("stat", path, infoOf),
    stream: (path, { bytesToRead, offset = 0 } = {}) => {
      const end = bytesToRead === undefined ? undefined : Number(offset) + Number(bytesToRead)
      return Stream.fromEffect(withEntry("stream", path, (entry) => contentOf(entry).subarray(Number(offset), end)))
    },
    writeFile: write,
    writeFileString: (path, content, options) => write(path, Buffer.from(content), options),
    rename: (from, to) =>
      Effect.suspend(() =>
        entries.has(Path.posix.dirname(to))
          ? withEntry("rename", from, () => move(from, to))
          : Effect.fail(missing("rename", to))
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

const directory = Symbol("directory")

/** The content of a file, or a folder. */
type Entry = Uint8Array | typeof directory

const nothing = new Uint8Array()

const contentOf = (entry: Entry | undefined): Uint8Array =>
  entry === undefined || entry === directory ? nothing : entry

const missing = (method: string, path: string): PlatformError =>
  new SystemError({
    module: "FileSystem",
    method,
    reason: "NotFound",
    pathOrDescriptor: path,
    description: "no such file"
  })

const infoOf = (entry: Entry): FileSystem.File.Info => ({
  type: entry === directory ? "Directory" : "File",
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
  size: FileSystem.Size(contentOf(entry).length),
  blksize: Option.none(),
  blocks: Option.none()
})
