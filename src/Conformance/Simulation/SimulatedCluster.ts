/** A world of controllers that come and go on one registry and one engine, which stay. */
import * as HttpClient from "@effect/platform/HttpClient"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { Holder } from "../../Deployer/Leases.js"
import { make as makeDeployer, type Service } from "../../Deployer.js"
import type { Backend } from "../../Flavor/Backend.js"
import type * as Settings from "../../Settings.js"
import type { Snapshot } from "../../Snapshot/Model.js"
import { DeploymentStore } from "../../Store/DeploymentStore.js"
import { EventStore } from "../../Store/EventStore.js"
import * as Ids from "../../Store/Ids.js"
import type { SecretBox } from "../../Store/Registry/SecretBox.js"
import * as Registry from "../../Store/Registry.js"
import { SecretStore } from "../../Store/SecretStore.js"
import { SnapshotStore } from "../../Store/SnapshotStore.js"
import * as Faults from "../../Testing/Faults.js"
import { draft } from "../../Testing/InMemoryDeployer.js"
import type { Behaviour } from "../../Testing/InMemoryEngine.js"
import type { Engine, Flavor, SimulatedEngine } from "./Flavor.js"
import { Ledger } from "./Ledger.js"
import * as Watch from "./Watch.js"

/**
 * A bug that is planted, to see whether it is found: what it puts in the place of a controller's services.
 *
 * @category models
 * @since 0.1.0
 */
export interface Sabotage {
  readonly name: string
  /** Replaces the deployment store. */
  readonly deployments?: (store: typeof DeploymentStore.Service) => typeof DeploymentStore.Service
  /** Replaces the backend. */
  readonly backend?: <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
    backend: Backend<S, SI>,
    engine: Engine
  ) => Backend<S, SI>
  /** Replaces the HTTP client. */
  readonly http?: (client: HttpClient.HttpClient) => HttpClient.HttpClient
  /** Replaces the check for lease holders that have ended. */
  readonly holder?: (holder: typeof Holder.Service) => typeof Holder.Service
}

/**
 * One process that runs a deployer.
 *
 * @category models
 * @since 0.1.0
 */
export interface Controller {
  readonly process: string
  readonly deployer: Service
  /** Provisions a deployment with settings by which all its generations need the same port. */
  readonly atFixedPort: (snapshot: Snapshot, name: string) => ReturnType<Service["provision"]>
  readonly faults: Faults.Injector
  /** Sets what goes wrong for it, besides the weather. */
  readonly use: (plan: Faults.Plan) => Effect.Effect<void>
}

/**
 * Trouble that hits every controller.
 *
 * @category models
 * @since 0.1.0
 */
export interface AmbientFaults {
  /** Name of points it hits. */
  readonly hits: RegExp
  readonly fault: Faults.Fault
  /** The number of times; default until the fault is cleared. */
  times?: number | undefined
}

/**
 * One registry and one engine, which stay, and the controllers that come and go on them.
 *
 * @category models
 * @since 0.1.0
 */
export interface SimulatedCluster {
  readonly flavor: string
  readonly engine: Engine
  /** The registry itself, without faults. */
  readonly registry: typeof DeploymentStore.Service
  readonly ledger: Ledger
  /** Snapshots whose instances behave as they are called; three good ones. */
  readonly snapshots: Readonly<Record<SnapshotKind, Snapshot>>
  /** Starts a process. */
  readonly controller: Effect.Effect<Controller>
  readonly controllers: ReadonlyArray<Controller>
  readonly weather: Array<AmbientFaults>
}

/**
 * The behaviour of a snapshot's instances. `good`, `better` and `best` are versions of one pipeline that becomes healthy.
 *
 * @category models
 * @since 0.1.0
 */
export type SnapshotKind = "good" | "better" | "best" | "bad" | "silent" | "slow" | "flaky"

/**
 * Options of a world.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  readonly sabotage?: Sabotage | undefined
  /** True if a process sees that another one has ended, as on one machine; else its lease must expire. Default `true`. */
  readonly oneMachine?: boolean | undefined
}

const kinds: Readonly<Record<SnapshotKind, readonly [pipeline: string, behaviour: Behaviour]>> = {
  good: ["good", "healthy"],
  better: ["good", "healthy"],
  best: ["good", "healthy"],
  bad: ["bad", "crashes"],
  silent: ["silent", "silent"],
  slow: ["slow", "slow"],
  flaky: ["flaky", "flaky"]
}

/**
 * Worlds of one flavor.
 *
 * @category models
 * @since 0.1.0
 */
export interface Worlds {
  readonly flavor: string
  /** A new world with an empty registry and an empty engine; it ends with the scope. */
  readonly make: (options?: Options) => Effect.Effect<SimulatedCluster, never, Scope.Scope>
}

/**
 * Worlds of a flavor of your own, for {@link batch} and {@link sweepAll}.
 *
 * @category constructors
 * @since 0.1.0
 */
export const worldsOf = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  flavor: Flavor<S, SI>
): Worlds => ({ flavor: flavor.name, make: (options) => make(flavor, options) })

/**
 * A new world with an empty registry and an empty engine.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  flavor: Flavor<S, SI>,
  options: Options = {}
): Effect.Effect<SimulatedCluster, never, Scope.Scope> =>
  Effect.gen(function* () {
    const stores = yield* Effect.orDie(Layer.build(Layer.provideMerge(Registry.layerMemory, Ids.layerTest)))
    const engine = yield* Effect.provide(flavor.make, stores)
    const snapshotStore = Context.get(stores, SnapshotStore)
    const snapshots = yield* Effect.orDie(
      Effect.all({
        good: snapshotStore.put(draft(kinds.good[0], "1")),
        better: snapshotStore.put(draft(kinds.better[0], "2")),
        best: snapshotStore.put(draft(kinds.best[0], "3")),
        bad: snapshotStore.put(draft(kinds.bad[0])),
        silent: snapshotStore.put(draft(kinds.silent[0])),
        slow: snapshotStore.put(draft(kinds.slow[0])),
        flaky: snapshotStore.put(draft(kinds.flaky[0]))
      })
    )
    for (const [pipeline, behaviour] of Object.values(kinds)) yield* engine.behave(pipeline, behaviour)
    const ledger = new Ledger()
    const controllers: Array<Controller> = []
    const weather: Array<AmbientFaults> = []
    const hasEnded = (process: string) => {
      const found = controllers.find((one) => one.process === process)
      return found === undefined ? Effect.succeed(true) : found.faults.isDead
    }
    const registry = Context.get(stores, DeploymentStore)
    const controller = Effect.gen(function* () {
      const process = `sim:${controllers.length + 1}`
      const faults = yield* Faults.make({ onFault: ({ mode }) => ledger.note(`fault ${mode}`) })
      const subject = { process, ledger, registry, instances: engine.instances, hasEnded, gate: faults.gate }
      const deployer = yield* makeController(
        { engine, stores, sabotage: options.sabotage, oneMachine: options.oneMachine ?? true },
        subject,
        faults
      )
      const made: Controller = {
        process,
        deployer: flavor.general(deployer),
        atFixedPort: (snapshot, name) => deployer.provision(snapshot, { name, settings: flavor.fixedPort }),
        faults,
        use: (plan) => faults.use(Faults.firstOf(planOf(weather), plan))
      }
      yield* made.use(Faults.none)
      controllers.push(made)
      return made
    })
    return { flavor: flavor.name, engine, registry, ledger, snapshots, controller, controllers, weather }
  })

// internal

interface Parts<S extends Settings.Deployment, SI extends Settings.DeploymentInput> {
  readonly engine: SimulatedEngine<S, SI>
  readonly stores: Context.Context<Registry.Stores | SecretBox | Ids.Ids>
  readonly sabotage: Sabotage | undefined
  readonly oneMachine: boolean
}

const makeController = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  { engine, oneMachine, sabotage, stores }: Parts<S, SI>,
  subject: Watch.Subject,
  faults: Faults.Injector
): Effect.Effect<Service<SI>> => {
  const wrapped = faults.wrap("store", Watch.deployments(subject), Faults.deploymentStore)
  const holder: typeof Holder.Service = {
    process: subject.process,
    actor: "simulation",
    isDead: (name) => (oneMachine ? subject.hasEnded(name.split("/")[0] ?? "") : Effect.succeed(false))
  }
  const http = Faults.httpClient(faults, engine.http)
  const context = stores.pipe(
    Context.add(DeploymentStore, sabotage?.deployments?.(wrapped) ?? wrapped),
    Context.add(SnapshotStore, faults.wrap("snapshots", Context.get(stores, SnapshotStore), Faults.snapshotStore)),
    Context.add(SecretStore, faults.wrap("secrets", Context.get(stores, SecretStore), Faults.secretStore)),
    Context.add(EventStore, faults.wrap("events", Context.get(stores, EventStore), Faults.eventStore)),
    Context.add(HttpClient.HttpClient, sabotage?.http?.(http) ?? http),
    Context.add(Holder, sabotage?.holder?.(holder) ?? holder)
  )
  return Effect.provide(
    Effect.flatMap(engine.backend(faults, Watch.backend(subject)), (backend) =>
      makeDeployer(sabotage?.backend?.(backend, engine) ?? backend)
    ),
    context
  )
}

const planOf =
  (weather: Array<AmbientFaults>): Faults.Plan =>
  ({ name }) => {
    const found = weather.find(({ hits, times = 1 }) => times > 0 && hits.test(name))
    if (found?.times !== undefined) found.times -= 1
    return found?.fault
  }
