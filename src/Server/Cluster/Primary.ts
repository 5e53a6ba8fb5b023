/**
 * The primary process of a service with several workers. It owns the port, the endpoint file, the log and the signals, and
 * runs no pipeline. Workers reach each other through it.
 */
import type { PlatformError } from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import { type Endpoint, exitCodes, type Manifest } from "../../Contract/Manifest.js"
import type { StoreError } from "../../Errors/Stores.js"
import * as Settings from "../../Settings/Serving.js"
import { RunStore } from "../../Store/RunStore.js"
import * as NodeServer from "../Http/NodeServer.js"
import * as Door from "../Process/Door.js"
import * as EndpointFile from "../Process/EndpointFile.js"
import * as LogRotation from "../Process/LogRotation.js"
import * as Serve from "../Process/Serve.js"
import { Signals } from "../Process/Signals.js"
import * as ProcessStats from "../Run/Metrics/ProcessStats.js"
import * as RunIndexAllocator from "../Run/Records/RunIndexAllocator.js"
import * as DoorConnections from "./DoorConnections.js"
import * as DoorSocket from "./DoorSocket.js"
import * as RequestRouter from "./RequestRouter.js"
import type { Spawner } from "./Spawner.js"
import * as Supervisor from "./Supervisor.js"
import type { WorkerFailed } from "./WorkerHandle.js"
import * as WorkerLimits from "./WorkerLimits.js"
import * as WorkerRegistry from "./WorkerRegistry.js"

/**
 * Serves a manifest with workers until {@link Signals} ends the service, and returns the exit code of the process.
 *
 * **Details**
 *
 * Every worker builds its warm state and listens before the endpoint file is written. A service that stands by for its
 * port writes the file before that, too. A worker that fails at the start of the service fails the service. A worker that
 * ends later is replaced.
 *
 * @param storeOf the run store of a slot; slot 0 is the service itself
 */
export const run = (
  manifest: Manifest,
  storeOf: (slot: number) => Layer.Layer<RunStore, StoreError>
): Effect.Effect<
  number,
  NodeServer.ListenFailed | StoreError | WorkerFailed | PlatformError,
  Signals | Spawner | FileSystem.FileSystem
> =>
  Effect.gen(function* () {
    const { ending } = yield* Signals
    if (manifest.log !== undefined) yield* Effect.forkScoped(LogRotation.keep(manifest.log))
    yield* Door.clear(manifest)
    const connections = DoorConnections.make()
    const supervision = yield* supervise(manifest, storeOf, connections)
    const door = yield* DoorSocket.make(connections, supervision.leave)
    const opened = yield* Effect.raceFirst(
      Effect.map(ending, Either.left),
      Effect.map(open(manifest, supervision), Either.right)
    ).pipe(Effect.tapError(({ message }) => supervision.drain({ reason: message, exitCode: exitCodes.startFailed })))
    if (Either.isLeft(opened)) {
      yield* supervision.drain(opened.left)
      return opened.left.exitCode
    }
    yield* Effect.forkScoped(Door.keepOpen(manifest))
    const serving = Effect.zipRight(Door.follow(manifest, door), supervision.keep(opened.right), { concurrent: true })
    const { exitCode, reason } = yield* Effect.raceFirst(ending, serving).pipe(
      Effect.tapError((failed) =>
        supervision.drain({ exitCode: Serve.exitCodeOf(failed), reason: "the end of another worker" })
      )
    )
    yield* Effect.logInfo(`Stopping on ${reason}.`)
    if (yield* Door.hasSuccessor(manifest)) yield* door.leave
    yield* supervision.drain({ exitCode, reason })
    return exitCode
  }).pipe(Effect.scoped)

// internal

/** The time a process has after the drain timeout to interrupt runs, store records and release the warm state. */
const drainAllowance = Duration.seconds(10)

const supervise = (
  manifest: Manifest,
  storeOf: (slot: number) => Layer.Layer<RunStore, StoreError>,
  connections: DoorConnections.DoorConnections
) =>
  Effect.gen(function* () {
    const { drainDelayMillis = 0, serving } = manifest
    const slots = WorkerLimits.slots(Settings.workersOf(serving))
    const recover = (slot: number) => Effect.provide(recoverRuns, storeOf(slot))
    const store = Context.get(yield* Layer.build(storeOf(0)), RunStore)
    yield* Effect.forEach([0, ...slots], recover, { discard: true })
    const atStart = yield* store.lastIndex
    const registry = WorkerRegistry.make()
    const router = yield* RequestRouter.make({
      registry,
      meter: Context.get(yield* Layer.build(ProcessStats.layer), ProcessStats.ProcessMeter),
      block: yield* RunIndexAllocator.blocks(Effect.orElseSucceed(store.lastIndex, () => atStart))
    })
    return yield* Supervisor.make({
      slots,
      connections,
      registry,
      router,
      recover: (slot) =>
        Effect.catchAll(recover(slot), (error) =>
          Effect.logWarning(`The runs of worker ${slot} could not be marked as lost: ${error.message}`)
        ),
      drainLimit: Duration.sum(Duration.millis(drainDelayMillis + serving.drainTimeoutMillis), drainAllowance)
    })
  })

const recoverRuns = Effect.flatMap(RunStore, ({ markLost }) =>
  Effect.flatMap(markLost, (lost) =>
    lost === 0 ? Effect.void : Effect.logWarning(`${lost} runs of a process that died were marked as lost.`)
  )
)

/** Starts all workers and waits until they listen. */
const open = (manifest: Manifest, { listen, start }: Supervisor.Supervisor) =>
  Effect.gen(function* () {
    const { deployment, endpointFile, generation } = manifest
    const tell = (where: Pick<Endpoint, "host" | "port" | "standsBy">) =>
      EndpointFile.write(endpointFile, { pid: process.pid, generation, ...where })
    const standsBy = manifest.listen.standbyMillis !== undefined
    if (!standsBy) yield* reserve(manifest.listen)
    yield* start
    if (standsBy) {
      yield* tell({ host: manifest.listen.host, port: manifest.listen.port ?? 0, standsBy: true })
      yield* Effect.logInfo(`${deployment.name} is ready and waits for its port.`)
    }
    const address = yield* reserve(manifest.listen)
    yield* listen(address)
    yield* tell(address)
    yield* Effect.logInfo(`${deployment.name} listens on ${Serve.urlOf(address)}.`)
    yield* Effect.logInfo(`${deployment.name} is ready.`)
    return address
  })

/**
 * Finds the port as the manifest says and releases it for the workers. Workers that listen on the same address share it;
 * a worker must not wait for a port or choose another one.
 */
const reserve = (listen: Manifest["listen"]) =>
  Effect.scoped(
    Effect.map(
      NodeServer.listen((_, response) => response.destroy(), listen),
      ({ host, port }) => ({ host, port })
    )
  )
