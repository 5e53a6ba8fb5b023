/** Finds the file of a path. Nothing outside the folder is found, by no path and by no link, and no name that starts with a dot. */
import * as NodePath from "node:path"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

/** A file, without links in its path. */
export interface Found {
  readonly _tag: "File"
  readonly file: string
  readonly name: string
  readonly bytes: number
  readonly modifiedMillis: number
}

/** A folder with a page, whose path ends with a slash. */
export interface Folder {
  readonly _tag: "Folder"
}

/**
 * Finds a file below a folder.
 *
 * @param root The folder, without links in its path.
 * @param path The rest of the path of the request: it starts with a slash and has no query.
 */
export const find = (
  root: string,
  path: string
): Effect.Effect<Option.Option<Found | Folder>, never, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const names = namesOf(path)
    if (names === undefined) return Option.none()
    const isFolder = path.endsWith("/")
    const found = yield* fileAt(root, NodePath.join(root, ...names, ...(isFolder ? [page] : [])))
    if (Option.isSome(found) || isFolder) return found
    const below = yield* fileAt(root, NodePath.join(root, ...names, page))
    return Option.map(below, (): Folder => ({ _tag: "Folder" }))
  })

/** The file at a place, if it is one of the folder. */
export const fileAt = (
  root: string,
  place: string
): Effect.Effect<Option.Option<Found>, never, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const file = yield* fs.realPath(place)
    if (!isInside(root, file)) return Option.none()
    const { mtime, size, type } = yield* fs.stat(file)
    if (type !== "File") return Option.none()
    return Option.some<Found>({
      _tag: "File",
      file,
      name: NodePath.basename(place),
      bytes: Number(size),
      modifiedMillis: Option.match(mtime, { onNone: () => 0, onSome: (at) => at.getTime() })
    })
  }).pipe(Effect.orElseSucceed(() => Option.none()))

// internal

const page = "index.html"

/** The decoded names of a path; `undefined` if one of them is not a plain name. */
const namesOf = (path: string): ReadonlyArray<string> | undefined => {
  const parts = path.split("/").filter((part) => part !== "")
  const names = parts.map(decoded)
  return names.every((name): name is string => name !== undefined && isPlain(name)) ? names : undefined
}

const decoded = (part: string): string | undefined =>
  Option.getOrUndefined(Option.liftThrowable(decodeURIComponent)(part))

const isPlain = (name: string): boolean => !name.startsWith(".") && !/[/\\\0]/.test(name)

/** A link may lead to another file of the folder, and to none whose name starts with a dot. */
const isInside = (root: string, file: string): boolean => {
  const relative = NodePath.relative(root, file)
  return relative !== "" && !NodePath.isAbsolute(relative) && relative.split(NodePath.sep).every(isPlain)
}
