/** The content of a layer of an image. */
import * as Data from "effect/Data"

/**
 * One file or folder of a layer. It has no time, and nothing else that depends on the machine or the moment of the build.
 * `path` is absolute inside the image.
 */
export type Entry = Data.TaggedEnum<{
  /** Content from memory. */
  readonly Text: { readonly path: string; readonly mode: number; readonly content: Uint8Array } & Owner
  /** Content of a file of this machine, which has `size` bytes. */
  readonly File: {
    readonly path: string
    readonly mode: number
    readonly source: string
    readonly size: number
  } & Owner
  /** A symbolic link. */
  readonly Link: { readonly path: string; readonly mode: number; readonly target: string } & Owner
  readonly Folder: { readonly path: string; readonly mode: number } & Owner
}>

/** The owner of an entry; default root, so that the served process cannot change it. */
export interface Owner {
  readonly uid?: number | undefined
  readonly gid?: number | undefined
}

export const Entry = Data.taggedEnum<Entry>()

/** A file whose content is in memory. */
export const text = (path: string, content: string | Uint8Array, mode = 0o644): Entry =>
  Entry.Text({ path, mode, content: typeof content === "string" ? new TextEncoder().encode(content) : content })

/**
 * Entries in the order of the archive: by path, each once (the last one wins), with all parent folders.
 */
export const complete = (entries: Iterable<Entry>): ReadonlyArray<Entry> => {
  const byPath = new Map<string, Entry>()
  for (const entry of entries) byPath.set(entry.path, entry)
  for (const path of [...byPath.keys()]) {
    for (const folder of foldersAbove(path)) {
      if (!byPath.has(folder)) byPath.set(folder, Entry.Folder({ path: folder, mode: 0o755 }))
    }
  }
  return [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : 1))
}

// internal

const foldersAbove = (path: string): ReadonlyArray<string> => {
  const parts = path.split("/").slice(1, -1)
  return parts.map((_, index) => `/${parts.slice(0, index + 1).join("/")}`)
}
