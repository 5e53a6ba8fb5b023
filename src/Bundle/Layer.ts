import type * as CommandExecutor from "@effect/platform/CommandExecutor"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import { TreeFormatter } from "effect/ParseResult"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { Bundling, type BundlingInput } from "../Settings/Bundling.js"
import { Home } from "../Store/Home.js"
import { type Compiled, compile } from "./Compile.js"
import { type Bundle, type BundleError, Bundler, CodeCaching, type Source } from "./Contract.js"
import { describe, ensureCodeCache } from "./Describe.js"
import * as Service from "./Esbuild.js"
import * as Folder from "./Folder.js"
import { names } from "./Names.js"
import * as Problems from "./Problems.js"

/**
 * The services that bundling needs.
 *
 * @category models
 * @since 0.1.0
 */
export type Requirements = Home | FileSystem.FileSystem | Path.Path | CommandExecutor.CommandExecutor

/**
 * Builds bundles with esbuild. The first bundle loads esbuild, and its process ends when the scope closes.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make: Effect.Effect<typeof Bundler.Service, never, Requirements | Scope.Scope> = Effect.gen(function* () {
  const context = yield* Effect.context<Requirements>()
  yield* Service.stopWithScope
  const caching = yield* FiberSet.make<void>()
  const closing = yield* Deferred.make<void>()
  yield* Effect.addFinalizer(() => Effect.zipRight(Deferred.succeed(closing, undefined), FiberSet.awaitEmpty(caching)))
  const later = Effect.race(Deferred.await(closing), Effect.sleep(headStart))
  const cache = (bundle: Bundle) =>
    Effect.flatMap(CodeCaching, (time) =>
      time === "before"
        ? ensureCodeCache(bundle)
        : FiberSet.run(caching, Effect.zipRight(later, ensureCodeCache(bundle)))
    )
  return {
    bundle: (source, settings) => Effect.provide(bundle(source, settings ?? {}), context),
    removeUnused: (used) => Effect.provide(Folder.removeUnused(used), context),
    describe: (bundle) => Effect.provide(Effect.zipLeft(describe(bundle), cache(bundle), { concurrent: true }), context)
  }
})

/**
 * Builds bundles with esbuild in the `bundles` folder of the home.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<Bundler, never, Requirements> = Layer.scoped(Bundler, make)

// internal

/**
 * A version that starts has the processors for itself, then stays healthy for a second, in which its code cache is made. The
 * length is a guess: a wrong one costs time, nothing else.
 */
const headStart = Duration.seconds(1)

/** A package of both the pipeline and the runtime is listed once, as that of the runtime. */
const externalsOf = ({ addons, natives }: Compiled): Bundle["externals"] =>
  [...natives, ...addons.filter(({ name }) => !natives.some((native) => native.name === name))].map(
    ({ name, version }) => ({ name, version })
  )

const decodeSettings = Schema.decodeUnknown(Bundling, { errors: "all", onExcessProperty: "error" })

const bundle = (
  asked: Source,
  settings: BundlingInput
): Effect.Effect<Bundle, BundleError, Home | FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function* () {
    const path = yield* Path.Path
    const { bundles } = yield* Home
    const source = { ...asked, file: path.resolve(asked.file) }
    const checked = yield* Effect.mapError(decodeSettings(settings), (error) =>
      Problems.failed(source.file, TreeFormatter.formatErrorSync(error))
    )
    const compiled = yield* compile(source, bundles, checked)
    const directory = yield* Effect.mapError(Folder.ensure(bundles, compiled), (error) =>
      Problems.failed(
        source.file,
        `the bundle cannot be written to ${bundles}: ${error.message}; make the folder writable and its disk large enough, or set DEPLOYERS_HOME to another folder`
      )
    )
    return {
      digest: compiled.digest,
      directory,
      main: path.join(directory, names.main),
      externals: externalsOf(compiled),
      contents: compiled.contents,
      warnings: compiled.warnings,
      source
    }
  }).pipe(Effect.withSpan("Bundle.bundle", { attributes: { file: asked.file } }))
