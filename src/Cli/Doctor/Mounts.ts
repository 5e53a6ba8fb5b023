/** Reads lists of mounted file systems: `/proc/self/mounts` of Linux, and the output of `mount` on macOS and the BSDs. */
import * as Option from "effect/Option"

/** A mounted file system. */
export interface Mount {
  readonly path: string
  readonly type: string
}

/** Lines such as `server:/home /home nfs4 rw,relatime 0 0`, where a space in a path is `\040`. */
export const parseProcMounts = (text: string): ReadonlyArray<Mount> =>
  text.split("\n").flatMap((line) => {
    const [, path, type] = line.split(" ")
    return path === undefined || type === undefined ? [] : [{ path: unescape(path), type }]
  })

/** Lines such as `//ada@server/share on /Volumes/share (smbfs, nodev, nosuid, mounted by ada)`. */
export const parseMountOutput = (text: string): ReadonlyArray<Mount> =>
  text.split("\n").flatMap((line) => {
    const [, path, type] = /^.*? on (\/.*) \(([^,)]+)[^)]*\)$/.exec(line) ?? []
    return path === undefined || type === undefined ? [] : [{ path, type }]
  })

/** The type of the file system of a path without links: that of the deepest mount, and of several there the last. */
export const typeOf = (path: string, mounts: ReadonlyArray<Mount>): Option.Option<string> =>
  Option.map(
    Option.fromNullable(
      mounts
        .filter((mount) => isWithin(path, mount.path))
        .reduce<Mount | undefined>(
          (deepest, mount) => (mount.path.length >= (deepest?.path.length ?? 0) ? mount : deepest),
          undefined
        )
    ),
    ({ type }) => type
  )

// internal

const unescape = (path: string): string =>
  path.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))

const isWithin = (path: string, folder: string): boolean =>
  folder === "/" || path === folder || path.startsWith(`${folder}/`)
