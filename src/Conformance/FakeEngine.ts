/**
 * A container engine that runs nothing: it answers as a real one was seen to answer, by the clock of the test, and tests
 * can look at it and disturb it.
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as PubSub from "effect/PubSub"
import type * as Scope from "effect/Scope"
import type { ContainerSpec } from "../Docker/Client/Container.js"
import type { EngineHost } from "../Docker/Client/Resources.js"
import * as RunScoped from "../Docker/Client/RunScoped.js"
import { DockerClient } from "../Docker/DockerClient.js"
import * as Containers from "./FakeEngine/Containers.js"
import { follow, host, query } from "./FakeEngine/Gate.js"
import * as Images from "./FakeEngine/Images.js"
import type { Behaviour, FakeContainer, FakeImage, FakeVolume, Signal, World } from "./FakeEngine/Model.js"
import { networks, volumes } from "./FakeEngine/Others.js"
import { membership, swarm } from "./FakeEngine/Swarm.js"
import { hasLabels } from "./FakeEngine/View.js"
import { die, find, isAlive, restartEngine, write } from "./FakeEngine/World.js"

export type { ArchivedFile } from "./FakeEngine/Archives.js"
export type { Behaviour, FakeContainer, FakeImage, FakeVolume } from "./FakeEngine/Model.js"

/**
 * The resources of the engine, and switches for tests.
 *
 * @category services
 * @since 0.1.0
 */
export class FakeEngine extends Context.Tag("effect-deployers/Testing/FakeEngine")<
  FakeEngine,
  {
    /** By id, oldest first. */
    readonly containers: ReadonlyMap<string, FakeContainer>
    readonly images: ReadonlyMap<string, FakeImage>
    /** By name. */
    readonly volumes: ReadonlyMap<string, FakeVolume>
    /** The requests to the engine, in order, such as `create a container`. */
    readonly operations: ReadonlyArray<string>
    /** Sets the behaviour of containers from now on; default: they run until they are stopped. */
    readonly behave: (behaviour: (spec: ContainerSpec) => Behaviour) => Effect.Effect<void>
    /** Puts an image there and answers its id. */
    readonly addImage: (image: {
      readonly tags?: ReadonlyArray<string>
      readonly labels?: Readonly<Record<string, string>>
    }) => Effect.Effect<string>
    /** True if the engine listens on its socket; default `true`. `false` breaks open connections. */
    readonly setReachable: (reachable: boolean) => Effect.Effect<void>
    /** True if the engine refuses requests for lack of permission; default `false`. */
    readonly setRefusing: (refusing: boolean) => Effect.Effect<void>
    /** True if the engine answers; default `true`. It answers waiting requests when it is `true` again. */
    readonly setAnswering: (answering: boolean) => Effect.Effect<void>
    /** The delay of every answer; default 0. */
    readonly setDelay: (delay: Duration.DurationInput) => Effect.Effect<void>
    /** The time for which a container is `removing`; default 0. */
    readonly setRemovalTakes: (duration: Duration.DurationInput) => Effect.Effect<void>
    /** Carries out the next request that fits (default any), and loses its answer. */
    readonly loseReply: (operation?: (operation: string) => boolean) => Effect.Effect<void>
    /** Lets a process of the host listen on a port, or no more. */
    readonly occupy: (port: number) => Effect.Effect<void>
    /** Has the process of the host let go of the port. */
    readonly release: (port: number) => Effect.Effect<void>
    /** Ends a container's process from outside, as a crash: its restart policy counts. */
    readonly crash: (
      container: string,
      exitCode: number,
      options?: { readonly oomKilled?: boolean }
    ) => Effect.Effect<void>
    /** Lets a container write a line. */
    readonly write: (container: string, text: string, stream?: "stdout" | "stderr") => Effect.Effect<void>
    /** Ends the engine, in order or killed, and starts it again after the downtime (default 0). */
    readonly restart: (how: "SIGTERM" | "SIGKILL", downtime?: Duration.DurationInput) => Effect.Effect<void>
  }
>() {}

/**
 * An empty engine and its client. `deadline` is how long an answer may take, default 30 seconds; `host` is where the
 * engine says it is, default this machine.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  options: { readonly deadline?: Duration.DurationInput | undefined; readonly host?: EngineHost | undefined } = {}
): Layer.Layer<FakeEngine | DockerClient> =>
  Layer.scopedContext(
    Effect.map(makeWorld(Duration.decode(options.deadline ?? "30 seconds"), options.host ?? here), (world) =>
      Context.make(FakeEngine, controls(world)).pipe(Context.add(DockerClient, client(world)))
    )
  )

// internal

const here: EngineHost = { url: host, remote: false, hostname: "127.0.0.1", private: true }

const makeWorld = (deadline: Duration.Duration, host: EngineHost): Effect.Effect<World, never, Scope.Scope> =>
  Effect.gen(function* () {
    return {
      containers: new Map(),
      images: new Map(),
      registries: new Map(),
      networks: new Map(),
      volumes: new Map(),
      events: [],
      takenPorts: new Set(),
      signals: yield* Effect.acquireRelease(PubSub.unbounded<Signal>(), PubSub.shutdown),
      scope: yield* Effect.scope,
      answering: yield* Effect.makeLatch(true),
      deadline,
      host,
      operations: [],
      behave: () => ({}),
      reachable: true,
      refusing: false,
      delay: Duration.zero,
      removalTakes: Duration.zero,
      loseReplyOf: undefined,
      nextPort: 32_768,
      nextPid: 1_000,
      nextId: 1
    }
  })

const client = (world: World): typeof DockerClient.Service => {
  const containers = Containers.make(world)
  const version = { version: "20.10.24", apiVersion: "1.41", minApiVersion: "1.12", os: "linux", architecture: "amd64" }
  const tells = <A>(operation: string, answer: A) => query(world, operation, Effect.succeed(answer))
  return {
    host: Effect.succeed(world.host),
    engine: {
      ping: tells("report its version", version.apiVersion),
      version: tells("report its version", version),
      info: tells("describe itself", {
        id: "fake-engine",
        name: "fake",
        version: version.version,
        os: "linux",
        architecture: "x86_64",
        cpus: 2,
        memoryBytes: 4_294_967_296,
        storageDriver: "fake",
        cgroupVersion: "2",
        securityOptions: ["name=seccomp,profile=default"],
        rootless: false,
        time: undefined,
        swarm: membership
      })
    },
    containers,
    images: Images.make(world),
    networks: networks(world),
    volumes: volumes(world),
    ...swarm(world),
    events: eventsWith(world),
    runScoped: RunScoped.make(containers)
  }
}

const eventsWith =
  (world: World): (typeof DockerClient.Service)["events"] =>
  ({ actions = [], labels = {}, since, types = [] } = {}) => {
    const fits = (event: World["events"][number]) =>
      (types.length === 0 || types.some((type) => type === event.type)) &&
      (actions.length === 0 || actions.includes(event.action)) &&
      hasLabels(event.attributes, labels)
    const before = Effect.sync(() =>
      since === undefined ? [] : world.events.filter((event) => fits(event) && event.at.epochMillis >= since)
    )
    return follow(world, "stream its events", before, (signal) =>
      signal._tag === "Event" && fits(signal.event) ? [signal.event] : []
    )
  }

const controls = (world: World): typeof FakeEngine.Service => ({
  containers: world.containers,
  images: world.images,
  volumes: world.volumes,
  operations: world.operations,
  behave: (behaviour) => set(world, { behave: behaviour }),
  addImage: (image) => Effect.sync(() => Images.addImage(world, image)),
  setReachable: (reachable) =>
    Effect.zipRight(
      set(world, { reachable }),
      reachable ? Effect.void : PubSub.publish(world.signals, { _tag: "Down" })
    ),
  setRefusing: (refusing) => set(world, { refusing }),
  setAnswering: (answering) => (answering ? world.answering.open : world.answering.close),
  setDelay: (delay) => set(world, { delay: Duration.decode(delay) }),
  setRemovalTakes: (duration) => set(world, { removalTakes: Duration.decode(duration) }),
  loseReply: (operation = () => true) => set(world, { loseReplyOf: operation }),
  occupy: (port) => Effect.sync(() => world.takenPorts.add(port)),
  release: (port) => Effect.sync(() => world.takenPorts.delete(port)),
  crash: (ref, exitCode, { oomKilled = false } = {}) =>
    withContainer(world, ref, (container) =>
      isAlive(container) ? die(world, container, exitCode, oomKilled) : Effect.void
    ),
  write: (ref, text, stream = "stdout") =>
    withContainer(world, ref, (container) => write(world, container, { stream, text })),
  restart: (how, downtime = Duration.zero) => restartEngine(world, how, downtime)
})

const set = (world: World, change: Partial<World>): Effect.Effect<void> =>
  Effect.sync(() => {
    Object.assign(world, change)
  })

const withContainer = (
  world: World,
  ref: string,
  use: (container: FakeContainer) => Effect.Effect<void>
): Effect.Effect<void> =>
  Effect.suspend(() => {
    const container = find(world, ref)
    return container === undefined ? Effect.void : use(container)
  })
