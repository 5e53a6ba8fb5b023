/**
 * The program of a bundle: `describe` prints the pipeline, `serve MANIFEST` serves it, `rehearse MANIFEST` starts once
 * without it. Only this module uses arguments, standard output and exit codes.
 */
import { fileURLToPath } from "node:url"
import * as V8 from "node:v8"
import * as FileSystem from "@effect/platform/FileSystem"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Schema from "effect/Schema"
import { exitCodes, Manifest, publishedPortVariable } from "../Contract/Manifest.js"
import { PipelineExportInvalid, PipelineExportNotFound } from "../Errors/Descriptions.js"
import { StoreError } from "../Errors/Stores.js"
import * as Pipeline from "../Pipeline.js"
import * as Settings from "../Settings/Serving.js"
import { compile, Description } from "../Snapshot/Spec.js"
import * as Ids from "../Store/Ids.js"
import type { RunStore } from "../Store/RunStore.js"
import * as RunStoreSeries from "../Store/Runs/RunStoreSeries.js"
import * as Runs from "../Store/Runs.js"
import * as ClusterSpawner from "./Cluster/ClusterSpawner.js"
import * as Primary from "./Cluster/Primary.js"
import * as Worker from "./Cluster/Worker.js"
import * as WorkerChannel from "./Cluster/WorkerChannel.js"
import * as WorkerLimits from "./Cluster/WorkerLimits.js"
import * as CheckRecord from "./Process/CheckRecord.js"
import * as CodeCacheWarmup from "./Process/CodeCacheWarmup.js"
import * as ConsoleRecords from "./Process/ConsoleRecords.js"
import * as ExitFile from "./Process/ExitFile.js"
import * as Log from "./Process/Log.js"
import * as LogLevels from "./Process/LogLevels.js"
import * as LogLine from "./Process/LogLine.js"
import * as Secrets from "./Process/Secrets.js"
import * as Serve from "./Process/Serve.js"
import * as Signals from "./Process/Signals.js"
import * as SourceMaps from "./Process/SourceMaps.js"
import * as RunFailures from "./Run/Execution/RunFailures.js"

/**
 * The module and the export of a pipeline.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  readonly module: Readonly<Record<string, unknown>>
  /** The name of the export; default the module's only pipeline. */
  readonly exportName?: string | undefined
  /** The file of the module, for messages. */
  readonly file: string
  /** The run store of a service with the setting `runStoreSecret`; a bundle without the client of PostgreSQL has none. */
  readonly runStoreOf?: ((place: RunStorePlace) => Layer.Layer<RunStore, StoreError>) | undefined
}

/**
 * The place of a process in its service, for its run store.
 *
 * @category models
 * @since 0.2.0
 */
export interface RunStorePlace {
  readonly manifest: Manifest
  /** The number of the worker; 0 for a service of one process. */
  readonly slot: number
  /** The name of the secret with the URL. */
  readonly secret: string
}

/**
 * The manifest cannot be read or is not one.
 *
 * @category errors
 * @since 0.1.0
 */
export class ManifestInvalid extends Schema.TaggedError<ManifestInvalid>()("ManifestInvalid", {
  file: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `The manifest ${this.file} cannot be used: ${this.reason}`
  }
}

/**
 * The pipeline of a module and the name of its export.
 *
 * @category accessors
 * @since 0.1.0
 */
export const choose = (
  options: Options
): Effect.Effect<
  { readonly pipeline: Pipeline.Any; readonly export: string },
  PipelineExportNotFound | PipelineExportInvalid
> => {
  const { exportName, file, module } = options
  const pipelines = pipelinesOf(module)
  const names = [...pipelines.values()]
  if (exportName === undefined) {
    const [only, another] = outermost(pipelines)
    return only !== undefined && another === undefined
      ? Effect.succeed({ pipeline: only[0], export: only[1] })
      : Effect.fail(new PipelineExportNotFound({ file, pipelines: names }))
  }
  if (!Object.hasOwn(module, exportName)) {
    return Effect.fail(new PipelineExportNotFound({ file, export: exportName, pipelines: names }))
  }
  const value = module[exportName]
  return Pipeline.isPipeline(value)
    ? Effect.succeed({ pipeline: value, export: exportName })
    : Effect.fail(new PipelineExportInvalid({ file, export: exportName, found: kindOf(value) }))
}

/**
 * The line that `describe` prints: the description of the pipeline, or the reason that there is none.
 *
 * @category running
 * @since 0.1.0
 */
export const describe = (options: Options): Effect.Effect<string> =>
  choose(options).pipe(
    Effect.flatMap(({ export: name, pipeline }) =>
      Effect.map(compile(pipeline), (spec): Description => ({ _tag: "Described", export: name, spec }))
    ),
    Effect.catchAll((error) => Effect.succeed<Description>(error)),
    Effect.map((description) => JSON.stringify(Schema.encodeSync(Description)(description)))
  )

/**
 * Serves the pipeline of a manifest file and returns the exit code of the process. Errors are logged.
 *
 * @category running
 * @since 0.1.0
 */
export const serve = (options: Options, manifestFile: string): Effect.Effect<number> =>
  Effect.gen(function* () {
    const manifest = yield* readManifest(manifestFile)
    LogLine.setMaxBytes(manifest.serving.maxLogLineBytes)
    yield* ExitFile.atExit(manifest)
    const { pipeline } = yield* choose(options)
    const atLevel = LogLevels.at(manifest.serving)
    if (Settings.workersOf(manifest.serving) > 1) {
      return yield* atLevel(
        Effect.provide(
          withSecrets(
            manifest,
            Primary.run(manifest, (slot) => runStoreOf(options, manifest, slot))
          ),
          ClusterSpawner.layer(manifestFile)
        )
      )
    }
    return yield* atLevel(
      withSecrets(manifest, Effect.provide(Serve.run(pipeline, manifest), runStoreOf(options, manifest)))
    )
  }).pipe(
    Effect.catchAll((error) => Effect.as(Effect.logFatal(error.message), exitCodeOf(error))),
    Effect.catchAllCause((cause) => Effect.as(Effect.logFatal(RunFailures.render(cause)), exitCodes.startFailed)),
    Effect.provide(Layer.mergeAll(NodeFileSystem.layer, Ids.layer, Signals.layer))
  )

/**
 * Serves as one of the workers of a manifest and returns the exit code of the process. Errors are sent to the primary.
 *
 * @category running
 * @since 0.1.0
 */
export const work = (
  options: Options,
  manifestFile: string,
  { channel, ...role }: Worker.Role & { readonly channel: WorkerChannel.Channel }
): Effect.Effect<number> =>
  Effect.flatMap(WorkerChannel.WorkerChannel, (link) => {
    const fail = (message: string, exitCode: number) =>
      Effect.as(link.send({ _tag: "Failed", message, exitCode }), exitCode)
    return Effect.gen(function* () {
      const manifest = yield* readManifest(manifestFile)
      LogLine.setMaxBytes(manifest.serving.maxLogLineBytes)
      const { pipeline } = yield* choose(options)
      const served = Effect.provide(Worker.run(pipeline, manifest, role), runStoreOf(options, manifest, role.slot))
      return yield* LogLevels.at(manifest.serving)(withSecrets(manifest, served))
    }).pipe(
      Effect.catchAll((error) => fail(error.message, exitCodeOf(error))),
      Effect.catchAllCause((cause) => fail(RunFailures.render(cause), exitCodes.startFailed)),
      Effect.provide(Layer.mergeAll(NodeFileSystem.layer, Ids.layer, Signals.layerTold(link.told)))
    )
  }).pipe(Effect.provide(WorkerChannel.layer(channel)))

/**
 * Serves a pipeline of the library with a manifest file, calls it once, and returns the exit code of the process. Errors
 * are logged.
 *
 * @category running
 * @since 0.1.0
 */
export const rehearse = (manifestFile: string): Effect.Effect<number> =>
  Effect.flatMap(readManifest(manifestFile), (manifest) =>
    Effect.provide(CodeCacheWarmup.run(manifest), fileStoreOf(manifest))
  ).pipe(
    Effect.as(0),
    Effect.catchAllCause((cause) => Effect.as(Effect.logFatal(RunFailures.render(cause)), exitCodes.startFailed)),
    Effect.provide(Layer.mergeAll(NodeFileSystem.layer, Ids.layer))
  )

/**
 * Runs the command of the process's arguments and ends the process. Only its user can read the files it makes.
 *
 * @category running
 * @since 0.1.0
 */
export const main = (options: Options): void => {
  process.umask(0o077)
  keepInspectorClosed()
  const [command, manifestFile, ...rest] = process.argv.slice(2)
  const role = command === "work" ? roleOf(rest) : undefined
  if (command === "describe") print(describe(options))
  else if (command === "serve" && manifestFile !== undefined) runServe(serve(options, manifestFile))
  else if (command === "rehearse" && manifestFile !== undefined) runLogged(rehearse(manifestFile))
  else if (role !== undefined && manifestFile !== undefined) runServe(work(options, manifestFile, role))
  else {
    process.stderr.write("Usage: main.mjs describe | main.mjs serve MANIFEST\n")
    process.exitCode = 2
  }
}

// internal

const print = (line: Effect.Effect<string>): void => {
  Effect.runFork(
    Effect.map(line, (text) => {
      process.stdout.write(`${text}\n`, () => process.exit(0))
    })
  )
}

/**
 * Lets V8 collect old objects when the heap has doubled, not when it has quadrupled. Under load that takes a seventh less
 * memory and no more processor time. The flag is set in the process: with a flag on the command line Node compiles its own
 * modules again at every start.
 */
const collectEarly: Effect.Effect<void> = Effect.sync(() => V8.setFlagsFromString("--heap-growing-percent=100"))

/** Node opens an inspector at SIGUSR1, which reads the key out of the memory of the process, unless a listener has the signal. */
const keepInspectorClosed = (): void => void process.on("SIGUSR1", () => {})

const runServe = (program: Effect.Effect<number>): void => {
  surviveFullDisk()
  runLogged(Effect.zipRight(collectEarly, program))
}

/** A log line that does not fit on a full disk is lost. Without a listener the failed write would end the process. */
const surviveFullDisk = (): void => {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {})
}

/** Within a bundle the URL of this module is the URL of the program. */
const runLogged = (program: Effect.Effect<number>): void => {
  const { stderr, stdout } = process
  const map = SourceMaps.make(fileURLToPath(import.meta.url))
  const logger = Logger.map(Log.logger, map)
  const write = ConsoleRecords.install({ stdout, stderr, console, nowMillis: Date.now, logger })
  const log = Log.layerWrite((line) => write(map(line)))
  Effect.runFork(Effect.map(Effect.provide(program, log), (exitCode) => process.exit(exitCode)))
}

const pipelinesOf = (module: Options["module"]): ReadonlyMap<Pipeline.Any, string> => {
  const found = new Map<Pipeline.Any, string>()
  for (const [name, value] of Object.entries(module)) {
    if (Pipeline.isPipeline(value) && (name !== "default" || !found.has(value))) found.set(value, name)
  }
  return found
}

/** A module may export a group and its pipelines: the group is what it deploys. */
const outermost = (pipelines: ReadonlyMap<Pipeline.Any, string>) => {
  const inGroups = new Set(
    [...pipelines.keys()].flatMap(({ app }) =>
      (app?.parts ?? []).flatMap((part): ReadonlyArray<unknown> => (part._tag === "Member" ? [part.pipeline] : []))
    )
  )
  return [...pipelines].filter(([pipeline]) => !inGroups.has(pipeline))
}

const kindOf = (value: unknown): string => {
  if (value === null || value === undefined) return String(value)
  if (Array.isArray(value)) return "a list"
  return typeof value === "object" ? "an object" : `a ${typeof value}`
}

/** Only a primary starts workers, and it gives them a channel. */
const roleOf = ([slot, startedAt]: ReadonlyArray<string>) => {
  const channel = WorkerChannel.ofProcess()
  return channel === undefined ? undefined : { slot: Number(slot), startedAtMillis: Number(startedAt), channel }
}

const runStoreOf = (options: Options, manifest: Manifest, slot = 0): Layer.Layer<RunStore, StoreError> => {
  const { recording, runStoreSecret: secret } = manifest.serving
  if (recording === "none" || secret === undefined) return fileStoreOf(manifest, slot)
  return options.runStoreOf === undefined
    ? Layer.fail(new StoreError({ store: "runs", operation: "open", reason: "misconfigured", advice: withoutClient }))
    : options.runStoreOf({ manifest, slot, secret })
}

const withoutClient =
  "the setting runStoreSecret names a database, and the bundle was made without the client of PostgreSQL; deploy from the file with --run-store-secret or --postgres"

const fileStoreOf = ({ generation, runStore, serving }: Manifest, slot = 0) =>
  serving.recording === "none"
    ? Runs.layerNone
    : RunStoreSeries.layer(runStore, {
        generation: WorkerLimits.ownerOf(generation, slot),
        isRelaxed: serving.recording === "relaxed"
      })

const withSecrets = <A, E, R>({ secretsDirectory }: Manifest, effect: Effect.Effect<A, E, R>) =>
  Effect.flatMap(Secrets.configProvider(secretsDirectory), (provider) => Effect.withConfigProvider(effect, provider))

const exitCodeOf = (error: Parameters<typeof Serve.exitCodeOf>[0]): number =>
  error._tag === "ManifestInvalid" ? exitCodes.badManifest : Serve.exitCodeOf(error)

const readManifest = (file: string): Effect.Effect<Manifest, ManifestInvalid, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readFileString(file)).pipe(
    Effect.flatMap(Schema.decode(Schema.parseJson(Manifest))),
    Effect.mapError((error) => new ManifestInvalid({ file, reason: error.message })),
    Effect.map(atPublishedPort),
    Effect.flatMap(CheckRecord.withoutPassed)
  )

const atPublishedPort = (manifest: Manifest): Manifest => {
  const port = Number(process.env[publishedPortVariable])
  return Number.isInteger(port) && port > 0 ? { ...manifest, publishedPort: port } : manifest
}
