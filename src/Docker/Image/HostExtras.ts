/** The shell, tools and fonts of this machine, for a base image of its Node. */
import * as Path from "node:path"
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

/** The parts of a base image besides Node. */
export interface Extras {
  readonly shell: boolean
  readonly fonts: boolean
}

/** No part besides Node. */
export const none: Extras = { shell: false, fonts: false }

/** A file of this machine and its place in the image. */
export interface Placed {
  readonly path: string
  readonly source: string
}

/** The names of the usual tools. */
export const tools: ReadonlyArray<string> = [
  ..."awk base64 basename bash cat chmod cp cut date dirname du env expr false find grep gunzip gzip head hostname".split(
    " "
  ),
  ..."id ln ls md5sum mkdir mktemp mv printf pwd readlink realpath rm rmdir sed seq sha256sum sleep sort stat".split(
    " "
  ),
  ..."tail tar tee test touch tr true uname uniq wc which whoami xargs".split(" ")
]

/** Adds the extras to the name of a base, so that every combination has a name of its own. */
export const suffix = ({ fonts, shell }: Extras): string => `${shell ? "-shell" : ""}${fonts ? "-fonts" : ""}`

/** `/bin/sh` and those of the usual tools that this machine has. Empty without a shell. */
export const shell: Effect.Effect<ReadonlyArray<Placed>, PlatformError, FileSystem.FileSystem> = Effect.gen(
  function* () {
    const sh = yield* first(["/bin/sh", "/usr/bin/sh"])
    if (Option.isNone(sh)) return []
    const found = yield* Effect.forEach(tools, (name) =>
      Effect.map(
        first(["/usr/bin", "/bin"].map((folder) => `${folder}/${name}`)),
        Option.map((source) => ({ path: `/usr/bin/${name}`, source }))
      )
    )
    return [{ path: "/bin/sh", source: sh.value }, ...found.flatMap(Option.toArray)]
  }
)

/** The font files of this machine and the configuration of fontconfig. Empty without a font. */
export const fonts: Effect.Effect<ReadonlyArray<Placed>, PlatformError, FileSystem.FileSystem> = Effect.gen(
  function* () {
    const files = (yield* Effect.forEach(fontFolders, below)).flat().filter((file) => fontFile.test(file))
    if (files.length === 0) return []
    return [...files, ...(yield* below("/etc/fonts"))].map((file) => ({ path: file, source: file }))
  }
)

// internal

const fontFolders = ["/usr/share/fonts", "/usr/local/share/fonts"]
const fontFile = /\.(?:ttf|otf|ttc|otc|pfb|pfa|pcf(?:\.gz)?)$/i

/** The first path that is a file. */
const first = (paths: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    return yield* Effect.findFirst(paths, (path) =>
      fs.stat(path).pipe(
        Effect.map(({ type }) => type === "File"),
        Effect.orElseSucceed(() => false)
      )
    )
  })

/** The files below a folder, sorted; links that lead nowhere are left out. */
const below = (folder: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const names = yield* Effect.orElseSucceed(fs.readDirectory(folder, { recursive: true }), (): Array<string> => [])
    return yield* Effect.filter(
      names.sort().map((name) => Path.join(folder, name)),
      (path) => Effect.map(first([path]), Option.isSome)
    )
  })
