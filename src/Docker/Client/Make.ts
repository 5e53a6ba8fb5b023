/** Puts a client together. */
import type { FileSystem } from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { Ports } from "../../Flavor/Ports.js"
import type { DockerClient } from "../DockerClient.js"
import type { Options } from "./Configuration.js"
import * as Containers from "./Containers.js"
import type { Engine } from "./Contract.js"
import { parse } from "./Decoders.js"
import { documents, type EngineRequests, filters, isOk, make as makeKit, read } from "./EngineRequests.js"
import * as Images from "./Images.js"
import * as Networks from "./Networks.js"
import { Event, Info, toEvent, toInfo, toVersion, Version } from "./ResourceDecoders.js"
import type { EventsOptions } from "./Resources.js"
import * as RunScoped from "./RunScoped.js"
import * as Transport from "./Transport.js"
import * as Volumes from "./Volumes.js"

/** A client of the engine the options name. Makes no connection. */
export const make = (options: Options): Effect.Effect<typeof DockerClient.Service, never, FileSystem | Ports> =>
  Effect.gen(function* () {
    const transport = yield* Transport.make(options)
    const ports = yield* Ports
    const kit = makeKit(transport)
    const containers = Containers.make(kit, (address, port) =>
      transport.host.pipe(
        Effect.flatMap(({ remote }) => (remote ? Effect.succeed("unknownHost" as const) : ports.probe(address, port))),
        Effect.orElseSucceed(() => "unknownHost" as const)
      )
    )
    return {
      host: transport.host,
      engine: engine(kit),
      containers,
      images: Images.make(kit),
      networks: Networks.make(kit),
      volumes: Volumes.make(kit),
      events: eventsWith(kit),
      runScoped: RunScoped.make(containers)
    }
  })

const engine = (kit: EngineRequests): Engine => {
  const version = Effect.map(
    read(kit, { operation: "tell its version", method: "GET", path: "/version" }, Version),
    toVersion
  )
  const info = Effect.map(read(kit, { operation: "tell about itself", method: "GET", path: "/info" }, Info), toInfo)
  return { ping: Effect.map(version, ({ apiVersion }) => apiVersion), info, version }
}

const eventsWith =
  (kit: EngineRequests) =>
  ({ actions = [], labels = {}, since, types = [] }: EventsOptions = {}) =>
    Stream.unwrapScoped(
      Effect.gen(function* () {
        const operation = "tell its events"
        const request: Transport.Request = {
          operation,
          method: "GET",
          path: "/events",
          query: {
            filters: filters(labels, { type: types, event: actions }),
            since: since === undefined ? undefined : (since / 1_000).toFixed(3)
          }
        }
        const answer = yield* kit.openQuery(request)
        if (!isOk(answer)) return yield* kit.unexpected(request, { status: answer.status, text: yield* answer.text })
        const read = parse(Event, operation)
        return documents(answer.body).pipe(
          Stream.mapEffect((text) => Effect.map(read({ status: answer.status, text }), toEvent))
        )
      })
    )
