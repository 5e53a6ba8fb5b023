/**
 * Starts an instance: its image, its files, its network, then its container.
 *
 * @since 0.1.0
 */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { ProvisionRequest } from "../../Deployer/Backend.js"
import { fingerprint, publicFingerprint } from "../../Deployer/Fingerprint.js"
import type { Ports } from "../../Deployer/Ports.js"
import { OperationalState } from "../../Deployment.js"
import { type DeploymentProvisionFailed, ResourceNotOwned } from "../../Errors/Lifecycle.js"
import { Home } from "../../Home.js"
import { type Container, DockerClient } from "../DockerClient.js"
import type { ImageBuilder } from "../ImageBuilder.js"
import * as Labels from "../Labels.js"
import * as Metadata from "../Metadata.js"
import type { DockerSettings } from "../Settings.js"
import { failed, type StartingError } from "./Failures.js"
import { recordOf, writeFiles } from "./Files.js"
import { findContainer, holderOfName } from "./Finding.js"
import { imageOf } from "./Images.js"
import { launch, makeFor, startMade } from "./Launching.js"
import { ensureNetwork } from "./Networks.js"
import { metadataOf } from "./Observing.js"
import { end } from "./Removing.js"
import { Site } from "./Site.js"
import { problemOfHome, problemOfSource } from "./Volumes.js"

type Request = ProvisionRequest<DockerSettings>

/**
 * What starting works with.
 *
 * @category models
 * @since 0.1.0
 */
export type Needs = Home | FileSystem.FileSystem | Ports | DockerClient | ImageBuilder | Site

/**
 * Starts an instance, or adopts the container an interrupted attempt at the same left behind. When it fails, nothing of
 * the attempt is left.
 *
 * @category starting
 * @since 0.1.0
 */
export const start = (request: Request): Effect.Effect<OperationalState, StartingError, Needs> =>
  Effect.gen(function* () {
    const { engine } = yield* DockerClient
    const { id: engineId } = yield* engine.info
    const left = yield* leftOf(request)
    if (Option.isSome(left)) {
      if (left.value.state.status === "created") yield* startMade(request, left.value.id)
      return yield* pending(left.value, request, engineId)
    }
    yield* checkPlace(request)
    yield* discardLeftovers(request)
    const image = yield* imageOf(request)
    return yield* Effect.onError(make(request, image, engineId), () => Effect.ignoreLogged(end(request, {}, 0)))
  })

/**
 * Makes everything of an instance but starts nothing, because an older one has its port. What is started later is this.
 *
 * @category starting
 * @since 0.1.0
 */
export const makeReady = (request: Request): Effect.Effect<void, StartingError, Needs> =>
  Effect.gen(function* () {
    const { port } = request.settings
    if (port === undefined) return
    const { engine } = yield* DockerClient
    const { id: engineId } = yield* engine.info
    yield* checkPlace(request)
    yield* discardLeftovers(request)
    yield* makeFor(port, request, yield* ingredients(request, yield* imageOf(request), engineId))
  })

// internal

type Image = Effect.Effect.Success<ReturnType<typeof imageOf>>

const ingredients = (request: Request, image: Image, engineId: string) =>
  Effect.gen(function* () {
    const { deployer, identity } = yield* Site
    const files = yield* writeFiles(request, { engineId, fingerprint: fingerprint(request) })
    return { deployer, identity, image, files, network: yield* ensureNetwork(request) }
  })

const make = (request: Request, image: Image, engineId: string) =>
  Effect.gen(function* () {
    const { containers } = yield* DockerClient
    const id = yield* launch(request, yield* ingredients(request, image, engineId))
    return yield* pending(yield* containers.inspect(id), request, engineId)
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

/** What cannot be known from the settings alone: where the engine is, and where links lead. */
const checkPlace = ({
  name,
  settings
}: Request): Effect.Effect<void, StartingError, DockerClient | Home | FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const { host } = yield* DockerClient
    const { remote, url } = yield* host
    if (remote) {
      return yield* failed(
        name,
        `the engine at ${url} is another machine, which does not see the folders of this one; run the deployer there, or use an engine of this machine`
      )
    }
    for (const volume of settings.volumes) {
      if (volume._tag === "bind") yield* checkSource(name, volume.source)
    }
  })

const checkSource = (
  name: string,
  source: string
): Effect.Effect<void, DeploymentProvisionFailed | PlatformError, Home | FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const { root } = yield* Home
    if (!(yield* fs.exists(source)))
      return yield* failed(name, `the volume ${source} is not on this machine; make it first`)
    const real = yield* fs.realPath(source)
    const problem = problemOfSource(real) ?? problemOfHome(real, root)
    if (problem !== undefined) yield* failed(name, `the volume ${source} leads to ${real}, and a volume ${problem}`)
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
