/** Starts instances: image, files and container, while the network is created, which takes longest. */
import type { FileSystem } from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import { OperationalState } from "../../Deployment.js"
import { type DeploymentProvisionFailed, ResourceNotOwned } from "../../Errors/Lifecycle.js"
import type { BackendPrepareError, PrepareProgress } from "../../Flavor/Backend.js"
import { fingerprint, publicFingerprint } from "../../Flavor/Fingerprint.js"
import type { Ports } from "../../Flavor/Ports.js"
import { isLoopback } from "../../Internal/Loopback.js"
import type { Home } from "../../Store/Home.js"
import { neverRan } from "../Client/StartContainer.js"
import { type Container, DockerClient, type EngineUnreachable, type StartRejected } from "../DockerClient.js"
import type { ImageBuilder } from "../ImageBuilder.js"
import * as Labels from "../Labels.js"
import * as Metadata from "../Metadata.js"
import { BackendContext } from "./BackendContext.js"
import { failed, type StartError, toProvisionError } from "./BackendErrors.js"
import { clearPort, openDoor } from "./Door.js"
import { deployerAddress } from "./HostPorts.js"
import { engineIdOf, imageOf, prepareImage } from "./Images.js"
import { createFor, launch, startCreated } from "./Launch.js"
import { findContainer, holderOfName } from "./Lookup.js"
import { type ContainerRecord, recordOf, writeRecords } from "./Mounts/Files.js"
import { strategyFor } from "./Mounts/Select.js"
import type { MountStrategy } from "./Mounts/Strategy.js"
import { ensureNetwork, type NetworkError, networkOf } from "./Networks.js"
import { metadataOf } from "./Observe.js"
import { discard, end } from "./Remove.js"
import type { Parts, Request } from "./ServiceContainer.js"

/** The services that starting needs. */
export type Needs = Home | FileSystem | Ports | DockerClient | ImageBuilder | BackendContext

/**
 * Makes everything ready that can be made before the old instance stops: the image, and for a request that stands by the
 * container too. A deployment that would not be reachable is refused before its image is built.
 */
export const prepare = (
  request: Request,
  progress: PrepareProgress
): Effect.Effect<Readonly<Record<string, unknown>>, BackendPrepareError, Needs> =>
  Effect.gen(function* () {
    const toError = toProvisionError(request.name)
    yield* Effect.mapError(checkReachable(request), toError)
    const prepared = yield* prepareImage(request, progress)
    if (request.standby === true) yield* Effect.mapError(createStandby({ ...request, prepared }), toError)
    return prepared
  })

/**
 * Starts an instance, or adopts the container that an interrupted start of the same request left. A failed start leaves
 * nothing.
 */
export const start = (request: Request): Effect.Effect<OperationalState, StartError, Needs> =>
  Effect.gen(function* () {
    const { containers } = yield* DockerClient
    const engineId = yield* engineIdOf(request)
    const record = yield* recordOf(request)
    const leftover = yield* leftoverOf(request, record)
    yield* clearPort(request)
    if (Option.isSome(leftover)) {
      if (leftover.value.state.status === "created") {
        yield* ensureNetwork(request)
        yield* startCreated(request, leftover.value.id)
      }
      yield* reopenDoor(request, leftover.value)
      return yield* pending(leftover.value, request, engineId)
    }
    return yield* withParts(request, { engineId, record }, (parts, network) =>
      Effect.gen(function* () {
        const id = yield* Effect.catchTag(launch(request, parts, network), "StartRejected", withoutGpus(request))
        return yield* pending(yield* containers.inspect(id), request, engineId)
      })
    )
  })

// internal

/** The failure of a start with GPUs. An engine without their runtime rejects it before the program runs. */
const withoutGpus =
  ({ name, settings }: Request) =>
  (error: StartRejected): Effect.Effect<never, StartRejected | DeploymentProvisionFailed> =>
    settings.gpus === undefined || (error.exitCode ?? neverRan) !== neverRan
      ? Effect.fail(error)
      : Effect.fail(
          failed(
            name,
            `the engine did not start its container with the GPUs of the setting gpus (${error.reason}); install the runtime of the GPUs there, such as the NVIDIA Container Toolkit, or leave gpus out`
          )
        )

/** Creates everything of an instance and starts nothing, because an older instance has its port. */
const createStandby = (request: Request) =>
  Effect.gen(function* () {
    const { door, port } = request.settings
    if (port === undefined || door) return
    const circumstances = { engineId: yield* engineIdOf(request), record: yield* recordOf(request) }
    yield* withParts(request, circumstances, (parts, network) =>
      Effect.zipLeft(createFor(port, request, parts), network)
    )
  })

/** The engine in use, and the record of an earlier start of the same instance. */
interface Circumstances {
  readonly engineId: string
  readonly record: Option.Option<ContainerRecord>
}

/** Creates a container from its parts. It waits for the network only before it starts the container. */
type Use<A, E, R> = (parts: Parts, network: Effect.Effect<void, NetworkError>) => Effect.Effect<A, E, R>

/** A failed attempt leaves nothing. */
const withParts = <A, E, R>(request: Request, { engineId, record }: Circumstances, use: Use<A, E, R>) =>
  Effect.gen(function* () {
    const strategy = yield* strategyFor(request)
    yield* checkReachable(request)
    yield* strategy.check(request)
    yield* checkName(request)
    if (Option.isSome(record)) yield* Effect.catchTag(end(request, {}, 0), "NetworkInUse", () => Effect.void)
    return yield* Effect.gen(function* () {
      yield* writeRecords(request, { engineId, fingerprint: fingerprint(request) })
      const network = yield* Effect.forkScoped(ensureNetwork(request))
      if (Option.isNone(record)) yield* discard(request)
      const ready = Fiber.join(network)
      return yield* use(yield* partsOf(request, strategy, engineId, ready), ready)
    }).pipe(
      // The scope ends the creation of the network before anything is removed.
      Effect.scoped,
      Effect.onError(() => Effect.ignoreLogged(end(request, {}, 0)))
    )
  })

const partsOf = (
  request: Request,
  strategy: MountStrategy,
  engineId: string,
  ready: Effect.Effect<void, NetworkError>
) =>
  Effect.gen(function* () {
    const common = yield* commonParts(request, strategy)
    const files = yield* strategy.write(request, { engineId, image: common.image })
    const hasDoor = request.settings.door
    const door = hasDoor ? yield* openDoor(request, { parts: Effect.succeed(common), network: ready }) : undefined
    const address = hasDoor ? yield* deployerAddress(request) : request.settings.address
    return { ...common, files, door, address } satisfies Parts
  })

/** The parts that an instance and its door have in common. */
const commonParts = (request: Request, strategy: MountStrategy) =>
  Effect.gen(function* () {
    const context = yield* BackendContext
    const image = yield* imageOf(request)
    return { deployer: context.deployer, identity: strategy.identity(context), image, network: networkOf(request) }
  })

/** Opens the door of an instance that runs, at its place, if it does not run. */
const reopenDoor = (request: Request, { labels }: Container) =>
  Effect.gen(function* () {
    const place = Labels.doorOf(labels)
    if (place === undefined) return
    const parts = Effect.flatMap(strategyFor(request), (strategy) => commonParts(request, strategy))
    const settings = { ...request.settings, ...place }
    yield* openDoor({ ...request, settings }, { parts, network: ensureNetwork(request) })
  })

/**
 * Adopts only a container of the very same request, secrets included, that is running or waits for its start. One behind a
 * door needs no port of an old instance, so it has nothing to wait for.
 */
const leftoverOf = (request: Request, record: Circumstances["record"]) =>
  Effect.gen(function* () {
    if (!Option.exists(record, (known) => known.fingerprint === fingerprint(request))) return Option.none<Container>()
    return Option.filter(
      yield* findContainer(request),
      ({ labels, state }) =>
        labels[Labels.keys.checksum] === publicFingerprint(request) &&
        (state.status === "running" ||
          (state.status === "created" && state.error === undefined && Labels.doorOf(labels) === undefined))
    )
  })

/**
 * Fails if the deployment would be published at an address that only the engine's machine reaches, and that machine is
 * another one. Access by others is the user's decision.
 */
const checkReachable = ({
  name,
  settings
}: Request): Effect.Effect<void, DeploymentProvisionFailed | EngineUnreachable, DockerClient> =>
  Effect.gen(function* () {
    const { host } = yield* DockerClient
    const { remote, url } = yield* host
    if (!remote || !isLoopback(settings.address)) return
    return yield* failed(
      name,
      `the engine at ${url} is another machine, and only that machine reaches its ${settings.address}; set address to one of its addresses that is reached from here, or to 0.0.0.0 for all of them (deploy --address)`
    )
  })

const checkName = (request: Request) =>
  Effect.gen(function* () {
    const holder = yield* holderOfName(request, Labels.containerName(request))
    if (Option.isNone(holder) || holder.value.isOurs) return
    const resource = `a container named "${holder.value.container.name}"`
    return yield* new ResourceNotOwned({ name: request.name, resource })
  })

const pending = (container: Container, request: Request, engineId: string) =>
  Effect.gen(function* () {
    const { host } = yield* DockerClient
    const circumstances = { generation: request.generation, engineId, host: yield* host, starting: true }
    return new OperationalState({
      status: "pending",
      metadata: Metadata.encode({ ...metadataOf(container, circumstances), starting: true }),
      reason: "its container was started and is not known to be healthy yet"
    })
  })
