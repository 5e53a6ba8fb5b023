/** Serves a pipeline: builds its warm state, listens, accepts runs, and drains at the end. */
import type { PlatformError } from "@effect/platform/Error"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import { type Endpoint, exitCodes, type Manifest } from "../../Contract/Manifest.js"
import type { StoreError } from "../../Errors/Stores.js"
import type * as Pipeline from "../../Pipeline.js"
import type * as Settings from "../../Settings/Serving.js"
import * as Ids from "../../Store/Ids.js"
import type { RunStore } from "../../Store/RunStore.js"
import * as HttpServer from "../Http/HttpServer.js"
import * as NodeServer from "../Http/NodeServer.js"
import * as RequestHandler from "../Http/RequestHandler.js"
import * as Liveness from "../Liveness/Liveness.js"
import { Invocation } from "../Run/Invocation.js"
import * as ServerSettings from "../ServerSettings.js"
import * as Check from "./Check.js"
import * as Door from "./Door.js"
import * as EndpointFile from "./EndpointFile.js"
import * as LogLevels from "./LogLevels.js"
import * as LogRotation from "./LogRotation.js"
import * as ServiceRuntime from "./ServiceRuntime.js"
import { Signals, type UncaughtErrors } from "./Signals.js"

export { type Address, ListenFailed } from "../Http/NodeServer.js"
export { CheckFailed } from "./Check.js"
export { WarmUpFailed } from "./ServiceRuntime.js"

/**
 * A service that listens.
 *
 * @category services
 * @since 0.1.0
 */
export class Served extends Context.Tag("effect-deployers/Server/Served")<
  Served,
  {
    /** The URL of the service, without a trailing slash. */
    readonly url: string
    readonly host: string
    readonly port: number
    /** Builds the warm state in the scope of the service, which accepts runs afterwards. */
    readonly warmUp: Effect.Effect<void, ServiceRuntime.WarmUpFailed>
    /**
     * Refuses new runs, answers every other request as the last one of its connection, and ends when every run is answered
     * and stored.
     */
    readonly drain: Effect.Effect<void>
  }
>() {}

/**
 * Options of a service that is not the only process, or that does something before it listens.
 *
 * @category models
 * @since 0.1.0
 */
export interface MakeOptions<E, R, C = never> extends ServiceRuntime.Options<C> {
  /** Runs before the service listens, and returns the address; default the address of the manifest. */
  readonly before?: (warmUp: Listening<C>["warmUp"]) => Effect.Effect<NodeServer.Address, E, R>
  /** The processes that accept connections in place of this one when it drains; default none. */
  readonly successor?: ServiceRuntime.HttpSide["successor"]
  /** False for a process whose primary answers requests for health; default true. */
  readonly liveness?: boolean
}

/**
 * A service that listens and has a check with the failures `C`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Listening<C = never> extends Omit<Context.Tag.Service<Served>, "warmUp">, Door.Steered {
  /** Builds the warm state in the scope of the service, and runs the check; the service accepts runs afterwards. */
  readonly warmUp: Effect.Effect<void, ServiceRuntime.WarmUpFailed | C>
  /** Serves a connection of the door that another process has accepted. */
  readonly take: NodeServer.NodeServer["take"]
  /** The handling of uncaught errors while it serves. */
  readonly uncaughtErrors: UncaughtErrors
}

/**
 * Listens until the scope closes. Runs are refused until `warmUp` has succeeded.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <E = never, R = never, C = never>(
  pipeline: Pipeline.Any,
  manifest: Manifest,
  options: MakeOptions<E, R, C> = {}
): Effect.Effect<Listening<C>, NodeServer.ListenFailed | StoreError | E, RunStore | Ids.Ids | Scope.Scope | R> =>
  Effect.gen(function* () {
    const { drain, leave, services, warmUp } = yield* ServiceRuntime.make(pipeline, manifest, options)
    const handler = yield* LogLevels.at(manifest.serving)(Effect.provide(RequestHandler.make, services))
    const address = options.before === undefined ? manifest.listen : yield* options.before(warmUp)
    const server = yield* NodeServer.listen(handler, address, HttpServer.limitsOf(manifest.serving))
    const uncaughtErrors = {
      policy: manifest.serving.onUncaughtError,
      runsInProgress: Context.get(services, Invocation).runsInProgress
    }
    const successor = options.successor ?? Effect.succeed("none")
    const { accept, close, host, left, port, retire, take } = server
    const scope = yield* Effect.scope
    const stayLive = Liveness.start(server).pipe(
      Effect.delay(Liveness.delay),
      Effect.provide(Context.add(services, Scope.Scope, scope)),
      Effect.forkIn(scope),
      Effect.when(() => options.liveness !== false)
    )
    return {
      url: urlOf(server),
      host,
      port,
      warmUp: Effect.zipLeft(warmUp, stayLive),
      uncaughtErrors,
      drain: drain({ close, leave: server.leave, left, retire, successor }),
      accept,
      take,
      leave: Effect.zipRight(leave, server.leave)
    }
  })

/**
 * Serves the pipeline of a manifest until {@link Signals} end it, and returns the exit code of the process.
 *
 * The endpoint file is written as soon as the port is open; health reports `live` until the warm state is built, and
 * `ready` after the check has passed, too. A service that stands by does both first, and writes the file before, too.
 *
 * @param whenReady Runs when the service accepts runs. Its failure ends the service.
 *
 * @category running
 * @since 0.1.0
 */
export const run = <E = never, R = never>(
  pipeline: Pipeline.Any,
  manifest: Manifest,
  whenReady: (served: Listening<Check.CheckFailed>) => Effect.Effect<void, E, R> = () => Effect.void
): Effect.Effect<
  number,
  NodeServer.ListenFailed | StoreError | ServiceRuntime.WarmUpFailed | Check.CheckFailed | PlatformError | E,
  RunStore | Ids.Ids | Signals | FileSystem.FileSystem | R
> =>
  Effect.scoped(
    Effect.gen(function* () {
      if (manifest.log !== undefined) yield* Effect.forkScoped(LogRotation.keep(manifest.log))
      yield* Door.clear(manifest)
      return yield* untilTold(open(pipeline, manifest), (served) =>
        Effect.all(
          [
            served.warmUp,
            Effect.logInfo(`${manifest.deployment.name} is ready.`),
            whenReady(served),
            Effect.all([Door.follow(manifest, served), Door.keepOpen(manifest)], { concurrency: 2, discard: true })
          ],
          { discard: true }
        )
      )
    })
  )

/**
 * Opens a service, serves until {@link Signals} end it, drains it, and returns the exit code of the process.
 *
 * @category running
 * @since 0.1.0
 */
export const untilTold = <E, R, E2, R2, C = never>(
  open: Effect.Effect<Listening<C>, E, R>,
  whenOpen: (served: Listening<C>) => Effect.Effect<void, E2, R2>
): Effect.Effect<number, E | E2, R | R2 | Signals> =>
  Effect.gen(function* () {
    const { ending, handleUncaught } = yield* Signals
    const opened = yield* Effect.raceFirst(Effect.map(ending, Either.left), Effect.map(open, Either.right))
    if (Either.isLeft(opened)) return opened.left.exitCode
    const served = opened.right
    yield* handleUncaught(served.uncaughtErrors)
    const { exitCode, reason } = yield* Effect.raceFirst(ending, Effect.zipRight(whenOpen(served), Effect.never))
    yield* Effect.logInfo(`The service stops: ${reason}.`)
    yield* served.drain
    return exitCode
  })

/**
 * The exit code of a process that could not serve.
 *
 * @category accessors
 * @since 0.1.0
 */
export const exitCodeOf = (error: { readonly _tag: string; readonly exitCode?: number }): number =>
  error.exitCode ?? (error._tag === "ListenFailed" ? exitCodes.portUnavailable : exitCodes.startFailed)

/**
 * The URL of an address that is listened on, without a trailing slash.
 *
 * @category accessors
 * @since 0.1.0
 */
export const urlOf = ({ host, port }: { readonly host: string; readonly port: number }): string =>
  `http://${host.includes(":") ? `[${host}]` : host}:${port}`

/**
 * A manifest for serving in this process: loopback, and a port that the system chooses.
 *
 * @deprecated `Server.manifest` has the same settings and typed errors; `Server.layer` serves without a manifest.
 * @category constructors
 * @since 0.1.0
 */
export const manifestTest = (
  pipeline: Pipeline.Any,
  options: { readonly serving?: Settings.ServingInput | undefined; readonly key?: string | undefined } = {}
): Manifest => {
  const authKeys = options.key === undefined ? [] : [Redacted.make(options.key)]
  const settings = { ...testIdentity, authKeys, serving: options.serving }
  return Effect.runSync(Effect.orDie(ServerSettings.manifest(pipeline, settings)))
}

/**
 * Serves a pipeline in this process on a port that the system chooses, with an `HttpClient` that sends its requests there,
 * with the key if there is one. For HTTP tests of a pipeline.
 *
 * @category testing
 * @since 0.1.0
 */
export const layerTest = (
  pipeline: Pipeline.Any,
  options?: { readonly serving?: Settings.ServingInput | undefined; readonly key?: string | undefined }
): Layer.Layer<
  Served | HttpClient.HttpClient,
  NodeServer.ListenFailed | StoreError | ServiceRuntime.WarmUpFailed,
  RunStore
> => {
  const served = Layer.scoped(
    Served,
    Effect.gen(function* () {
      const served = yield* make(pipeline, manifestTest(pipeline, options))
      yield* served.warmUp
      return served
    })
  )
  const client = Layer.effect(
    HttpClient.HttpClient,
    Effect.gen(function* () {
      const { url } = yield* Served
      const plain = HttpClient.mapRequest(yield* HttpClient.HttpClient, HttpClientRequest.prependUrl(url))
      const { key } = options ?? {}
      return key === undefined ? plain : HttpClient.mapRequest(plain, HttpClientRequest.bearerToken(key))
    })
  )
  return Layer.provideMerge(Layer.provide(client, FetchHttpClient.layer), Layer.provide(served, Ids.layer))
}

// internal

const testIdentity = {
  name: "test",
  deploymentId: "00000000-0000-7000-8000-00000000d000",
  snapshotId: "00000000-0000-7000-8000-00000000e000"
}

const successorOf = (manifest: Manifest) =>
  Effect.map(Effect.context<FileSystem.FileSystem>(), (context) =>
    Effect.map(Effect.provide(Door.hasSuccessor(manifest), context), (has) => (has ? "generation" : "none"))
  )

/** Listens, and writes the address to the endpoint file. A service that stands by is warm before. */
const open = (pipeline: Pipeline.Any, manifest: Manifest) =>
  Effect.gen(function* () {
    const { deployment, endpointFile, generation, listen } = manifest
    const tell = (where: Pick<Endpoint, "host" | "port" | "standsBy">) =>
      EndpointFile.write(endpointFile, { pid: process.pid, generation, ...where })
    const served = yield* make(pipeline, manifest, {
      check: yield* Check.recorded(pipeline, manifest),
      successor: yield* successorOf(manifest),
      before: (warmUp) =>
        listen.standbyMillis === undefined
          ? Effect.succeed(listen)
          : warmUp.pipe(
              Effect.zipRight(tell({ host: listen.host, port: listen.port ?? 0, standsBy: true })),
              Effect.zipRight(Effect.logInfo(`${deployment.name} is ready and waits for its port.`)),
              Effect.as(listen)
            )
    })
    yield* tell({ host: served.host, port: served.port })
    yield* Effect.logInfo(`${deployment.name} listens on ${served.url}.`)
    return served
  })
