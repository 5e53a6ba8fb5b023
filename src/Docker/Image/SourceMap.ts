/** Source maps that do not tell where on a machine the sources are. */
import * as Path from "node:path"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Library from "../../Bundle/Library.js"

const SourceMap = Schema.parseJson(
  Schema.Struct({ sources: Schema.Array(Schema.NullOr(Schema.String)) }, { key: Schema.String, value: Schema.Unknown })
)

/**
 * The map with its sources named by package, or relative to the folder that holds all sources of the project. A bundle
 * made in another checkout thus has the same map. A map that cannot be read is dropped.
 *
 * @param folder the folder the bundle lies in, which the map's paths are relative to
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

/** What the bundler made up has no place; it says so in front of a colon. */
const isFile = (source: string | null): source is string => source !== null && !/^[\w-]{2,}:/.test(source)

const marker = "/node_modules/"

const isInstalled = (source: string): boolean => posix(source).includes(marker)

const isOurs = (source: string): boolean => source.startsWith(`${Library.root}${Path.sep}`)

const posix = (path: string): string => path.split(Path.sep).join("/")

const name = (source: string, above: string): string => {
  const path = posix(source)
  if (isOurs(source)) return `${Library.packageName}/${posix(Path.relative(Library.root, source))}`
  const at = path.lastIndexOf(marker)
  return at === -1 ? posix(Path.relative(above, source)) : path.slice(at + 1)
}

const commonFolder = (files: ReadonlyArray<string>): string => {
  const [first = [], ...others] = files.map((file) => Path.dirname(file).split(Path.sep))
  const end = first.findIndex((part, index) => others.some((other) => other[index] !== part))
  return first.slice(0, end === -1 ? first.length : end).join(Path.sep) || Path.sep
}
