/** The files that travel with a bundle: those that its packages and own modules need besides the program. */
import { createHash } from "node:crypto"
import * as NodePath from "node:path"
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Esbuild from "esbuild"
import type { PipelineBundleFailed } from "../Errors/Pipelines.js"
import type { Bundling } from "../Settings/Bundling.js"
import * as Addons from "./Addons.js"
import * as Assets from "./Assets.js"
import type { Boundary } from "./Boundary.js"
import type { Item } from "./Contents.js"
import type { Source, Warning } from "./Contract.js"
import * as Credentials from "./Credentials.js"
import type { Modules } from "./Modules.js"
import { names } from "./Names.js"
import * as OwnFiles from "./OwnFiles.js"
import * as OwnReads from "./OwnReads.js"
import * as PackageData from "./PackageData.js"
import * as Packages from "./Packages.js"
import * as Problems from "./Problems.js"
import type { Resolution } from "./Resolution.js"
import * as SharedFiles from "./SharedFiles.js"
import * as Trace from "./Trace.js"
import * as TypeScriptFiles from "./TypeScriptFiles.js"
import * as TypeScriptLoader from "./TypeScriptLoader.js"

/** A build whose files are searched. */
export interface Build {
  readonly source: Source
  readonly settings: Bundling
  readonly boundary: Boundary
  readonly ownerOf: Packages.Owners
  readonly modules: Modules
  readonly resolution: Resolution
  /** The folder that paths of `metafile` are relative to. */
  readonly directory: string
  readonly metafile: Esbuild.Metafile
  /** The state of the searches of all builds of the bundle. */
  readonly memory: Trace.Memory
}

/** The files that travel. */
export interface Found {
  readonly workingDirectory: string
  readonly imports: ReadonlyArray<string>
  readonly items: ReadonlyArray<Item>
  readonly sources: ReadonlyMap<string, SharedFiles.Source>
  readonly addons: ReadonlyArray<Packages.Package>
  /** Files that the code reads and that do not travel. */
  readonly warnings: ReadonlyArray<Warning>
}

type Needs = FileSystem.FileSystem | Path.Path

/**
 * Finds the files that travel. A package that both the program and a package outside would load is kept outside, so that a
 * process has it once; then the build is stale.
 */
export const find = (build: Build): Effect.Effect<Found, PipelineBundleFailed, Needs> =>
  Effect.gen(function* () {
    const { boundary, ownerOf, source } = build
    const imports = yield* Assets.preloads(source, build.settings.import, boundary.project)
    const { data, packages, traced } = yield* withData(build, [...entriesOf(build), ...imports.map(({ file }) => file)])
    yield* keepOnce(build, packages)
    if (boundary.isStale()) return empty
    const read = yield* Assets.read(build.modules.own, boundary.project)
    const own = yield* OwnFiles.find(build.modules.own, [...traced.files, ...read], boundary.project, ownerOf)
    const declared = yield* Assets.matching(source, build.settings.assets, boundary.project)
    const files = [
      ...traced.files,
      ...read,
      ...build.modules.files,
      ...data,
      ...(yield* Addons.find(packages, ownerOf)),
      ...own
    ]
    const refused = yield* Credentials.find([...declared, ...files], boundary)
    const mistaken = declared.find((file) => refused.has(file))
    if (mistaken !== undefined) {
      return yield* Problems.failed(source.file, `assets: ${mistaken} does not travel: ${refused.get(mistaken)}`)
    }
    const kept = [...declared, ...files].filter((file) => !refused.has(file))
    const plain = yield* itemsOf(kept, boundary)
    const compiled = yield* compiledOf(kept, boundary)
    const items = [...plain, ...compiled]
    const place = boundary.placeOf(NodePath.join(boundary.project.directory, "x"))
    return {
      workingDirectory: NodePath.dirname(place),
      imports: [
        ...(compiled.length === 0 ? [] : [TypeScriptLoader.register.path]),
        ...imports.map(({ file }) => boundary.placeOf(file))
      ],
      items: [...items.map(({ item }) => item), ...shortcuts(packages, boundary)],
      sources: new Map(items.map(({ item, source }) => [item.path, source] as const)),
      addons: addonsOf(traced, packages),
      warnings: [...refused].map(([location, reason]) => ({ reason: `it does not travel: ${reason}`, location }))
    }
  }).pipe(
    Effect.catchTags({
      SystemError: (error) =>
        Problems.failed(build.source.file, `a file that travels cannot be read: ${error.message}`),
      BadArgument: (error) => Problems.failed(build.source.file, `a file that travels cannot be read: ${error.message}`)
    })
  )

// internal

const empty: Found = {
  workingDirectory: names.files,
  imports: [],
  items: [],
  sources: new Map(),
  addons: [],
  warnings: []
}

/**
 * Traces files, and finds the data of their packages. A script among the data needs files of its own: a package that starts
 * its command as a process names it by a path that no tracer can compute.
 */
const withData = (build: Build, entries: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const traced = yield* trace(build, entries)
    const packages = yield* packagesOf(traced.files, build.ownerOf)
    const data = yield* PackageData.find(packages, traced)
    const scripts = yield* Effect.filter(
      data.filter((file) => !traced.files.has(file)),
      Trace.isScript
    )
    if (scripts.length === 0) return { traced, packages, data }
    const all = yield* trace(build, [...entries, ...scripts])
    return { traced: all, packages: yield* packagesOf(all.files, build.ownerOf), data }
  })

const trace = (build: Build, entries: ReadonlyArray<string>) =>
  Trace.search({
    entries,
    own: new Map([...ownModules(build), ...named(build)]),
    workingDirectory: build.boundary.project.directory,
    conditions: build.settings.conditions,
    memory: build.memory
  }).pipe(
    Effect.mapError((cause) => Problems.failed(build.source.file, `its files cannot be traced: ${String(cause)}`))
  )

/** The files outside that the program still imports after unused code was left out. */
const entriesOf = ({ metafile, resolution }: Build): ReadonlyArray<string> =>
  Object.values(metafile.outputs).flatMap(({ imports }) =>
    imports.flatMap(({ path }) => resolution.entries.get(path) ?? [])
  )

const ownModules = ({ directory, metafile, modules }: Build) =>
  Object.entries(metafile.inputs).flatMap(([input, { imports }]) => {
    const file = NodePath.resolve(directory, input)
    const text = modules.own.get(file)
    const bundled = new Set(
      imports.flatMap(({ original, path }) => [path, ...(original === undefined ? [] : [original])])
    )
    return text === undefined ? [] : [[file, { text, bundled }] as const]
  })

/** Modules that import the packages that only a name stands for, as ES modules and as CommonJS do. */
const named = ({ boundary: { project }, modules, settings }: Build) => {
  const texts = [...modules.own.values()].filter((text) => OwnReads.hasComputedImport(text))
  const found = texts.flatMap((text) => OwnReads.namedPackages(text, project.dependencies))
  const wanted = [
    ...new Set([...found, ...settings.external, ...settings.import.flatMap((name) => Packages.nameOf(name) ?? [])])
  ].filter((name) => !Packages.isEffect(name) && name !== Packages.libraryName)
  const at = (name: string, text: (name: string) => string) =>
    [
      NodePath.join(project.directory, name),
      { text: wanted.map((name) => text(JSON.stringify(name))).join("\n"), bundled: new Set<string>() }
    ] as const
  return wanted.length === 0
    ? []
    : [at(".deployers-names.mjs", (name) => `import ${name}`), at(".deployers-names.cjs", (name) => `require(${name})`)]
}

/** The packages of files, by folder. */
export type Owned = ReadonlyMap<string, { readonly owner: Packages.Package; readonly files: ReadonlyArray<string> }>

const packagesOf = (files: Iterable<string>, ownerOf: Packages.Owners): Effect.Effect<Owned, never, Needs> =>
  Effect.gen(function* () {
    const packages = new Map<string, { owner: Packages.Package; files: Array<string> }>()
    for (const file of files) {
      const owner = yield* ownerOf(file)
      if (Option.isNone(owner) || !Packages.isInstalled(owner.value)) continue
      const known = packages.get(owner.value.directory)
      if (known === undefined) packages.set(owner.value.directory, { owner: owner.value, files: [file] })
      else known.files.push(file)
    }
    return packages
  })

const keepOnce = ({ boundary, directory, metafile, ownerOf }: Build, outside: Owned) =>
  Effect.gen(function* () {
    for (const input of Object.keys(metafile.inputs)) {
      const file = NodePath.resolve(directory, input)
      if (Packages.isLibrarys(file) || !file.includes("node_modules")) continue
      const owner = yield* ownerOf(file)
      if (
        Option.isNone(owner) ||
        owner.value.usesEffect ||
        boundary.isInside(owner.value.directory) ||
        !outside.has(owner.value.directory)
      )
        continue
      boundary.keepOutside(owner.value.directory)
    }
  })

/** Native packages among those that travel: an image for another machine has to install them. */
const addonsOf = ({ parents }: Trace.Found, packages: Owned): ReadonlyArray<Packages.Package> => {
  const found = new Map<string, Packages.Package>()
  const addons = [...packages.values()].flatMap(({ files }) => files.filter((file) => file.endsWith(".node")))
  const ownerOf = new Map(
    [...packages.values()].flatMap(({ files, owner }) => files.map((file) => [file, owner] as const))
  )
  const seen = new Set<string>()
  const visit = (file: string): void => {
    if (seen.has(file)) return
    seen.add(file)
    const owner = ownerOf.get(file)
    if (owner !== undefined && !Packages.isPlatforms(owner.name)) found.set(owner.name, owner)
    else for (const parent of parents.get(file) ?? []) visit(parent)
  }
  for (const addon of addons) visit(addon)
  for (const { owner } of packages.values()) {
    if (owner.native && !Packages.isPlatforms(owner.name)) found.set(owner.name, owner)
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
}

type Sourced = { readonly item: Item; readonly source: SharedFiles.Source }

const itemsOf = (
  files: Iterable<string>,
  boundary: Boundary
): Effect.Effect<ReadonlyArray<Sourced>, PlatformError, Needs> => {
  const all = new Set(files)
  return Effect.forEach([...all].sort(), (file) => itemOf(file, all, boundary), { concurrency: 16 }).pipe(
    Effect.map((found) => found.flatMap(Option.toArray))
  )
}

/** The JavaScript of modules in TypeScript, and what teaches Node to load it in their place. */
const compiledOf = (files: Iterable<string>, boundary: Boundary): Effect.Effect<ReadonlyArray<Sourced>, never, Needs> =>
  Effect.gen(function* () {
    const modules = [...new Set(files)].filter(TypeScriptFiles.is).sort()
    const found = yield* Effect.forEach(modules, (file) => compiledFrom(file, boundary.placeOf(file)))
    const compiled = found.flat()
    const { hooks, register } = TypeScriptLoader
    return compiled.length === 0 ? [] : [...compiled, made(register.path, register.text), made(hooks.path, hooks.text)]
  })

const compiledFrom = (file: string, place: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const text = yield* Effect.orElseSucceed(fs.readFileString(file), () => "")
    const compiled = yield* TypeScriptFiles.compile(file, text)
    return compiled.map(({ loader, text }) => made(TypeScriptLoader.placeOf(place, loader), text))
  })

const made = (path: string, text: string): Sourced => {
  const source = Buffer.from(text)
  const digest = createHash("sha256").update(source).digest("hex")
  return { item: { _tag: "File", path, digest, bytes: source.length, executable: false }, source }
}

/** A link stays one if its target travels, too; else its place has the content of the target. A link to nothing is left out. */
const itemOf = (file: string, all: ReadonlySet<string>, boundary: Boundary) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = boundary.placeOf(file)
    const found = yield* Effect.option(fs.stat(file))
    if (Option.isNone(found)) return Option.none<Sourced>()
    const info = found.value
    const link = yield* Effect.option(fs.readLink(file))
    if (Option.isSome(link)) {
      const target = NodePath.resolve(NodePath.dirname(file), link.value)
      if (info.type === "Directory" || all.has(target)) {
        boundary.placeOf(target)
        const relative = NodePath.relative(NodePath.dirname(file), target)
        return Option.some<Sourced>({ item: { _tag: "Link", path, target: relative }, source: file })
      }
    }
    if (info.type !== "File") return Option.none<Sourced>()
    const bytes = Number(info.size)
    const item = {
      _tag: "File",
      path,
      digest: yield* SharedFiles.digestOf(file, bytes),
      bytes,
      executable: (info.mode & 0o100) !== 0
    } as const
    return Option.some<Sourced>({ item, source: file })
  })

/** Links beside the program to the packages of the project, for imports whose names are known only at run time. */
const shortcuts = (packages: Owned, boundary: Boundary): ReadonlyArray<Item> => {
  const links = new Map<string, Item>()
  for (const { owner } of packages.values()) {
    const folder = NodePath.dirname(owner.directory.slice(0, owner.directory.length - owner.name.length))
    if (!owner.directory.endsWith(`${NodePath.sep}node_modules${NodePath.sep}${owner.name}`)) continue
    if (!`${boundary.project.directory}/`.startsWith(`${folder}/`)) continue
    const path = `node_modules/${owner.name}`
    const target = NodePath.relative(NodePath.dirname(`/${path}`), `/${boundary.placeOf(owner.directory)}`)
    links.set(path, { _tag: "Link", path, target })
  }
  return [...links.values()].sort((a, b) => (a.path < b.path ? -1 : 1))
}
