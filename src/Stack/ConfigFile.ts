import { createHash } from "node:crypto"
import { dirname, join, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Esbuild from "esbuild"
import * as Service from "../Bundle/Esbuild.js"
import { defineConfig } from "../Config/Config.js"
import { ref } from "../Config/Ref.js"
import { ConfigFileNotFound, ConfigLoadFailed, type StackCycle, type StackInvalid } from "../Errors/Stacks.js"
import { fromUnknown, type Stack } from "./Definition.js"

/** The names of a settings file, in the order of the search. */
const fileNames = ["deployers.config.ts", "deployers.config.mts", "deployers.config.js", "deployers.config.mjs"]

/**
 * Loads a settings file as a stack: the given file, or `deployers.config.ts`, `.mts`, `.js` or `.mjs` of the current folder.
 * The file is a module of this process and reads its environment. Paths of pipelines start from its folder.
 *
 * @category constructors
 * @since 0.1.0
 */
export const load = (
  options: { readonly file?: string | undefined; readonly stage?: string | undefined } = {}
): Effect.Effect<Stack, ConfigFileNotFound | ConfigLoadFailed | StackInvalid | StackCycle, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const file = yield* find(options.file)
    const module = yield* importTypeScript(file)
    if (module["default"] === undefined) {
      return yield* new ConfigLoadFailed({
        file,
        reason: "it has no default export; write `export default defineConfig({ deployments: { ... } })`"
      })
    }
    return yield* fromUnknown(module["default"], { stage: options.stage, directory: dirname(file) })
  })

/** True if the current folder has a settings file. */
export const isThere: Effect.Effect<boolean, never, FileSystem.FileSystem> = Effect.isSuccess(
  Effect.suspend(() => find(undefined))
)

// internal

const find = (given: string | undefined): Effect.Effect<string, ConfigFileNotFound, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    for (const name of given === undefined ? fileNames : [given]) {
      const isFile = yield* Effect.orElseSucceed(fs.exists(resolve(name)), () => false)
      if (isFile) return resolve(name)
    }
    return yield* new ConfigFileNotFound({ file: resolve(given ?? "deployers.config.ts") })
  })

/** Bundles the file with the own modules that it imports, and imports the result; packages are imported as they are. */
const importTypeScript = (
  file: string
): Effect.Effect<Readonly<Record<string, unknown>>, ConfigLoadFailed, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const { outputFiles } = yield* Service.build({ ...options, entryPoints: [file] })
    const code = outputFiles.map(({ text }) => text).join("")
    const folder = yield* cacheFolder(dirname(file))
    const built = join(folder, `${createHash("sha256").update(code).digest("hex").slice(0, 32)}.mjs`)
    yield* fs.makeDirectory(folder, { recursive: true })
    yield* fs.writeFileString(built, code)
    return yield* Effect.tryPromise({
      try: (): Promise<Readonly<Record<string, unknown>>> => import(/* @vite-ignore */ pathToFileURL(built).href),
      catch: (cause) => cause
    })
  }).pipe(
    Effect.scoped,
    Effect.mapError((cause) => new ConfigLoadFailed({ file, reason: reasonOf(cause) }))
  )

/** The nearest `node_modules`, so that packages are found; else a temporary folder for the time of the import. */
const cacheFolder = (directory: string): Effect.Effect<string, unknown, FileSystem.FileSystem | Scope.Scope> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const packages = join(directory, "node_modules")
    if (yield* Effect.orElseSucceed(fs.exists(packages), () => false)) {
      return join(packages, ".cache", "effect-deployers")
    }
    const parent = dirname(directory)
    return yield* parent === directory
      ? fs.makeTempDirectoryScoped({ prefix: "effect-deployers-settings-" })
      : cacheFolder(parent)
  })

const configName = "effect-deployers/Config"

/** The entry point as text: a settings file needs no installed package, and the command itself may be one file. */
const ownEntryPoint: Esbuild.Plugin = {
  name: configName,
  setup: (build) => {
    build.onResolve({ filter: new RegExp(`^${configName}$`) }, ({ path }) => ({ path, namespace: configName }))
    build.onLoad({ filter: /.*/, namespace: configName }, () => ({
      contents: `export const defineConfig=${String(defineConfig)};export const ref=${String(ref)};`
    }))
  }
}

const options = {
  bundle: true,
  write: false,
  packages: "external",
  platform: "node",
  target: "node20",
  format: "esm",
  sourcemap: "inline",
  logLevel: "silent",
  plugins: [ownEntryPoint]
} as const satisfies Esbuild.BuildOptions

const keptLines = 6

const reasonOf = (cause: unknown): string =>
  (cause instanceof Error ? cause.message : String(cause)).split("\n").slice(0, keptLines).join("\n")
