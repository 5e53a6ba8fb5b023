/** Options whose value is a file: `--image photo.png`, or `--image @photo.png` as for `curl`. */
import * as HelpDoc from "@effect/cli/HelpDoc"
import * as Options from "@effect/cli/Options"
import * as ValidationError from "@effect/cli/ValidationError"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as File from "../../File.js"

/** The file at a path. */
export const one = (flag: string): Options.Options<File.File> =>
  Options.text(flag).pipe(
    Options.withPseudoName("file"),
    Options.mapEffect((path) => read(flag, path))
  )

/** The files of an option that is given once for each; none if it is not given. */
export const several = (flag: string): Options.Options<ReadonlyArray<File.File>> =>
  Options.text(flag).pipe(
    Options.withPseudoName("file"),
    Options.repeated,
    Options.mapEffect((paths) => Effect.forEach(paths, (path) => read(flag, path)))
  )

// internal

const read = (flag: string, given: string) =>
  Effect.gen(function* () {
    const path = given.startsWith("@") ? given.slice(1) : given
    const { basename, extname } = yield* Path.Path
    const bytes = yield* Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readFile(path)).pipe(
      Effect.mapError(() =>
        ValidationError.invalidValue(HelpDoc.p(`The file ${path} of --${flag} cannot be read; check the path.`))
      )
    )
    const contentType = contentTypes[extname(path).slice(1).toLowerCase()]
    return yield* File.fromBytes(bytes, { name: basename(path), contentType })
  })

const contentTypes: Readonly<Record<string, string>> = {
  avif: "image/avif",
  csv: "text/csv",
  gif: "image/gif",
  gz: "application/gzip",
  htm: "text/html",
  html: "text/html",
  jpeg: "image/jpeg",
  jpg: "image/jpeg",
  json: "application/json",
  md: "text/markdown",
  mp3: "audio/mpeg",
  mp4: "video/mp4",
  ogg: "audio/ogg",
  pdf: "application/pdf",
  png: "image/png",
  svg: "image/svg+xml",
  tif: "image/tiff",
  tiff: "image/tiff",
  txt: "text/plain",
  wav: "audio/wav",
  webm: "video/webm",
  webp: "image/webp",
  xml: "application/xml",
  zip: "application/zip"
}
