/** The facts of this machine. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import type { ConfigError } from "effect/ConfigError"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Ports from "../../Flavor/Ports.js"
import * as Processes from "../../Local/Processes.js"
import * as Machine from "../../Local/ServiceManager/Machine.js"
import * as ServiceManager from "../../Local/ServiceManager.js"
import * as Home from "../../Store/Home.js"
import { waitingPorts } from "./DeploymentChecks.js"
import { engine } from "./EngineFacts.js"
import { Facts } from "./Facts.js"
import { devicesOf, diskOf, placeOf } from "./HomeFacts.js"
import * as MachineFacts from "./MachineFacts.js"
import { projectOf } from "./ProjectFacts.js"
import { registry } from "./RegistryFacts.js"

type Needs = Home.Home | Machine.Machine | Processes.Processes | ServiceManager.ServiceManager | NodeContext.NodeContext

const services: Layer.Layer<Needs, ConfigError> = ServiceManager.layer.pipe(
  Layer.provideMerge(Layer.mergeAll(Home.layerConfig, Processes.layer, Machine.layer)),
  Layer.provideMerge(NodeContext.layer)
)

/** Facts that several checks need are read once. */
export const layer: Layer.Layer<Facts, ConfigError> = Layer.effect(
  Facts,
  Effect.gen(function* () {
    const context = yield* Effect.context<Needs>()
    const home = yield* Home.Home
    const manager = yield* ServiceManager.ServiceManager
    const folder = process.cwd()
    const found = yield* Effect.cached(Effect.provide(registry, context))
    const once = <A>(effect: Effect.Effect<A, never, Needs>) => Effect.cached(Effect.provide(effect, context))
    return {
      node: Effect.sync(() => process.versions.node),
      project: yield* once(projectOf(folder)),
      bundler: MachineFacts.bundler,
      home: yield* once(placeOf(home.root)),
      key: yield* once(placeOf(home.key)),
      disk: yield* once(diskOf(home.root)),
      devices: yield* once(devicesOf(home.root, folder)),
      registry: found,
      takenPorts: Effect.flatMap(found, (facts) => MachineFacts.takenOf(waitingPorts(facts))).pipe(
        Effect.provide(Ports.layer)
      ),
      proxy: MachineFacts.proxy,
      now: DateTime.now,
      loopback: MachineFacts.loopback,
      ports: yield* once(MachineFacts.ports),
      processes: MachineFacts.processes,
      supervisor: Effect.either(Effect.mapError(manager.status, ({ message }) => message)),
      engine: yield* once(engine)
    }
  })
).pipe(Layer.provide(services))
