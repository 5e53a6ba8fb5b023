import * as NodePath from "node:path"
import { fileURLToPath } from "node:url"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

const self = fileURLToPath(import.meta.url)

/** The folder of the running modules of this library: its sources, or the result of its build. */
export const libraryRoot: string = NodePath.resolve(NodePath.dirname(self), "..")

/** The file of one of this library's modules, such as `Server/Entrypoint`. */
export const moduleFile = (name: string): string => NodePath.join(libraryRoot, `${name}${NodePath.extname(self)}`)

/** A file that lies beside one of this library's modules. */
export const besideModule = (folder: string, name: string): string => NodePath.join(libraryRoot, folder, name)

/** The name of this library in imports. */
export const libraryName = "effect-deployers"

/** The file of one of this library's entry points: `effect-deployers` or `effect-deployers/Local`. */
export const entryFile = (specifier: string): string =>
  moduleFile(`${specifier.slice(libraryName.length + 1)}/index`.replace(/^\//, ""))

/** True for a file or folder of this library or of effect, whose imports need no change. */
export const isLibrarys = (path: string): boolean =>
  `${path}/`.startsWith(`${libraryRoot}/`) || /[\\/]node_modules[\\/](@?effect)[\\/]/.test(`${path}/`)

/** True for a file or folder of the serving runtime: this library and the packages of Effect below it. */
export const isRuntimes = (path: string): boolean =>
  `${path}/`.startsWith(`${libraryRoot}/`) || runtimeFolder.test(`${path}/`)

const runtimeFolder =
  /[\\/]node_modules[\\/](?:effect|@effect[\\/](?:cli|cluster|experimental|platform|platform-node|platform-node-shared|printer|printer-ansi|rpc|sql|sql-sqlite-node|workflow))[\\/]/

const Names = Schema.optionalWith(Schema.Record({ key: Schema.String, value: Schema.Unknown }), { default: () => ({}) })

/** The part of a `package.json` that matters here. */
const PackageJson = Schema.parseJson(
  Schema.Struct({
    name: Schema.String,
    version: Schema.optionalWith(Schema.String, { default: () => "0.0.0" }),
    gypfile: Schema.optionalWith(Schema.Unknown, { default: () => false }),
    dependencies: Names,
    optionalDependencies: Names,
    peerDependencies: Names
  })
)

/** An installed package. */
export interface Package {
  readonly name: string
  readonly version: string
  readonly directory: string
  /** True if it loads a native addon or runs a program of its own, so that it cannot be part of a bundle. */
  readonly native: boolean
  /** The packages for single platforms that it chooses from. */
  readonly platforms: ReadonlyArray<string>
  /** True if it runs on the library's Effect, so that it has to be part of a bundle. */
  readonly usesEffect: boolean
}

/** True for a package in a folder of packages, false for a folder of the user's own. */
export const isInstalled = ({ directory }: Package): boolean => /[\\/]node_modules[\\/]/.test(directory)

/** The name of the package an import specifier starts with, or `undefined` if it is a path or an alias. */
export const nameOf = (specifier: string): string | undefined =>
  /^(@[^/]+\/)?[^./@#:~][^/:]*(?=\/|$)/.exec(specifier)?.[0]

/** True for a package of Effect. */
export const isEffect = (name: string): boolean => name === "effect" || name.startsWith("@effect/")

/**
 * The package a file belongs to: the installed one whose folder it is in, else the nearest folder above it whose
 * `package.json` has a name.
 */
export const ownerOf = (
  file: string
): Effect.Effect<Option.Option<Package>, never, FileSystem.FileSystem | Path.Path> =>
  Effect.flatMap(Path.Path, (path) => {
    const [installed] = installedFolder.exec(file) ?? []
    if (installed !== undefined) return Effect.option(read(installed))
    const folder = path.dirname(file)
    return folder === file ? Effect.succeedNone : Effect.catchAll(Effect.asSome(read(folder)), () => ownerOf(folder))
  })

/** The folder of an installed package. Folders below it may have a `package.json` of their own. */
const installedFolder = /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^@.\\/][^\\/]*(?=[\\/])/

/** The same as {@link ownerOf}, but each folder is read once. */
export type Owners = (file: string) => Effect.Effect<Option.Option<Package>, never, FileSystem.FileSystem | Path.Path>

/** Makes an {@link Owners}. */
export const owners = (): Owners => {
  const known = new Map<string, Option.Option<Package>>()
  return (file) => {
    const folder = NodePath.dirname(file)
    return known.has(folder)
      ? Effect.succeed(known.get(folder) ?? Option.none())
      : Effect.tap(ownerOf(file), (owner) => Effect.sync(() => known.set(folder, owner)))
  }
}

const read = (directory: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const text = yield* fs.readFileString(path.join(directory, "package.json"))
    const json = yield* Schema.decode(PackageJson)(text)
    const native = declaresAddon(json) || (yield* containsAddon(directory))
    const usesEffect =
      isEffect(json.name) ||
      [json.dependencies, json.peerDependencies].some((names) => Object.keys(names).some(isEffect))
    const platforms = Object.keys(json.optionalDependencies).filter(isPlatforms)
    return { name: json.name, version: json.version, directory, native, platforms, usesEffect } satisfies Package
  })

/** True if the nearest `package.json` says that `.js` files are ES modules. */
export const isModuleFolder = (folder: string): Effect.Effect<boolean, never, FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const text = yield* Effect.option(fs.readFileString(path.join(folder, "package.json")))
    const parent = path.dirname(folder)
    if (text._tag === "Some") return Option.exists(decodeType(text.value), ({ type }) => type === "module")
    return parent !== folder && (yield* isModuleFolder(parent))
  })

const decodeType = Schema.decodeOption(Schema.parseJson(Schema.Struct({ type: Schema.optional(Schema.Unknown) })))

const addonLoaders = [
  "bindings",
  "node-gyp-build",
  "node-gyp-build-optional-packages",
  "prebuild-install",
  "node-pre-gyp",
  "@mapbox/node-pre-gyp",
  "cmake-js",
  "pkg-prebuilds"
]
/** True for a package that is installed on some machines only, by another one that chooses it. */
export const isPlatforms = (name: string): boolean => platformPackage.test(name)

const platformPackage = /(linux|darwin|win32)-?(x64|arm64|ia32|x86_64)/

const declaresAddon = (json: Schema.Schema.Type<typeof PackageJson>): boolean =>
  json.gypfile === true ||
  addonLoaders.some((loader) => loader in json.dependencies || loader in json.optionalDependencies) ||
  Object.keys(json.optionalDependencies).some((name) => platformPackage.test(name))

const containsAddon = (directory: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const entries = (folder: string) => Effect.orElseSucceed(fs.readDirectory(folder), (): ReadonlyArray<string> => [])
    const isAddon = (name: string) => name.endsWith(".node")
    const top = yield* entries(directory)
    return (
      top.some((name) => name === "binding.gyp" || name === "prebuilds" || isAddon(name)) ||
      (top.includes("build") && (yield* entries(path.join(directory, "build", "Release"))).some(isAddon))
    )
  })
