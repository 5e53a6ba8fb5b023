/** One version of a pipeline: its module is imported, its warm state built, its requests handled. */
import { pathToFileURL } from "node:url"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Scope from "effect/Scope"
import type { Source } from "../Bundle/Contract.js"
import type {
  PipelineExportInvalid,
  PipelineExportNotFound,
  PipelineSchemaUnsupported
} from "../Errors/Descriptions.js"
import { PipelineLoadFailed } from "../Errors/Pipelines.js"
import type { StoreError } from "../Errors/Stores.js"
import { choose } from "../Server/Entrypoint.js"
import type { Handler } from "../Server/Http/HttpServer.js"
import type { NodeServer } from "../Server/Http/NodeServer.js"
import * as RequestHandler from "../Server/Http/RequestHandler.js"
import * as Liveness from "../Server/Liveness/Liveness.js"
import * as ServiceRuntime from "../Server/Process/ServiceRuntime.js"
import * as ServerSettings from "../Server/ServerSettings.js"
import * as Spec from "../Snapshot/Spec.js"
import type { Ids } from "../Store/Ids.js"
import type { RunStore } from "../Store/RunStore.js"

export interface Version {
  readonly handler: Handler
  /** Lets a thread answer health at a server while a step computes, until this version has ended. */
  readonly stayLive: (server: NodeServer) => Effect.Effect<void>
  /** Finishes the runs in progress and releases the warm state that no other version uses. */
  readonly end: Effect.Effect<void>
}

/** The failures of a version. */
export type VersionError =
  | PipelineLoadFailed
  | PipelineExportNotFound
  | PipelineExportInvalid
  | PipelineSchemaUnsupported
  | ServerSettings.ServerInvalidSettings
  | ServiceRuntime.WarmUpFailed
  | StoreError

export interface Options {
  readonly source: Source
  /** The file that Node imports. */
  readonly main: string
  readonly port: number
  readonly generation: number
  /** Layers that it has built already are shared, and not built again. */
  readonly memoMap: Layer.MemoMap
}

/** Starts a version. A failed start leaves nothing. */
export const start = (options: Options): Effect.Effect<Version, VersionError, RunStore | Ids> =>
  Effect.gen(function* () {
    const { generation, main, memoMap, port, source } = options
    const module = yield* load(source.file, main)
    const { pipeline } = yield* choose({ module, exportName: source.export, file: source.file })
    yield* Spec.compile(pipeline)
    const serving = { ...pipeline.settings, drainTimeoutMillis: drainMillis }
    const manifest = yield* ServerSettings.manifest(pipeline, { generation, port, serving })
    const scope = yield* Scope.make()
    return yield* Effect.gen(function* () {
      const { drain, services, warmUp } = yield* ServiceRuntime.make(pipeline, manifest, { memoMap })
      yield* warmUp
      const handler = yield* Effect.provide(RequestHandler.make, services)
      const stayLive = (server: NodeServer) =>
        Liveness.start(server).pipe(
          Effect.delay(Liveness.delay),
          Effect.provide(Context.add(services, Scope.Scope, scope)),
          Logger.withMinimumLogLevel(LogLevel.Warning),
          Effect.interruptible,
          Effect.forkIn(scope),
          Effect.asVoid
        )
      return { handler, stayLive, end: Effect.zipRight(inOwnFiber(drain()), Scope.close(scope, Exit.void)) }
    }).pipe(
      Scope.extend(scope),
      Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause)))
    )
  }).pipe(Effect.map(({ end, ...version }) => ({ ...version, end: Logger.withMinimumLogLevel(end, LogLevel.Warning) })))

// internal

const drainMillis = 2_000

/** A finalizer is uninterruptible, and in it the deadlines of a drain would never end. */
const inOwnFiber = (effect: Effect.Effect<void>): Effect.Effect<void> =>
  Effect.flatMap(Effect.forkDaemon(Effect.interruptible(effect)), Fiber.join)

const load = (file: string, main: string): Effect.Effect<Readonly<Record<string, unknown>>, PipelineLoadFailed> =>
  Effect.tryPromise({
    try: (): Promise<Record<string, unknown>> => import(/* @vite-ignore */ pathToFileURL(main).href),
    catch: (cause) =>
      new PipelineLoadFailed({ file, reason: cause instanceof Error ? (cause.stack ?? cause.message) : String(cause) })
  })
