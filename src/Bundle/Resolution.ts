import { isBuiltin } from "node:module"
import * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import type * as Esbuild from "esbuild"
import * as Packages from "./Packages.js"

/** The resolution of imports in one bundle, and the native packages among them. */
export interface Resolution {
  readonly plugin: Esbuild.Plugin
  /** Packages that were kept outside, by name, whether or not anything of them is used in the end. */
  readonly natives: ReadonlyMap<string, Packages.Package>
  /** True if a build found an addon in a package that seemed plain; the next build keeps that package outside. */
  readonly isStale: () => boolean
}

/**
 * Resolves imports from the folder of the importing module, with three exceptions: this library is always the running
 * one, `effect` and `@effect/*` are the library's own so that there is one copy, and native packages stay outside.
 */
export const make: Effect.Effect<Resolution, never, FileSystem.FileSystem | Path.Path> = Effect.gen(function* () {
  const run = Runtime.runPromise(yield* Effect.runtime<FileSystem.FileSystem | Path.Path>())
  const natives = new Map<string, Packages.Package>()
  const known: Known = new Map()
  const loadsAddon = new Set<string>()
  let stale = false

  const plugin: Esbuild.Plugin = {
    name: Packages.libraryName,
    setup: (build) => {
      build.onStart(() => {
        natives.clear()
        stale = false
      })
      build.onResolve({ filter: /^effect-deployers(\/|$)/ }, ({ path }) => run(resolveLibrary(path)))
      build.onResolve({ filter: /\.node$/ }, (args) =>
        run(
          Effect.map(Packages.ownerOf(args.importer), (owner) => {
            if (Option.isNone(owner) || !isInstalled(owner.value)) return { errors: [{ text: strayAddon }] }
            loadsAddon.add(owner.value.directory)
            stale = true
            return { path: args.path, external: true }
          })
        )
      )
      build.onResolve({ filter: /^[^./]/ }, (args) => {
        if (args.pluginData === asked || isBuiltin(args.path)) return undefined
        return Packages.isLibrarys(args.resolveDir) && known.has(keyOf(args))
          ? known.get(keyOf(args))
          : run(resolvePackage(build, args))
      })
    }
  }

  const resolvePackage = (build: Esbuild.PluginBuild, args: Esbuild.OnResolveArgs) =>
    Effect.gen(function* () {
      const name = Packages.nameOf(args.path)
      if (name === undefined) return undefined
      if (Packages.isEffect(name)) return yield* resolveEffect(build, args, name, known)
      const found = yield* resolve(build, args, args.resolveDir)
      if (found === undefined) return undefined
      const owner = yield* Packages.ownerOf(found.path)
      if (Option.isNone(owner) || !isInstalled(owner.value)) return found
      return owner.value.native || found.path.endsWith(".node") || loadsAddon.has(owner.value.directory)
        ? keepOutside(natives, args.path, { ...owner.value, name })
        : { ...found, sideEffects: found.sideEffects === true && !onlyDefines.has(name) }
    })

  return { plugin, natives, isStale: () => stale }
})

const resolveLibrary = (specifier: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = Packages.entryFile(specifier)
    const exists = yield* Effect.orElseSucceed(fs.exists(path), () => false)
    return exists
      ? { path, sideEffects: false }
      : { errors: [{ text: `"${specifier}" is not part of this version of ${Packages.libraryName}` }] }
  })

const asked = Symbol.for("effect-deployers/Bundle/Resolution/asked")

/** Packages without side effects that do not declare it; their unused parts are left out. */
const onlyDefines = new Set(["ws"])

const strayAddon =
  "a native addon can only be used through an installed package; import the package instead of its file"

const isInstalled = ({ directory }: Packages.Package): boolean => /[\\/]node_modules[\\/]/.test(directory)

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

const keepOutside = (
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
