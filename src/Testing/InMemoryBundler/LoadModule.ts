/** Loads a pipeline's module into this process. */
import { extname } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { globalValue } from "effect/GlobalValue"
import * as Predicate from "effect/Predicate"
import { PipelineLoadFailed } from "../../Errors/Pipelines.js"
import * as OwnFiles from "./OwnFiles.js"

/** The exports of a module. */
export type Exports = Readonly<Record<string, unknown>>

/** A module file, and the digest of its content. */
export interface Module {
  readonly file: string
  readonly digest: string
}

/**
 * Loads a module, within 30 seconds of real time.
 *
 * **Details**
 *
 * A test runner or a TypeScript loader imports the file itself, so that the test and the deployment share the module.
 * Without one, and when the file has changed since its import, the module is transpiled into
 * `node_modules/.cache/effect-deployers` of its project and imported from there.
 */
export const load = (module: Module): Effect.Effect<Exports, PipelineLoadFailed, FileSystem.FileSystem | Path.Path> =>
  Effect.suspend(() => (isImported(module) ? imported(module) : transpiled(module))).pipe(
    Effect.timeoutFail({ duration: deadline, onTimeout: () => failed(module, tooSlow) }),
    Effect.withClock(Clock.make())
  )

// internal

const deadline = Duration.seconds(30)
const tooSlow = `it did not finish loading within ${Duration.format(deadline)}; move slow work into a layer and provide it to the pipeline with Pipeline.provide`

/** The digest each file had when it was imported. A process imports a file only once. */
const digests = globalValue(
  Symbol.for("effect-deployers/Testing/InMemoryBundler/digests"),
  () => new Map<string, string>()
)

/** True if an import of the file returns its present content. */
const isImported = ({ digest, file }: Module): boolean => (digests.get(file) ?? digest) === digest

const imported = (module: Module) =>
  importFile(module.file).pipe(
    Effect.tap(() => Effect.sync(() => digests.set(module.file, module.digest))),
    Effect.catchAll((cause) =>
      isLoadersRefusal(cause) ? transpiled(module) : Effect.fail(failed(module, reasonOf(cause)))
    )
  )

const transpiled = (module: Module) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const code = yield* OwnFiles.transpile(module.file)
    const folder = path.join(yield* cacheFolder(path.dirname(module.file)), "effect-deployers")
    const file = path.join(folder, `${module.digest}${extension}`)
    yield* fs.makeDirectory(folder, { recursive: true })
    yield* fs.writeFileString(file, code)
    return yield* importFile(file)
  }).pipe(Effect.mapError((cause) => failed(module, reasonOf(cause))))

/** The loader that runs this library from its sources loads the transpiled module too, and with it the same library. */
const extension = extname(fileURLToPath(import.meta.url)) === ".ts" ? ".mts" : ".mjs"

/** `node_modules/.cache` of the nearest folder above that has packages; else of the current one. */
const cacheFolder = (directory: string): Effect.Effect<string, never, FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const packages = path.join(directory, "node_modules")
    const parent = path.dirname(directory)
    const isThere = yield* Effect.orElseSucceed(fs.exists(packages), () => false)
    if (isThere || parent === directory) return path.join(isThere ? packages : path.resolve("node_modules"), ".cache")
    return yield* cacheFolder(parent)
  })

const importFile = (file: string): Effect.Effect<Exports, unknown> =>
  Effect.tryPromise({
    try: (): Promise<Exports> => import(/* @vite-ignore */ pathToFileURL(file).href),
    catch: (cause) => cause
  })

/** Node's codes for a file it cannot load as it is; a module that fails by itself has none of them. */
const refusals = new Set([
  "ERR_IMPORT_ATTRIBUTE_MISSING",
  "ERR_INVALID_TYPESCRIPT_SYNTAX",
  "ERR_MODULE_NOT_FOUND",
  "ERR_UNKNOWN_FILE_EXTENSION",
  "ERR_UNKNOWN_MODULE_FORMAT",
  "ERR_UNSUPPORTED_DIR_IMPORT",
  "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX"
])

const isLoadersRefusal = (cause: unknown): boolean =>
  cause instanceof SyntaxError ||
  (Predicate.hasProperty(cause, "code") && typeof cause.code === "string" && refusals.has(cause.code))

const failed = ({ file }: Module, reason: string) => new PipelineLoadFailed({ file, reason })

const keptLines = 12

const reasonOf = (cause: unknown): string =>
  (cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)).split("\n").slice(0, keptLines).join("\n")
