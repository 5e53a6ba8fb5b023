/** Two workers in this process, each at a port of its own, that a client asks in turn: what a suite of one process asks. */
import { FetchHttpClient, HttpClient, HttpClientRequest } from "@effect/platform"
import { Effect, Layer, Queue, Scope } from "effect"
import { type Pipeline, Settings } from "effect-deployers"
import { Serve } from "effect-deployers/Server"
import * as DoorConnections from "../../../src/Server/Cluster/DoorConnections.js"
import * as Protocol from "../../../src/Server/Cluster/Protocol.js"
import * as RequestRouter from "../../../src/Server/Cluster/RequestRouter.js"
import * as ServiceFromWorker from "../../../src/Server/Cluster/ServiceFromWorker.js"
import { type Heard, Spawner } from "../../../src/Server/Cluster/Spawner.js"
import * as WorkerChannel from "../../../src/Server/Cluster/WorkerChannel.js"
import * as WorkerHandle from "../../../src/Server/Cluster/WorkerHandle.js"
import * as WorkerLimits from "../../../src/Server/Cluster/WorkerLimits.js"
import * as WorkerRegistry from "../../../src/Server/Cluster/WorkerRegistry.js"
import * as ProcessStats from "../../../src/Server/Run/Metrics/ProcessStats.js"
import * as RunIndexAllocator from "../../../src/Server/Run/Records/RunIndexAllocator.js"
import * as Ids from "../../../src/Store/Ids.js"
import { RunStore } from "../../../src/Store/RunStore.js"
import type { Options } from "../Harness.js"
import { manifestTest } from "../Manifest.js"

/** Both sides of a channel; what goes over it is JSON, as between processes. */
const makeChannel = Effect.map(Queue.unbounded<Heard>(), (heard) => {
  let listener: (value: unknown) => void = () => {}
  const overTheWire = (value: object): unknown => JSON.parse(JSON.stringify(value))
  const channel: WorkerChannel.Channel = {
    send: (value, onSent) => {
      const message = Protocol.decodeToPrimary(overTheWire(value))
      if (message._tag === "Some") heard.unsafeOffer({ _tag: "Said", message: message.value })
      onSent()
    },
    listen: (next) => {
      listener = next
      return () => {}
    }
  }
  const send = (message: Protocol.ToWorker) =>
    Effect.sync(() => listener(overTheWire(Protocol.encodeToWorker(message))))
  return { channel, process: { pid: undefined, send, give: () => false, heard } }
})

const serveTogether = (pipeline: Pipeline.Any, options: Options) =>
  Effect.gen(function* () {
    const manifest = manifestTest(pipeline, { ...options, serving: { ...options.serving, workers: 2 } })
    const store = yield* RunStore
    const meter = yield* ProcessStats.ProcessMeter
    const registry = WorkerRegistry.make()
    const connections = DoorConnections.make()
    const block = yield* RunIndexAllocator.blocks(
      Effect.orElseSucceed(store.lastIndex, () => 0),
      1
    )
    const router = yield* RequestRouter.make({ registry, meter, block })
    const scope = yield* Effect.scope
    const start = (slot: number) =>
      Effect.gen(function* () {
        const { channel, process } = yield* makeChannel
        const worker = yield* Effect.provideService(
          WorkerHandle.startWorker(slot, { connections, registry, router }),
          Spawner,
          {
            spawn: () => Effect.succeed(process)
          }
        )
        const link = yield* WorkerChannel.make(channel)
        const next = yield* RunIndexAllocator.fromBlocks(
          Effect.flatMap(link.ask({ _tag: "Indexes" }), (answer) =>
            answer._tag === "Indexes" ? Effect.succeed(answer.block) : Effect.die("no indexes")
          )
        )
        const served = yield* Serve.make(pipeline, WorkerLimits.manifestOf(manifest, slot), {
          fleet: Layer.provide(ServiceFromWorker.layer, Layer.succeed(WorkerChannel.WorkerChannel, link))
        }).pipe(Effect.provideService(RunIndexAllocator.RunIndexAllocator, { next }))
        yield* served.warmUp
        yield* link.send({ _tag: "Listening" })
        yield* Effect.orDie(worker.listen(served))
        return served
      }).pipe(Effect.provideService(Scope.Scope, scope))
    return [yield* start(1), yield* start(2)] as const
  })

/** Where the limits leave room for one worker only, there is no second. */
export const areTwo = (pipeline: Pipeline.Any, { serving }: Options) =>
  Settings.workersOf(manifestTest(pipeline, { serving: { ...serving, workers: 2 } }).serving) === 2

/** A service of two workers, and a client whose requests alternate between them. */
export const layer = (pipeline: Pipeline.Any, options: Options) => {
  const served = Layer.scoped(
    Serve.Served,
    Effect.map(serveTogether(pipeline, options), ([first, second]) => {
      let turn = 0
      return {
        ...first,
        get url() {
          return turn++ % 2 === 0 ? first.url : second.url
        }
      }
    })
  )
  const client = Layer.effect(
    HttpClient.HttpClient,
    Effect.zipWith(Serve.Served, HttpClient.HttpClient, (service, plain) =>
      HttpClient.mapRequest(plain, (request) => HttpClientRequest.prependUrl(request, service.url))
    )
  )
  return Layer.provideMerge(Layer.provide(client, FetchHttpClient.layer), served).pipe(
    Layer.provide([Ids.layer, ProcessStats.layer])
  )
}
