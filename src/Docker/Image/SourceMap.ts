/** Source maps without paths of a machine. */
import * as Path from "node:path"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Packages from "../../Bundle/Packages.js"

const SourceMap = Schema.parseJson(
  Schema.Struct({ sources: Schema.Array(Schema.NullOr(Schema.String)) }, { key: Schema.String, value: Schema.Unknown })
)

/**
 * The map with the names of its sources relative to their package, or to the folder of all sources of the project. A bundle
 * of another checkout has the same map. An unreadable map is dropped.
 *
 * @param folder the folder of the bundle, to which the paths of the map are relative
 */
export const withoutPlaces = (map: string, folder: string): Option.Option<string> =>
  Option.map(Schema.decodeOption(SourceMap)(map), (decoded) => {
    const sources = decoded.sources.map((source) => (isFile(source) ? Path.resolve(folder, source) : source))
    const own = sources.filter(isFile).filter((source) => !isInstalled(source) && !isOurs(source))
    const above = commonFolder(own)
    return JSON.stringify({
      ...decoded,
      sources: sources.map((source) => (isFile(source) ? name(source, above) : source))
    })
  })

// internal

/** Sources that the bundler generates have a scheme instead of a path. */
const isFile = (source: string | null): source is string => source !== null && !/^[\w-]{2,}:/.test(source)

const marker = "/node_modules/"

const isInstalled = (source: string): boolean => posix(source).includes(marker)

const isOurs = (source: string): boolean => source.startsWith(`${Packages.libraryRoot}${Path.sep}`)

const posix = (path: string): string => path.split(Path.sep).join("/")

const name = (source: string, above: string): string => {
  const path = posix(source)
  if (isOurs(source)) return `${Packages.libraryName}/${posix(Path.relative(Packages.libraryRoot, source))}`
  const at = path.lastIndexOf(marker)
  return at === -1 ? posix(Path.relative(above, source)) : path.slice(at + 1)
}

const commonFolder = (files: ReadonlyArray<string>): string => {
  const [first = [], ...others] = files.map((file) => Path.dirname(file).split(Path.sep))
  const end = first.findIndex((part, index) => others.some((other) => other[index] !== part))
  return first.slice(0, end === -1 ? first.length : end).join(Path.sep) || Path.sep
}
