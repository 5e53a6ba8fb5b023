/** Two workers in this process, each at a port of its own, that a client asks in turn: what a suite of one process asks. */
import { FetchHttpClient, HttpClient, HttpClientRequest } from "@effect/platform"
import { Effect, Layer, Queue, Scope } from "effect"
import { type Pipeline, Settings } from "effect-deployers"
import { Serve } from "effect-deployers/Server"
import * as Ids from "../../../src/Ids.js"
import * as ProcessStats from "../../../src/Server/ProcessStats.js"
import * as Hired from "../../../src/Server/Workers/Hired.js"
import * as Indexes from "../../../src/Server/Workers/Indexes.js"
import * as Link from "../../../src/Server/Workers/Link.js"
import * as Member from "../../../src/Server/Workers/Member.js"
import * as Protocol from "../../../src/Server/Workers/Protocol.js"
import * as Roster from "../../../src/Server/Workers/Roster.js"
import * as Shares from "../../../src/Server/Workers/Shares.js"
import { type Heard, Spawner } from "../../../src/Server/Workers/Spawner.js"
import * as Switchboard from "../../../src/Server/Workers/Switchboard.js"
import { RunStore } from "../../../src/Store/RunStore.js"
import type { Options } from "../Harness.js"

/** Both sides of a channel; what goes over it is JSON, as between processes. */
const makeChannel = Effect.map(Queue.unbounded<Heard>(), (heard) => {
  let listener: (value: unknown) => void = () => {}
  const overTheWire = (value: object): unknown => JSON.parse(JSON.stringify(value))
  const channel: Link.Channel = {
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
  return { channel, process: { pid: undefined, send, heard } }
})

const serveTogether = (pipeline: Pipeline.Any, options: Options) =>
  Effect.gen(function* () {
    const manifest = Serve.manifestTest(pipeline, { ...options, serving: { ...options.serving, workers: 2 } })
    const store = yield* RunStore
    const meter = yield* ProcessStats.ProcessMeter
    const roster = Roster.make()
    const block = yield* Indexes.blocks(
      Effect.orElseSucceed(store.lastIndex, () => 0),
      1
    )
    const switchboard = yield* Switchboard.make({ roster, meter, block })
    const scope = yield* Effect.scope
    const start = (slot: number) =>
      Effect.gen(function* () {
        const { channel, process } = yield* makeChannel
        const hired = yield* Effect.provideService(Hired.hire(slot, { roster, switchboard }), Spawner, {
          spawn: () => Effect.succeed(process)
        })
        const link = yield* Link.make(channel)
        const next = yield* Indexes.fromBlocks(
          Effect.flatMap(link.ask({ _tag: "Indexes" }), (answer) =>
            answer._tag === "Indexes" ? Effect.succeed(answer.block) : Effect.die("no indexes")
          )
        )
        const served = yield* Serve.make(pipeline, Shares.manifestOf(manifest, slot), {
          fleet: Layer.provide(Member.layer, Layer.succeed(Link.Link, link))
        }).pipe(Effect.provideService(Indexes.Indexes, { next }))
        yield* served.warmUp
        yield* link.send({ _tag: "Listening" })
        yield* Effect.orDie(hired.listen(served))
        return served
      }).pipe(Effect.provideService(Scope.Scope, scope))
    return [yield* start(1), yield* start(2)] as const
  })

/** Where the limits leave room for one worker only, there is no second. */
export const areTwo = (pipeline: Pipeline.Any, { serving }: Options) =>
  Settings.workersOf(Serve.manifestTest(pipeline, { serving: { ...serving, workers: 2 } }).serving) === 2

/** A service of two workers, and a client of it; where it is changes every time somebody looks. */
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
