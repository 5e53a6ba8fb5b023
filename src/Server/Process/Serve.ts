/**
 * Serves a pipeline: builds its warm state, listens, takes runs, and drains when told to end.
 *
 * @since 0.1.0
 */
import type { PlatformError } from "@effect/platform/Error"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { type Endpoint, exitCodes, type Manifest } from "../../Contract/Manifest.js"
import type { StoreError } from "../../Errors/Stores.js"
import type * as Pipeline from "../../Pipeline.js"
import * as Settings from "../../Settings/Serving.js"
import * as Spec from "../../Snapshot/Spec.js"
import * as Ids from "../../Store/Ids.js"
import type { RunStore } from "../../Store/RunStore.js"
import * as Fleet from "../Cluster/Service.js"
import * as ThisProcess from "../Cluster/ThisProcess.js"
import { digest } from "../Http/BearerAuth.js"
import * as NodeServer from "../Http/NodeServer.js"
import * as RequestHandler from "../Http/RequestHandler.js"
import * as CancellationPoller from "../Run/CancellationPoller.js"
import * as Invocation from "../Run/Invocation.js"
import * as Retention from "../Run/Retention.js"
import * as RunFailures from "../Run/RunFailures.js"
import * as RunRecorder from "../Run/RunRecorder.js"
import { drain } from "./Drain.js"
import * as EndpointFile from "./EndpointFile.js"
import * as Lifecycle from "./Lifecycle.js"
import * as LogRotation from "./LogRotation.js"
import * as Metrics from "./Metrics.js"
import * as ProcessStats from "./ProcessStats.js"
import { ServiceInfo } from "./ServiceInfo.js"
import { Signals } from "./Signals.js"

export { type Address, ListenFailed } from "../Http/NodeServer.js"

/**
 * The warm state of a pipeline could not be built, so it cannot be served.
 *
 * @category errors
 * @since 0.1.0
 */
export class WarmUpFailed extends Schema.TaggedError<WarmUpFailed>()("WarmUpFailed", {
  pipeline: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `The warm state of pipeline "${this.pipeline}" could not be built: ${this.reason}`
  }
}

/**
 * A service that listens.
 *
 * @category services
 * @since 0.1.0
 */
export class Served extends Context.Tag("effect-deployers/Server/Served")<
  Served,
  {
    /** Where it answers, without a trailing slash. */
    readonly url: string
    readonly host: string
    readonly port: number
    /** Builds the warm state in the scope of the service; from then on runs are taken. */
    readonly warmUp: Effect.Effect<void, WarmUpFailed>
    /** Ends taking runs; done when nothing is left to do. */
    readonly drain: Effect.Effect<void>
  }
>() {}

/**
 * How a service is made when it is not the only process, or does something before it listens.
 *
 * @category models
 * @since 0.1.0
 */
export interface MakeOptions<E, R> {
  /**
   * What to do before it listens, with the means to build the warm state by then, and where to listen then; default
   * nothing, and where the manifest says.
   */
  readonly before?: (warmUp: Context.Tag.Service<Served>["warmUp"]) => Effect.Effect<NodeServer.Address, E, R>
  /** What it knows of the other processes of the service; default that there are none. */
  readonly fleet?: Layer.Layer<Fleet.Service, never, ThisProcess.ThisProcess>
  /** When the service started; default now. */
  readonly startedAt?: DateTime.Utc
}

/**
 * Listens for a pipeline, until the scope closes. Runs are refused until {@link Served} `warmUp` succeeded.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <E = never, R = never>(
  pipeline: Pipeline.Any,
  manifest: Manifest,
  options: MakeOptions<E, R> = {}
): Effect.Effect<
  Context.Tag.Service<Served>,
  NodeServer.ListenFailed | StoreError | E,
  RunStore | Ids.Ids | Scope.Scope | R
> =>
  Effect.gen(function* () {
    const scope = yield* Effect.scope
    const services = yield* Layer.build(runtimeLayer(pipeline, manifest, options))
    const handler = yield* Effect.provide(RequestHandler.make, services)
    if (manifest.serving.recording !== "none") {
      yield* Effect.provide(CancellationPoller.keepLooking, services)
      yield* Retention.keepLooking(manifest.serving)
    }
    const lifecycle = Context.get(services, Lifecycle.Lifecycle)
    const invocation = Context.get(services, Invocation.Invocation)
    const warmUp = yield* Effect.cached(warming(pipeline, scope, invocation, lifecycle))
    const address = options.before === undefined ? manifest.listen : yield* options.before(warmUp)
    const server = yield* NodeServer.listen(handler, address)
    return {
      url: urlOf(server),
      host: server.host,
      port: server.port,
      warmUp,
      drain: Effect.provide(drain(server), services)
    }
  })

/**
 * Serves a pipeline as the manifest says until {@link Signals} tell to end, and answers the exit code of the process.
 *
 * **Details**
 *
 * The endpoint file is written as soon as the port is open; health says `live` until the warm state is built, and
 * `ready` from then on. A service that stands by builds its warm state first, and writes the file before, too.
 *
 * @param whenReady What to do once runs are taken; default nothing. Its failure ends the service.
 *
 * @category running
 * @since 0.1.0
 */
export const run = <E = never, R = never>(
  pipeline: Pipeline.Any,
  manifest: Manifest,
  whenReady: (served: Context.Tag.Service<Served>) => Effect.Effect<void, E, R> = () => Effect.void
): Effect.Effect<
  number,
  NodeServer.ListenFailed | StoreError | WarmUpFailed | PlatformError | E,
  RunStore | Ids.Ids | Signals | FileSystem.FileSystem | R
> =>
  Effect.scoped(
    Effect.gen(function* () {
      if (manifest.log !== undefined) yield* Effect.forkScoped(LogRotation.keep(manifest.log))
      return yield* untilTold(open(pipeline, manifest), (served) =>
        Effect.all([served.warmUp, Effect.logInfo(`${manifest.deployment.name} is ready.`), whenReady(served)], {
          discard: true
        })
      )
    })
  )

/**
 * Opens a service, serves until {@link Signals} tell to end, drains it, and answers the exit code of the process.
 *
 * @category running
 * @since 0.1.0
 */
export const untilTold = <E, R, E2, R2>(
  open: Effect.Effect<Context.Tag.Service<Served>, E, R>,
  whenOpen: (served: Context.Tag.Service<Served>) => Effect.Effect<void, E2, R2>
): Effect.Effect<number, E | E2, R | R2 | Signals> =>
  Effect.gen(function* () {
    const { ending } = yield* Signals
    const opened = yield* Effect.raceFirst(Effect.map(ending, Either.left), Effect.map(open, Either.right))
    if (Either.isLeft(opened)) return opened.left.exitCode
    const served = opened.right
    const { exitCode, reason } = yield* Effect.raceFirst(ending, Effect.zipRight(whenOpen(served), Effect.never))
    yield* Effect.logInfo(`Told to end by ${reason}.`)
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
 * A manifest for serving in this process: loopback, a port the system chooses.
 *
 * @category constructors
 * @since 0.1.0
 */
export const manifestTest = (
  pipeline: Pipeline.Any,
  options?: { readonly serving?: Settings.ServingInput | undefined; readonly key?: string | undefined }
): Manifest => ({
  formatVersion: 1,
  deployment: { id: "00000000-0000-7000-8000-00000000d000", name: "test" },
  generation: 1,
  snapshot: {
    id: "00000000-0000-7000-8000-00000000e000",
    pipelineName: pipeline.name,
    version: 1,
    digest: "0".repeat(64)
  },
  serving: Schema.decodeSync(Settings.Serving)({ ...pipeline.settings, ...options?.serving }),
  listen: { host: "127.0.0.1", fallback: true },
  authKeyDigests: options?.key === undefined ? [] : [digest(options.key)],
  runStore: ":memory:",
  endpointFile: "endpoint.json"
})

/**
 * Serves a pipeline in this process on a port the system chooses, and gives an `HttpClient` whose requests go there,
 * with the key if there is one. What an HTTP test of a pipeline needs.
 *
 * @category testing
 * @since 0.1.0
 */
export const layerTest = (
  pipeline: Pipeline.Any,
  options?: { readonly serving?: Settings.ServingInput | undefined; readonly key?: string | undefined }
): Layer.Layer<Served | HttpClient.HttpClient, NodeServer.ListenFailed | StoreError | WarmUpFailed, RunStore> => {
  const served = Layer.scoped(
    Served,
    Effect.tap(make(pipeline, manifestTest(pipeline, options)), ({ warmUp }) => warmUp)
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

/** Listens, and says where in the endpoint file; if it is to stand by, with everything ready before. */
const open = (pipeline: Pipeline.Any, manifest: Manifest) =>
  Effect.gen(function* () {
    const { deployment, endpointFile, generation, listen } = manifest
    const tell = (where: Pick<Endpoint, "host" | "port" | "standsBy">) =>
      EndpointFile.write(endpointFile, { pid: process.pid, generation, ...where })
    const served = yield* make(pipeline, manifest, {
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

const warming = (
  pipeline: Pipeline.Any,
  scope: Scope.Scope,
  { warm }: Context.Tag.Service<Invocation.Invocation>,
  { ready }: Context.Tag.Service<Lifecycle.Lifecycle>
): Effect.Effect<void, WarmUpFailed> =>
  Layer.buildWithScope(pipeline.layer, scope).pipe(
    Effect.catchAllCause((cause) =>
      Cause.isInterruptedOnly(cause)
        ? Effect.interrupt
        : Effect.fail(new WarmUpFailed({ pipeline: pipeline.name, reason: RunFailures.render(cause) }))
    ),
    Effect.flatMap(warm),
    Effect.zipRight(ready)
  )

const runtimeLayer = (
  pipeline: Pipeline.Any,
  manifest: Manifest,
  { fleet = Fleet.layerAlone, startedAt }: Pick<MakeOptions<never, never>, "fleet" | "startedAt">
) => {
  const { deployment, snapshot } = manifest
  const identity = {
    deploymentId: deployment.id,
    deploymentName: deployment.name,
    snapshotId: snapshot.id,
    snapshotName: `${snapshot.pipelineName}@${snapshot.version}`
  }
  const deployed = Layer.effect(
    ServiceInfo,
    Effect.map(DateTime.now, (now) => ({
      manifest,
      pipeline,
      spec: Spec.compile(pipeline),
      startedAt: startedAt ?? now
    }))
  )
  const invocation = Layer.effect(
    Invocation.Invocation,
    Invocation.make(pipeline, { identity, serving: manifest.serving })
  )
  const recorder = manifest.serving.recording === "none" ? RunRecorder.layerNone : RunRecorder.layer
  const base = Layer.mergeAll(deployed, Lifecycle.layer, Metrics.layer, ProcessStats.layer, recorder)
  const local = Layer.provideMerge(ThisProcess.layer, Layer.provideMerge(invocation, base))
  return Layer.provideMerge(fleet, local)
}
