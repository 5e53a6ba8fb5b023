/**
 * Native packages that are installed on this machine: their folders and dependencies.
 */
import * as Path from "node:path"
import { fileURLToPath } from "node:url"
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { ParseError } from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { names } from "../../Bundle/Names.js"
import type { External } from "../../Snapshot/Model.js"

const Ranges = Schema.optionalWith(Schema.Record({ key: Schema.String, value: Schema.String }), { default: () => ({}) })

const PackageJson = Schema.parseJson(
  Schema.Struct({
    name: Schema.String,
    version: Schema.String,
    dependencies: Ranges,
    optionalDependencies: Ranges
  })
)

/** An installed package. */
export interface Installed extends External {
  /** Its folder, without links on the way. */
  readonly directory: string
  /** The ranges of its dependencies, by name. */
  readonly dependencies: Readonly<Record<string, string>>
  readonly optionalDependencies: Readonly<Record<string, string>>
}

/** An installed package and its place in the image. */
export interface Placed extends Installed {
  /** Below the image's `/app`: `node_modules/bindings`, `node_modules/a/node_modules/b`. */
  readonly place: string
}

/** A package is not installed here, or in another version than the bundle was made with. */
export class PackageMissing extends Data.TaggedError("PackageMissing")<{
  readonly wanted: External
  readonly found?: string | undefined
}> {
  override get message(): string {
    const { name, version } = this.wanted
    const found = this.found === undefined ? "is not installed here" : `is installed here as ${this.found}`
    return `The bundle needs ${name}@${version}, which ${found}; install it and deploy from the file again.`
  }
}

type Found<A, E = never> = Effect.Effect<A, E, FileSystem.FileSystem>

/**
 * The packages of a bundle, through the links in its folder, or beside this library for packages without a link.
 *
 * @param bundle the bundle's folder
 */
export const installed = (
  bundle: string,
  wanted: ReadonlyArray<External>
): Found<ReadonlyArray<Installed>, PackageMissing | PlatformError> =>
  Effect.forEach(wanted, (external) =>
    Effect.gen(function* () {
      const links = [names.installed, "node_modules"].map((folder) => Path.join(bundle, folder, external.name))
      const linked = yield* Effect.reduce(links, Option.none<Installed>(), (found, link) =>
        Option.isSome(found) ? Effect.succeed(found) : readAt(link)
      )
      const found = Option.isSome(linked) ? linked : yield* besideLibrary(external.name)
      if (Option.isNone(found)) return yield* new PackageMissing({ wanted: external })
      if (found.value.version !== external.version) {
        return yield* new PackageMissing({ wanted: external, found: found.value.version })
      }
      return { ...found.value, name: external.name }
    })
  )

/**
 * The driver of the SQLite run store, in the version that this library uses; none if it is not installed.
 */
export const storeDriver: Found<Option.Option<External>, PlatformError> = Effect.map(
  Effect.suspend(() => besideLibrary("better-sqlite3")),
  Option.map(({ name, version }) => ({ name, version }))
)

/**
 * Packages with all of their dependencies. Each has a place at which Node resolves the same imports as on this machine.
 * Tools for installing and compiling are left out.
 *
 * @param options `withTools` includes those tools, for an installation on another machine
 */
export const closure = (
  roots: ReadonlyArray<Installed>,
  options: { readonly withTools?: boolean | undefined } = {}
): Found<ReadonlyArray<Placed>, PlatformError> =>
  Effect.gen(function* () {
    const placed = new Map<string, Placed>()
    const put = (found: Installed, place: string): Placed => {
      const at = { ...found, place }
      placed.set(place, at)
      return at
    }
    const waiting = roots.map((root) => put(root, placeOf(root.name)))
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const needs = { ...next.dependencies, ...next.optionalDependencies }
      for (const name of Object.keys(needs).sort()) {
        if (!options.withTools && isTool(name)) continue
        const found = yield* resolveFrom(next.directory, name)
        if (Option.isNone(found)) continue
        const visible = lookUp(placed, next.place, name)
        if (visible?.directory === found.value.directory) continue
        waiting.push(
          put({ ...found.value, name }, visible === undefined ? placeOf(name) : `${next.place}/${placeOf(name)}`)
        )
      }
    }
    return [...placed.values()]
  })

// internal

const placeOf = (name: string): string => `node_modules/${name}`

const tools = new Set([
  "prebuild-install",
  "node-gyp",
  "node-addon-api",
  "nan",
  "cmake-js",
  "node-abi",
  "prebuildify",
  "typescript"
])

const isTool = (name: string): boolean => tools.has(name) || name.startsWith("@types/")

/** The package that Node finds for a name in a folder and the folders above it. */
const lookUp = (placed: ReadonlyMap<string, Placed>, from: string, name: string): Placed | undefined => {
  const parts = from.split("/node_modules/")
  for (let depth = parts.length; depth > 0; depth--) {
    const found = placed.get(`${parts.slice(0, depth).join("/node_modules/")}/${placeOf(name)}`)
    if (found !== undefined) return found
  }
  return placed.get(placeOf(name))
}

const readAt = (folder: string): Found<Option.Option<Installed>, PlatformError> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const file = Path.join(folder, "package.json")
    if (!(yield* fs.exists(file))) return Option.none()
    const directory = yield* fs.realPath(folder)
    const json = yield* Effect.option(decode(yield* fs.readFileString(file)))
    return Option.map(json, (json): Installed => ({ ...json, directory }))
  })

const decode = (text: string): Effect.Effect<typeof PackageJson.Type, ParseError> => Schema.decode(PackageJson)(text)

const resolveFrom = (directory: string, name: string): Found<Option.Option<Installed>, PlatformError> =>
  Effect.gen(function* () {
    const found = yield* readAt(Path.join(directory, "node_modules", name))
    const parent = Path.dirname(directory)
    return Option.isSome(found) || parent === directory ? found : yield* resolveFrom(parent, name)
  })

const besideLibrary = (name: string): Found<Option.Option<Installed>, PlatformError> =>
  Effect.suspend(() => resolveFrom(Path.dirname(fileURLToPath(import.meta.url)), name))
