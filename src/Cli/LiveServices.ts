/**
 * The services of the command line program: local processes, the container engine that the environment names, a SQLite
 * registry and the bundler, in one home folder.
 */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as NodeContext from "@effect/platform-node/NodeContext"
import type { ConfigError } from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Bundle from "../Bundle.js"
import { layerRegistry } from "../Client/Registry.js"
import { Deployer, route } from "../Deployer.js"
import * as DockerClient from "../Docker/DockerClient.js"
import * as DockerDeployer from "../Docker/DockerDeployer.js"
import * as ImageBuilder from "../Docker/ImageBuilder.js"
import type { StoreError } from "../Errors/Stores.js"
import * as Ports from "../Flavor/Ports.js"
import * as KubernetesDeployer from "../Kubernetes/KubernetesDeployer.js"
import * as LocalDeployer from "../Local/LocalDeployer.js"
import * as Processes from "../Local/Processes.js"
import * as ServiceManager from "../Local/ServiceManager.js"
import * as Sockets from "../Local/Sockets.js"
import { supervised } from "../Local/Supervision.js"
import * as Home from "../Store/Home.js"
import * as Ids from "../Store/Ids.js"
import * as SqlRegistryCopy from "../Store/Registry/SqlRegistryCopy.js"
import * as Registry from "../Store/Registry.js"
import * as SwarmDeployer from "../Swarm/SwarmDeployer.js"
import { Deployers } from "./Deployers.js"
import { whereUsed } from "./OptionalDeployer.js"
import * as StoredRuns from "./StoredRunsLayer.js"
import type { Services } from "./Tree.js"

const deployers = Layer.effectContext(
  Effect.gen(function* () {
    const local = yield* supervised(yield* LocalDeployer.LocalDeployer)
    const docker = yield* DockerDeployer.DockerDeployer
    const swarm = yield* SwarmDeployer.SwarmDeployer
    const kubernetes = yield* whereUsed(yield* KubernetesDeployer.KubernetesDeployer)
    return Context.make(Deployers, { local, docker, swarm, kubernetes }).pipe(
      Context.add(Deployer, yield* route(local, docker, swarm, kubernetes))
    )
  })
).pipe(
  Layer.provide(
    Layer.mergeAll(
      LocalDeployer.layer(),
      DockerDeployer.layer(),
      SwarmDeployer.layer(),
      KubernetesDeployer.layerConfig()
    )
  )
)

/** All services, wired. The first command that needs the engine connects to it. */
export const layer: Layer.Layer<Services, StoreError | ConfigError> = Layer.mergeAll(
  deployers,
  Bundle.layer,
  Bundle.TypeChecker.layerConfig,
  layerRegistry,
  ServiceManager.layer,
  SqlRegistryCopy.layer,
  Layer.provide(StoredRuns.layer, deployers)
).pipe(
  Layer.provide(ImageBuilder.layer()),
  Layer.provide(DockerClient.layerConfig),
  Layer.provideMerge(Registry.layerHome),
  Layer.provideMerge(Layer.mergeAll(Home.layerConfig, Ids.layer, FetchHttpClient.layer)),
  Layer.provide(Layer.mergeAll(NodeContext.layer, Processes.layer, Ports.layer, Sockets.layer))
)
