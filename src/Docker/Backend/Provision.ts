/** Starts an instance: its image, its files and its container, while its network is made, which takes longest. */
import type { FileSystem } from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import { OperationalState } from "../../Deployment.js"
import { ResourceNotOwned } from "../../Errors/Lifecycle.js"
import type { ProvisionRequest } from "../../Flavor/Backend.js"
import { fingerprint, publicFingerprint } from "../../Flavor/Fingerprint.js"
import type { Ports } from "../../Flavor/Ports.js"
import type { Home } from "../../Store/Home.js"
import { type Container, DockerClient } from "../DockerClient.js"
import type { ImageBuilder } from "../ImageBuilder.js"
import * as Labels from "../Labels.js"
import * as Metadata from "../Metadata.js"
import type { DockerSettings } from "../Settings.js"
import { BackendContext } from "./BackendContext.js"
import { checkReach } from "./CheckReachable.js"
import type { StartingError } from "./Failures.js"
import type { Ingredients } from "./Hardening.js"
import { engineIdOf, imageOf } from "./Images.js"
import { launch, makeFor, startMade } from "./Launch.js"
import { findContainer, holderOfName } from "./Lookup.js"
import { type ContainerRecord, recordOf, writeRecords } from "./Mounts/Files.js"
import { deliveryOf } from "./Mounts/Select.js"
import type { MountStrategy } from "./Mounts/Strategy.js"
import { ensureNetwork, type NetworkError, networkOf } from "./Networks.js"
import { metadataOf } from "./Observe.js"
import { discard, end } from "./Remove.js"

type Request = ProvisionRequest<DockerSettings>

/** What starting works with. */
export type Needs = Home | FileSystem | Ports | DockerClient | ImageBuilder | BackendContext

/**
 * Starts an instance, or adopts the container an interrupted attempt at the same left behind. When it fails, nothing of
 * the attempt is left.
 */
export const start = (request: Request): Effect.Effect<OperationalState, StartingError, Needs> =>
  Effect.gen(function* () {
    const { containers } = yield* DockerClient
    const engineId = yield* engineIdOf(request)
    const record = yield* recordOf(request)
    const left = yield* leftOf(request, record)
    if (Option.isSome(left)) {
      if (left.value.state.status === "created") {
        yield* ensureNetwork(request)
        yield* startMade(request, left.value.id)
      }
      return yield* pending(left.value, request, engineId)
    }
    return yield* made(request, { engineId, record }, (ingredients, network) =>
      Effect.gen(function* () {
        const id = yield* launch(request, ingredients, network)
        return yield* pending(yield* containers.inspect(id), request, engineId)
      })
    )
  })

/**
 * Makes everything of an instance but starts nothing, because an older one has its port. What is started later is this.
 */
export const makeReady = (request: Request): Effect.Effect<void, StartingError, Needs> => {
  const { port } = request.settings
  return port === undefined
    ? Effect.void
    : Effect.gen(function* () {
        const circumstances = { engineId: yield* engineIdOf(request), record: yield* recordOf(request) }
        yield* made(request, circumstances, (ingredients, network) =>
          Effect.zipLeft(makeFor(port, request, ingredients), network)
        )
      })
}

// internal

/** Which engine is asked, and what was written down about an earlier attempt at the same. */
interface Circumstances {
  readonly engineId: string
  readonly record: Option.Option<ContainerRecord>
}

/** Gives a container what it is made of, and what to wait for before it is started: a network takes long to make. */
type Use<A, E, R> = (ingredients: Ingredients, network: Effect.Effect<void, NetworkError>) => Effect.Effect<A, E, R>

/** When making a container fails, nothing of the attempt is left. */
const made = <A, E, R>(request: Request, { engineId, record }: Circumstances, use: Use<A, E, R>) =>
  Effect.gen(function* () {
    const delivery = yield* deliveryOf(request)
    yield* checkReach(request)
    yield* delivery.check(request)
    yield* requireName(request)
    if (Option.isSome(record)) yield* end(request, {}, 0).pipe(Effect.catchTag("NetworkInUse", () => Effect.void))
    return yield* Effect.gen(function* () {
      yield* writeRecords(request, { engineId, fingerprint: fingerprint(request) })
      const network = yield* Effect.forkScoped(ensureNetwork(request))
      if (Option.isNone(record)) yield* discard(request)
      return yield* Effect.flatMap(gather(request, delivery, engineId), (all) => use(all, Fiber.join(network)))
    }).pipe(
      // The network is ended with before anything is taken back.
      Effect.scoped,
      Effect.onError(() => Effect.ignoreLogged(end(request, {}, 0)))
    )
  })

const gather = (request: Request, delivery: MountStrategy, engineId: string) =>
  Effect.gen(function* () {
    const site = yield* BackendContext
    const image = yield* imageOf(request)
    const files = yield* delivery.give(request, { engineId, image })
    return { deployer: site.deployer, identity: delivery.identity(site), image, files, network: networkOf(request) }
  })

/** Only what runs, or was made to be started, and is of the very same, secrets included. */
const leftOf = (request: Request, record: Circumstances["record"]) =>
  Effect.gen(function* () {
    if (!Option.exists(record, (known) => known.fingerprint === fingerprint(request))) return Option.none<Container>()
    const found = yield* findContainer(request)
    return Option.filter(
      found,
      ({ labels, state }) =>
        labels[Labels.keys.checksum] === publicFingerprint(request) &&
        (state.status === "running" || (state.status === "created" && state.error === undefined))
    )
  })

const requireName = (request: Request) =>
  Effect.flatMap(holderOfName(request), (holder) =>
    holder._tag === "foreign"
      ? new ResourceNotOwned({ name: request.name, resource: `a container named "${holder.container.name}"` })
      : Effect.void
  )

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
