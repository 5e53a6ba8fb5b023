/** Wires a client. */
import * as Net from "node:net"
import type { FileSystem } from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { Ports, type Verdict } from "../../Flavor/Ports.js"
import { timeoutTo } from "../../Internal/Deadline.js"
import type { DockerClient } from "../DockerClient.js"
import type { Options } from "./Configuration.js"
import * as Containers from "./Containers.js"
import type { Engine } from "./Contract.js"
import * as Credentials from "./Credentials.js"
import { parse } from "./Decoders.js"
import { documents, type EngineRequests, filters, make as makeRequests, openBody, read } from "./EngineRequests.js"
import * as Images from "./Images.js"
import * as Networks from "./Networks.js"
import * as Nodes from "./Nodes.js"
import { Event, Info, toEvent, toInfo, Version } from "./ResourceDecoders.js"
import type { EventsOptions } from "./Resources.js"
import * as RunScoped from "./RunScoped.js"
import * as Services from "./Services.js"
import * as SwarmObjects from "./SwarmObjects.js"
import * as Tasks from "./Tasks.js"
import * as Transport from "./Transport.js"
import * as Volumes from "./Volumes.js"

/** A client of the engine that the options name. It connects with the first request. */
export const make = (options: Options): Effect.Effect<typeof DockerClient.Service, never, FileSystem | Ports> =>
  Effect.gen(function* () {
    const transport = yield* Transport.make(options)
    const ports = yield* Ports
    const engine = makeRequests(transport)
    const credentials = yield* Credentials.make(options)
    const containers = Containers.make(engine, (address, port) =>
      transport.host.pipe(
        Effect.flatMap(({ hostname, remote }) =>
          remote ? probeRemote(isWildcard(address) ? hostname : address, port) : ports.probe(address, port)
        ),
        Effect.orElseSucceed(() => "unknownHost" as const)
      )
    )
    return {
      host: transport.host,
      engine: describe(engine),
      containers,
      images: Images.make(engine, credentials),
      networks: Networks.make(engine),
      volumes: Volumes.make(engine),
      services: Services.make(engine),
      tasks: Tasks.make(engine),
      nodes: Nodes.make(engine),
      secrets: SwarmObjects.secrets(engine),
      configs: SwarmObjects.configs(engine),
      events: eventsWith(engine),
      runScoped: RunScoped.make(containers)
    }
  })

const isWildcard = (address: string): boolean => address === "0.0.0.0" || address === "::"

/** A port of another machine that accepts connections is taken; about others nothing is known. */
const probeRemote = (host: string, port: number): Effect.Effect<Verdict> =>
  Effect.acquireUseRelease(
    Effect.sync(() => Net.connect({ host, port })),
    (socket) =>
      Effect.async<Verdict>((resume) => {
        socket.once("connect", () => resume(Effect.succeed("taken")))
        socket.once("error", () => resume(Effect.succeed("unknownHost")))
      }),
    (socket) => Effect.sync(() => socket.destroy())
  ).pipe(timeoutTo({ duration: "2 seconds", onTimeout: (): Verdict => "unknownHost" }))

const describe = (engine: EngineRequests): Engine => {
  const version = read(engine, { operation: "return its version", method: "GET", path: "/version" }, Version)
  const info = Effect.map(read(engine, { operation: "describe itself", method: "GET", path: "/info" }, Info), toInfo)
  return { ping: Effect.map(version, ({ apiVersion }) => apiVersion), info, version }
}

const eventsWith =
  (engine: EngineRequests) =>
  ({ actions = [], labels = {}, since, types = [] }: EventsOptions = {}) => {
    const operation = "watch its events"
    const query = {
      filters: filters(labels, { type: types, event: actions }),
      since: since === undefined ? undefined : (since / 1_000).toFixed(3)
    }
    return Stream.unwrapScoped(openBody(engine, { operation, method: "GET", path: "/events", query })).pipe(
      documents,
      Stream.mapEffect((text) => Effect.map(parse(Event, operation, { status: 200, text }), toEvent))
    )
  }
