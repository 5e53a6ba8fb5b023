import { isBuiltin } from "node:module"
import * as NodePath from "node:path"
import * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import type * as Esbuild from "esbuild"
import type { Boundary } from "./Boundary.js"
import type { Modules } from "./Modules.js"
import * as Packages from "./Packages.js"
import * as PreparedRuntime from "./PreparedRuntime.js"

/** The resolution of imports in one bundle, and the packages that it leaves outside. */
export interface Resolution {
  readonly plugin: Esbuild.Plugin
  /** Native packages of the serving runtime, by name, whether or not anything of them is used in the end. */
  readonly natives: ReadonlyMap<string, Packages.Package>
  /** Files of packages that stay outside, by the specifier of their import in the program. */
  readonly entries: ReadonlyMap<string, string>
  /** Imports that cannot be found, and fail when they are reached. */
  readonly missing: ReadonlyArray<Missing>
  /** True if the program of a build needs a package that was left out, so that it has to be repeated. */
  readonly hasLeftOut: (metafile: Esbuild.Metafile) => boolean
}

/** An import that cannot be found. */
export interface Missing {
  readonly specifier: string
  readonly importer: string
}

/**
 * Resolves imports from the folder of the importing module, with these exceptions: this library is always the running one,
 * `effect` and `@effect/*` are the library's own so that there is one copy, and packages stay outside if the boundary or
 * `external` says so.
 */
export const make = (
  boundary: Boundary,
  ownerOf: Packages.Owners,
  external: ReadonlyArray<string> = [],
  prepared: PreparedRuntime.Prepared = PreparedRuntime.none,
  importsOnly: Modules["importsOnly"] = () => false
): Effect.Effect<Resolution, never, FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function* () {
    const run = Runtime.runPromise(yield* Effect.runtime<FileSystem.FileSystem | Path.Path>())
    const natives = new Map<string, Packages.Package>()
    const entries = new Map<string, string>()
    const missing: Array<Missing> = []
    const known: Known = new Map()
    const wanted = new Set<string>()

    const plugin: Esbuild.Plugin = {
      name: Packages.libraryName,
      setup: (build) => {
        build.onStart(() => {
          boundary.begin()
          // Prepared modules import each other without a question here.
          prepared.directories.forEach(boundary.keepInside)
          natives.clear()
          entries.clear()
          missing.length = 0
        })
        build.onResolve({ filter: /^/, namespace: required }, ({ path }) => ({ path, external: true }))
        build.onLoad({ filter: /^/, namespace: required }, ({ path }) => ({
          contents: `module.exports = require(${JSON.stringify(path)})`
        }))
        build.onResolve({ filter: /^effect-deployers(\/|$)/ }, ({ path }) => run(resolveLibrary(path, prepared)))
        build.onResolve({ filter: PreparedRuntime.otherPath }, (args) =>
          args.pluginData === asked || args.kind === "entry-point" ? undefined : run(resolveFile(build, args))
        )
        build.onResolve({ filter: /^[^./]/ }, (given) => {
          if (given.pluginData === asked || isBuiltin(given.path)) return undefined
          const args = PreparedRuntime.asOriginal(prepared, given)
          return Packages.isLibrarys(args.resolveDir) && known.has(keyOf(args))
            ? preparedOf(known.get(keyOf(args)), prepared)
            : run(Effect.map(resolvePackage(build, args), (found) => (isAlone(args) ? whole(found) : found)))
        })
      }
    }

    const isAlone = ({ importer, kind, path }: Esbuild.OnResolveArgs): boolean =>
      kind === "import-statement" && importsOnly(importer, path)

    /** An addon runs outside only; a module that cannot be found may never be reached. */
    const resolveFile = (build: Esbuild.PluginBuild, args: Esbuild.OnResolveArgs) =>
      Effect.gen(function* () {
        if (!args.path.endsWith(".node") && args.kind !== "dynamic-import") {
          return isAlone(args) ? whole(yield* resolve(build, args, args.resolveDir)) : undefined
        }
        const found = yield* resolve(build, args, args.resolveDir)
        if (found?.path === undefined) return miss(args)
        if (!found.path.endsWith(".node")) return undefined
        const owner = yield* ownerOf(args.importer)
        if (Option.isNone(owner) || !Packages.isInstalled(owner.value)) {
          return args.kind === "require-call" ? leave(args, found) : { errors: [{ text: importedAddon }] }
        }
        boundary.keepOutside(owner.value.directory)
        return { path: args.path, external: true }
      })

    const resolvePackage = (build: Esbuild.PluginBuild, args: Esbuild.OnResolveArgs) =>
      Effect.gen(function* () {
        const name = Packages.nameOf(args.path)
        if (name === undefined) return undefined
        if (Packages.isEffect(name)) return preparedOf(yield* resolveEffect(build, args, name, known), prepared)
        const forRuntime = yield* isForRuntime(args)
        if (forRuntime && rarelyUsed.has(name) && !wanted.has(name)) {
          return { path: args.path, external: true, sideEffects: false }
        }
        const found = yield* resolve(build, args, args.resolveDir)
        if (found?.path === undefined) return miss(args)
        const owner = yield* ownerOf(found.path)
        if (Option.isNone(owner) || !Packages.isInstalled(owner.value)) return found
        const { directory, native, usesEffect } = owner.value
        if (forRuntime) {
          if (native) return besideProgram(natives, args.path, { ...owner.value, name })
          boundary.keepInside(directory)
        }
        const mayLeave = external.includes(name) || (!usesEffect && (native || boundary.isOutside(directory)))
        if (mayLeave && !boundary.isInside(directory) && isLoadable(found.path)) {
          return (yield* isRequired(args, found.path)) ? leaveRequired(args, found) : leave(args, found)
        }
        return {
          ...found,
          path: prepared.fileOf(found.path),
          sideEffects: found.sideEffects === true && !onlyDefines.has(name)
        }
      })

    /** True for an import of the serving runtime or of a package that it has. */
    const isForRuntime = ({ importer, resolveDir }: Esbuild.OnResolveArgs) =>
      Packages.isRuntimes(resolveDir)
        ? Effect.succeed(true)
        : Effect.map(
            ownerOf(importer),
            Option.exists(({ directory }) => boundary.isInside(directory))
          )

    /** Leaves a file outside. The program imports it from its place in the bundle's folder. */
    const leave = (args: Esbuild.OnResolveArgs, found: Esbuild.OnResolveResult): Esbuild.OnResolveResult => {
      const file = found.path ?? args.path
      const place = `./${boundary.placeOf(file)}`
      const path = args.kind === "require-call" ? place : place.replace(/[%#?\\]/g, encodeURIComponent)
      entries.set(path, file)
      return { path, external: true, ...(found.sideEffects === undefined ? {} : { sideEffects: found.sideEffects }) }
    }

    /** The same for a file that the program requires, although the text imports it. */
    const leaveRequired = (args: Esbuild.OnResolveArgs, found: Esbuild.OnResolveResult): Esbuild.OnResolveResult => ({
      path: leave({ ...args, kind: "require-call" }, found).path ?? args.path,
      namespace: required,
      sideEffects: found.sideEffects === true
    })

    /** Node finds out at run time, and only if the import is reached. */
    const miss = ({ importer, kind, path }: Esbuild.OnResolveArgs): Esbuild.OnResolveResult | undefined => {
      if (kind !== "dynamic-import" && kind !== "require-call") return undefined
      missing.push({ specifier: path, importer })
      return { path, external: true }
    }

    const hasLeftOut = ({ outputs }: Esbuild.Metafile): boolean => {
      const names = Object.values(outputs).flatMap(({ imports }) =>
        imports.flatMap(({ path }) => Packages.nameOf(path) ?? [])
      )
      const more = names.filter((name) => rarelyUsed.has(name) && !wanted.has(name))
      for (const name of more) wanted.add(name)
      return more.length > 0
    }

    return { plugin, natives, entries, missing, hasLeftOut }
  })

/** Node runs a module that is imported for its effects, and does not read the `sideEffects` of its package. */
const whole = (found: Esbuild.OnResolveResult | undefined): Esbuild.OnResolveResult | undefined =>
  found?.path === undefined ? found : { ...found, sideEffects: true }

const preparedOf = (found: Esbuild.OnResolveResult | undefined, prepared: PreparedRuntime.Prepared) =>
  found?.path === undefined ? found : { ...found, path: prepared.fileOf(found.path) }

const resolveLibrary = (specifier: string, prepared: PreparedRuntime.Prepared) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = Packages.entryFile(specifier)
    const exists = yield* Effect.orElseSucceed(fs.exists(path), () => false)
    return exists
      ? { path: prepared.fileOf(path), sideEffects: false }
      : { errors: [{ text: `"${specifier}" is not part of this version of ${Packages.libraryName}` }] }
  })

const required = "effect-deployers/required"

/**
 * True for an import of a CommonJS package by a module that its compiler turns into CommonJS: the default export is then
 * that of the package, where Node would give an ES module all exports.
 */
const isRequired = ({ importer, kind }: Esbuild.OnResolveArgs, file: string) =>
  kind === "import-statement"
    ? Effect.zipWith(isCommonJs(importer), isCommonJs(file), (one, other) => one && other)
    : no

const no = Effect.succeed(false)

const isCommonJs = (file: string) =>
  /\.c[jt]s$/.test(file)
    ? Effect.succeed(true)
    : /\.[jt]sx?$/.test(file)
      ? Effect.map(Packages.isModuleFolder(NodePath.dirname(file)), (isModule) => !isModule)
      : no

const importedAddon = "Node cannot import a native addon; load it with createRequire(import.meta.url)"

const asked = Symbol.for("effect-deployers/Bundle/Resolution/asked")

/** Packages without side effects that do not declare it; their unused parts are left out. */
const onlyDefines = new Set(["ws"])

/** Large packages that Effect imports and few pipelines use. A build reads them only if its program needs them. */
const rarelyUsed = new Set(["fast-check", "undici"])

/** True for a file that Node loads by itself. */
const isLoadable = (file: string): boolean => /(?:\.[cm]?js|\.node|[\\/][^.\\/]+)$/.test(file)

/** The resolution of an import by esbuild from a folder; `undefined` if it finds nothing. */
const resolve = (build: Esbuild.PluginBuild, { importer, kind, path }: Esbuild.OnResolveArgs, resolveDir: string) =>
  Effect.map(
    Effect.promise(() => build.resolve(path, { importer, kind, resolveDir, pluginData: asked })),
    ({ errors, external, namespace, path, sideEffects, suffix }) =>
      errors.length > 0 ? undefined : { path, external, namespace, sideEffects, suffix }
  )

/** The library's copy, unless it has none. */
const resolveEffect = (
  build: Esbuild.PluginBuild,
  args: Esbuild.OnResolveArgs,
  name: string,
  known: Known
): Effect.Effect<Esbuild.OnResolveResult | undefined, never, FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function* () {
    const ours = yield* remember(known, keyOf(args), resolve(build, args, Packages.libraryRoot))
    if (ours?.path === undefined) return yield* resolve(build, args, args.resolveDir)
    if (Packages.isLibrarys(args.resolveDir)) return ours
    const mismatch = remember(known, args.resolveDir, findMismatch(build, args, ours.path))
    return name === "effect" ? ((yield* mismatch) ?? ours) : ours
  })

const keyOf = ({ kind, path }: Esbuild.OnResolveArgs): string => `${kind} ${path}`

type Known = Map<string, Esbuild.OnResolveResult | undefined>

/** Hundreds of modules import the same few; a resolution by esbuild each time takes longer than the bundle. */
const remember = <R>(
  known: Known,
  key: string,
  resolved: Effect.Effect<Esbuild.OnResolveResult | undefined, never, R>
) =>
  Effect.suspend(() =>
    known.has(key)
      ? Effect.succeed(known.get(key))
      : Effect.tap(resolved, (result) => Effect.sync(() => known.set(key, result)))
  )

/** A module written for another major version of effect would not run with the library's. */
const findMismatch = (build: Esbuild.PluginBuild, args: Esbuild.OnResolveArgs, ours: string) =>
  Effect.gen(function* () {
    const theirs = yield* resolve(build, { ...args, path: "effect/package.json" }, args.resolveDir)
    if (theirs === undefined) return undefined
    const [our, their] = yield* Effect.all([Packages.ownerOf(ours), Packages.ownerOf(theirs.path)])
    return Option.isSome(our) && Option.isSome(their) && major(our.value) !== major(their.value)
      ? { errors: [{ text: otherMajor(their.value, our.value) }] }
      : undefined
  })

const major = ({ version }: Packages.Package): string => version.split(".", 1).join()

const otherMajor = (theirs: Packages.Package, ours: Packages.Package): string =>
  `it uses effect ${theirs.version}, but pipelines are served with effect ${ours.version}; install effect@${ours.version}`

const besideProgram = (
  natives: Map<string, Packages.Package>,
  path: string,
  native: Packages.Package
): Esbuild.OnResolveResult => {
  const other = natives.get(native.name)
  if (other !== undefined && other.version !== native.version) {
    return {
      errors: [{ text: `it needs ${native.name} both as ${other.version} and as ${native.version}; align them` }]
    }
  }
  natives.set(native.name, other ?? native)
  return { path, external: true }
}
