/**
 * Starts an instance: its image, its files, its network, then its container.
 *
 * @since 0.1.0
 */
import type { FileSystem } from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { ProvisionRequest } from "../../Deployer/Backend.js"
import { fingerprint, publicFingerprint } from "../../Deployer/Fingerprint.js"
import type { Ports } from "../../Deployer/Ports.js"
import { OperationalState } from "../../Deployment.js"
import { ResourceNotOwned } from "../../Errors/Lifecycle.js"
import type { Home } from "../../Home.js"
import { type Container, DockerClient } from "../DockerClient.js"
import type { ImageBuilder } from "../ImageBuilder.js"
import * as Labels from "../Labels.js"
import * as Metadata from "../Metadata.js"
import type { DockerSettings } from "../Settings.js"
import { deliveryOf } from "./Delivering.js"
import type { Delivery } from "./Delivery.js"
import type { StartingError } from "./Failures.js"
import { recordOf, writeRecords } from "./Files.js"
import { findContainer, holderOfName } from "./Finding.js"
import type { Ingredients } from "./Hardening.js"
import { imageOf } from "./Images.js"
import { launch, makeFor, startMade } from "./Launching.js"
import { ensureNetwork } from "./Networks.js"
import { metadataOf } from "./Observing.js"
import { checkReach } from "./Reach.js"
import { end } from "./Removing.js"
import { Site } from "./Site.js"

type Request = ProvisionRequest<DockerSettings>

/**
 * What starting works with.
 *
 * @category models
 * @since 0.1.0
 */
export type Needs = Home | FileSystem | Ports | DockerClient | ImageBuilder | Site

/**
 * Starts an instance, or adopts the container an interrupted attempt at the same left behind. When it fails, nothing of
 * the attempt is left.
 *
 * @category starting
 * @since 0.1.0
 */
export const start = (request: Request): Effect.Effect<OperationalState, StartingError, Needs> =>
  Effect.gen(function* () {
    const { containers } = yield* DockerClient
    const engineId = yield* currentEngine
    const left = yield* leftOf(request)
    if (Option.isSome(left)) {
      if (left.value.state.status === "created") yield* startMade(request, left.value.id)
      return yield* pending(left.value, request, engineId)
    }
    return yield* made(request, engineId, (ingredients) =>
      Effect.gen(function* () {
        const id = yield* launch(request, ingredients)
        return yield* pending(yield* containers.inspect(id), request, engineId)
      })
    )
  })

/**
 * Makes everything of an instance but starts nothing, because an older one has its port. What is started later is this.
 *
 * @category starting
 * @since 0.1.0
 */
export const makeReady = (request: Request): Effect.Effect<void, StartingError, Needs> => {
  const { port } = request.settings
  return port === undefined
    ? Effect.void
    : Effect.flatMap(currentEngine, (engineId) =>
        made(request, engineId, (ingredients) => Effect.asVoid(makeFor(port, request, ingredients)))
      )
}

// internal

const currentEngine = Effect.flatMap(DockerClient, ({ engine }) => Effect.map(engine.info, ({ id }) => id))

/** Gives a container what it is made of. When making it fails, nothing of the attempt is left. */
const made = <A, E, R>(request: Request, engineId: string, use: (ingredients: Ingredients) => Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const delivery = yield* deliveryOf(request)
    yield* checkReach(request)
    yield* delivery.check(request)
    yield* discardLeftovers(request)
    const image = yield* imageOf(request)
    return yield* Effect.onError(Effect.flatMap(gather(request, { delivery, engineId, image }), use), () =>
      Effect.ignoreLogged(end(request, {}, 0))
    )
  })

const gather = (
  request: Request,
  {
    delivery,
    engineId,
    image
  }: { readonly delivery: Delivery; readonly engineId: string; readonly image: Ingredients["image"] }
) =>
  Effect.gen(function* () {
    const site = yield* Site
    yield* writeRecords(request, { engineId, fingerprint: fingerprint(request) })
    const files = yield* delivery.give(request, { engineId, image })
    const network = yield* ensureNetwork(request)
    return { deployer: site.deployer, identity: delivery.identity(site), image, files, network }
  })

/** Only what runs, or was made to be started, and is of the very same, secrets included. */
const leftOf = (request: Request) =>
  Effect.gen(function* () {
    const record = yield* recordOf(request)
    if (!Option.exists(record, (known) => known.fingerprint === fingerprint(request))) return Option.none<Container>()
    const found = yield* findContainer(request)
    return Option.filter(
      found,
      ({ labels, state }) =>
        labels[Labels.keys.checksum] === publicFingerprint(request) &&
        (state.status === "running" || (state.status === "created" && state.error === undefined))
    )
  })

const discardLeftovers = (request: Request) =>
  Effect.gen(function* () {
    const holder = yield* holderOfName(request)
    if (holder._tag === "foreign") {
      return yield* new ResourceNotOwned({
        name: request.name,
        resource: `a container named "${holder.container.name}"`
      })
    }
    yield* end(request, {}, 0).pipe(Effect.catchTag("NetworkInUse", () => Effect.void))
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
