/** The modules of Effect and of this library, which are the same from one bundle to the next. */
import { createHash } from "node:crypto"
import * as NodeFs from "node:fs"
import { createRequire } from "node:module"
import * as NodePath from "node:path"
import * as Effect from "effect/Effect"
import * as Packages from "./Packages.js"

/** A package of the serving runtime. */
export interface Source {
  readonly name: string
  /** The folder with its `package.json`. */
  readonly directory: string
  /** Its files that matter to a bundler, relative to the folder: ES modules, and each `package.json`. */
  readonly files: ReadonlyArray<string>
}

/** The packages, and a digest of their places and of the sizes and times of their files. */
export interface Sources {
  readonly key: string
  readonly packages: ReadonlyArray<Source>
}

/**
 * Finds the packages. A bundle needs that each time, so one look at a thousand files must not cost a thousand fibers: it is
 * synchronous and takes some 10 ms.
 */
export const find: Effect.Effect<Sources, unknown> = Effect.try(() => {
  const digest = createHash("sha256")
  const packages = places().map((found): Source => {
    const files = [...walk(found.directory, found.folder)].sort()
    digest.update(`${found.name}\0${found.directory}\0`)
    for (const file of files) {
      const { mtimeMs, size } = NodeFs.statSync(NodePath.join(found.directory, file))
      digest.update(`${file}\0${size}\0${mtimeMs}\0`)
    }
    return { name: found.name, directory: found.directory, files }
  })
  return { key: digest.digest("hex"), packages }
})

// internal

/** The packages of ES modules that the serving runtime has, each after the one that depends on it. */
const known: ReadonlyArray<{ readonly name: string; readonly of?: string }> = [
  { name: "effect" },
  { name: "@effect/platform" },
  { name: "@effect/platform-node" },
  { name: "@effect/platform-node-shared" },
  { name: "@effect/experimental" },
  { name: "@effect/sql" },
  { name: "find-my-way-ts", of: "@effect/platform" },
  { name: "multipasta", of: "@effect/platform-node-shared" },
  { name: "uuid" }
]

interface Place {
  readonly name: string
  /** The folder with its `package.json`. */
  readonly directory: string
  /** The folder of its modules, below `directory`. */
  readonly folder: string
}

/** This library is without its command line, and without what needs a test runner. */
const own: Place = {
  name: Packages.libraryName,
  directory: NodePath.dirname(Packages.libraryRoot),
  folder: NodePath.basename(Packages.libraryRoot)
}

/** A package that is not found, or has another form, is bundled from its own files. */
const places = (): ReadonlyArray<Place> => {
  const folder = NodePath.join("dist", "esm")
  const found = new Map<string, Place>([[own.name, own]])
  for (const { name, of = own.name } of known) {
    const parent = found.get(of)
    const directory = parent && directoryOf(name, parent)
    if (directory !== undefined && NodeFs.existsSync(NodePath.join(directory, folder))) {
      found.set(name, { name, directory, folder })
    }
  }
  return [...found.values()]
}

/** The folder of a package as Node finds it from the modules of another one. */
const directoryOf = (name: string, { directory, folder }: Place): string | undefined => {
  const folders = createRequire(NodePath.join(directory, folder, "index.js")).resolve.paths(name) ?? []
  const found = folders.map((modules) => NodePath.join(modules, name)).find(hasManifest)
  return found === undefined ? undefined : NodeFs.realpathSync(found)
}

const hasManifest = (folder: string): boolean => NodeFs.existsSync(NodePath.join(folder, "package.json"))

const omitted = new Set(["Cli", "Conformance", "Testing", "program", "browser", "node_modules"])

const walk = (directory: string, folder: string): ReadonlyArray<string> =>
  NodeFs.readdirSync(NodePath.join(directory, folder), { withFileTypes: true }).flatMap((entry) => {
    const file = NodePath.join(folder, entry.name)
    if (entry.isDirectory()) return omitted.has(entry.name) ? [] : walk(directory, file)
    return isModule(entry.name) ? [file] : []
  })

const isModule = (name: string): boolean =>
  name === "package.json" || (/\.(?:m?js|ts)$/.test(name) && !name.endsWith(".d.ts"))
